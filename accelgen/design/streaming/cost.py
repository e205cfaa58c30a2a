"""What FIFOs cost, by the rules of the tool and the device; nothing here was measured.

Vitis HLS builds a FIFO of shift registers where it has at most 1,024 bits or at most two places (UG1399,
config_storage: auto_srl_max_bits, auto_srl_max_depth), which a project leaves as they are, else of memory,
counted here as block RAM. The logic that counts places is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from accelgen.design.streaming.dataflow import Channel, Dataflow
from accelgen.design.streaming.depths import INFERENCES, automatic_depths, least_depths
from accelgen.design.streaming.simulate import Run, simulate

SHIFT_REGISTER_BITS = 1024
SHIFT_REGISTER_PLACES = 2
"""Larger FIFOs of more places are memories."""

BLOCK_SHAPES = ((512, 36), (1024, 18), (2048, 9), (4096, 4), (8192, 2), (16384, 1))
"""Words and bits of an 18 Kb block with a port to write and one to read (UltraScale, UG573)."""

LUT_BITS = 64
LUTS_PER_BLOCK = 18 * 1024 // LUT_BITS
"""LUTs that hold as many bits as a block, to weigh the two against each other."""


@dataclass(frozen=True)
class FifoCost:
    """LUTs of shift registers, and 18 Kb blocks."""

    lut: int = 0
    bram_18k: int = 0

    @property
    def weight(self) -> int:
        """One figure for both."""
        return self.lut + LUTS_PER_BLOCK * self.bram_18k

    def __add__(self, other: FifoCost) -> FifoCost:
        return FifoCost(self.lut + other.lut, self.bram_18k + other.bram_18k)


def fifo_cost(depth: int, bits: int) -> FifoCost:
    """The cost of a FIFO of so many places of so many bits.

    A LUT is a shift register of 32 places of one bit, or of 16 places of two (UG574).
    """
    if depth <= SHIFT_REGISTER_PLACES or depth * bits <= SHIFT_REGISTER_BITS:
        return FifoCost(lut=-(-bits // 2) if depth <= 16 else bits * -(-depth // 32))
    return FifoCost(bram_18k=min(-(-depth // words) * -(-bits // width) for words, width in BLOCK_SHAPES))


def total_cost(dataflow: Dataflow, depths: Mapping[str, int]) -> FifoCost:
    """The cost of all FIFOs."""
    return sum((fifo_cost(depths[fifo.name], fifo.bits) for fifo in dataflow.fifos), FifoCost())


@dataclass(frozen=True, eq=False)
class TradeOff:
    """FIFOs of some depths: their cost, and how fast a design with them is in simulation."""

    depths: Mapping[str, int]
    cost: FifoCost
    latency: int
    interval: int


def trade_offs(
    dataflow: Dataflow,
    most: int = 16,
    *,
    together: Iterable[Sequence[str]] | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[TradeOff, ...]:
    """Depths from the automatic ones on to cheaper ones that slow the design down, none of which stops it.

    Each step gives one FIFO the next smaller depth that costs less, in the order of time lost for what it
    saves. Points than which a cheaper one is as fast are left out.

    Args:
        dataflow: the design.
        most: points to look for.
        together: FIFOs that have one depth if they have another than the automatic one; without, each has
            its own. Those that no group names keep theirs.
        stop: whether to be content with the points so far, asked before each step.
    """
    named = {fifo.name: fifo for fifo in dataflow.fifos}
    groups = [
        [named[name] for name in own]
        for own in (([name] for name in named) if together is None else together)
    ]
    floor = least_depths(dataflow)
    depths = automatic_depths(dataflow)
    points = [_point(dataflow, depths, simulate(dataflow, depths, INFERENCES))]
    while len(points) < most and not stop():
        steps = [step for group in groups for step in _cheaper(group, depths, floor)]
        if not steps:
            break
        tried = [_point(dataflow, step, simulate(dataflow, step, INFERENCES)) for step in steps]
        points.append(min(tried, key=lambda point: _loss(points[-1], point)))
        depths = dict(points[-1].depths)
    return tuple(_front(points))


def _point(dataflow: Dataflow, depths: Mapping[str, int], run: Run) -> TradeOff:
    return TradeOff(dict(depths), total_cost(dataflow, depths), run.latency, run.interval)


def _cheaper(
    group: Sequence[Channel], depths: Mapping[str, int], floor: Mapping[str, int]
) -> Iterator[dict[str, int]]:
    """Depths in which the FIFOs of a group have a smaller one, just enough to cost less."""

    def weight(depth: int) -> int:
        return sum(fifo_cost(depth, fifo.bits).weight for fifo in group)

    high = max(depths[fifo.name] for fifo in group)
    lowest = max(floor[fifo.name] for fifo in group)
    cost = sum(fifo_cost(depths[fifo.name], fifo.bits).weight for fifo in group)
    if high <= lowest or weight(lowest) >= cost:
        return
    while high - lowest > 1:  # bisection: the cost does not fall with the depth
        middle = (high + lowest) // 2
        lowest, high = (middle, high) if weight(middle) < cost else (lowest, middle)
    yield {**depths, **{fifo.name: lowest for fifo in group}}


def _loss(before: TradeOff, after: TradeOff) -> float:
    """Cycles lost, of the interval and of the latency, for what is saved."""
    lost = after.interval - before.interval + after.latency - before.latency
    return lost / (before.cost.weight - after.cost.weight)


def _front(points: Iterable[TradeOff]) -> Iterator[TradeOff]:
    """Points that get cheaper and cheaper, without those than which a later one is as fast."""
    kept: list[TradeOff] = []
    for point in points:
        while kept and point.interval <= kept[-1].interval and point.latency <= kept[-1].latency:
            kept.pop()
        kept.append(point)
    yield from kept
