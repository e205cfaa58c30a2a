"""Designs in io_stream with less deep FIFOs than automatic ones: cheaper, and slower by simulation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from math import inf
from time import monotonic
from typing import TypeAlias, TypeVar

import numpy as np

from accelgen.design import Design, IoType
from accelgen.design.streaming import Dataflow, automatic_depths
from accelgen.design.streaming.cost import TradeOff, total_cost, trade_offs
from accelgen.design.streaming.depths import INFERENCES
from accelgen.design.streaming.schedule import earliest
from accelgen.estimation import Estimate, Figure, estimate_design
from accelgen.exploration.front import thin
from accelgen.exploration.fronts import fronts
from accelgen.exploration.goals import Goals
from accelgen.exploration.target import Target
from accelgen.workers import Journal, Workers

TRADED = 25
"""Designs of a front whose depths are traded, and of those beyond limits as many again, at most."""

POINTS = 8
"""Trade-offs that are looked for in each, the automatic depths among them."""

Streams: TypeAlias = Callable[[Design], tuple[Dataflow, Mapping[str, Sequence[str]]]]
"""A design's processes and FIFOs, and by layer those that its ``fifo_depth`` is the depth of."""


@dataclass(frozen=True, eq=False)
class Built:
    """A design of a target, and what is expected of it as a whole."""

    target: Target
    design: Design
    estimate: Estimate


@dataclass(frozen=True, eq=False)
class Traded:
    """Designs that keep the limits, those with traded depths among them, and what there is to say of them."""

    designs: tuple[Built, ...]
    notes: tuple[str, ...]

    @property
    def shallow(self) -> tuple[Built, ...]:
        """Those with traded depths."""
        return tuple(own for own in self.designs if depths_given(own.design))


def trade(
    front: Sequence[Built], beyond: Sequence[Built], goals: Goals, streams: Streams, time_limit_s: float = inf
) -> Traded:
    """Designs of a front and `beyond_limits`, and what less deep FIFOs make of them.

    FIFOs of all of them are counted with the depths of a build, which depend on all choices of a design,
    while estimates take depths that all designs share. `TRADED` of both are looked at, spread evenly, until
    ``time_limit_s`` is over.
    """
    until = monotonic() + time_limit_s
    front, beyond = _different(front), _different(beyond)
    bases = [own for designs in (front, beyond) for own in _spread(list(filter(_is_stream, designs)), TRADED)]
    if not bases:
        return Traded(tuple(front), ("no FIFO depths to trade: no design of the front is in io_stream",))
    found: list[Built] = []
    looked_at: list[Built] = []
    tried = 0
    for base in bases:
        if looked_at and monotonic() > until:
            break
        looked_at.append(base)
        automatic, *shallower = _with_own_fifos(base, streams, lambda: monotonic() > until)
        tried += len(shallower)
        found += (own for own in (automatic, *shallower) if not own.target.broken(own.estimate, goals))
    left = [own for own in front if own not in looked_at]
    notes = [
        f"FIFOs of {len(looked_at)} of {len(front) + len(beyond)} designs are counted as they are built",
        f"{tried} choices of less deep FIFOs were tried; exact is only the search with automatic depths",
    ]
    if not (found or left):
        notes.append("no design keeps the limits with FIFOs as they are built; this one does by its estimate")
    if monotonic() > until:
        notes.append(f"trading FIFO depths ended after {time_limit_s:g} s (--time-limit)")
    return Traded((*found, *left), tuple(notes))


def beyond_limits(
    base: Built,
    goals: Goals,
    workers: Workers | None = None,
    journal: Journal | None = None,
    time_limit_s: float = inf,
) -> list[Built]:
    """Designs of a target that break limits on LUTs or block RAM by no more than what FIFOs take.

    Args:
        base: a design of the target, for what its FIFOs take.
        goals: the limits.
        workers: where they are searched, as fronts are.
        journal: where that is noted.
        time_limit_s: that the search may take.
    """
    if not _is_stream(base):
        return []
    asked = base.target.problem(goals)
    limits = dict(asked.limits)
    for figure, amount in _fifos_take(base.estimate).items():
        if (name := goals.table_name(figure)) in limits:
            limits[name] += amount * goals.counted(figure, base.estimate.total[figure])
    if limits == asked.limits:
        return []
    problem = replace(asked, limits=limits)
    (front,) = fronts([problem], goals.figures, workers=workers, journal=journal, time_limit_s=time_limit_s)
    if not front.points:
        return []
    figures = asked.evaluate(np.array([point.positions for point in front.points]))
    broken = np.any([figures[name] > most * (1 + 1e-9) for name, most in asked.limits.items()], axis=0)
    points = list(compress(front.points, broken))
    designs = (base.target.estimate(point) for point in thin(points, goals.figures, TRADED))
    return [Built(base.target, *own) for own in designs]


def depths_given(design: Design) -> bool:
    """Whether a design says how deep FIFOs are."""
    return any(choice.fifo_depth for choice in (design.default, *design.layers.values()))


def _fifos_take(estimate: Estimate) -> dict[str, float]:
    """The share of LUTs and block RAM that FIFOs take."""
    layers = estimate.record.layers
    taken = {
        "lut": sum(layer.fifo_lut for layer in layers),
        "bram_18k": sum(layer.fifo_18k for layer in layers),
    }
    return {name: min(amount / max(estimate.total[name].value, 1.0), 1.0) for name, amount in taken.items()}


def _with_own_fifos(base: Built, streams: Streams, stop: Callable[[], bool]) -> Iterator[Built]:
    """A design whose FIFOs are counted as they are built, then the same with less deep ones."""
    dataflow, of_layers = streams(base.design)
    automatic = automatic_depths(dataflow)
    first, *_, last, latest = earliest(dataflow, INFERENCES).finished.tolist()
    fastest = TradeOff(automatic, total_cost(dataflow, automatic), first, latest - last)
    yield replace(base, estimate=_counted(base.estimate, fastest, fastest))
    for point in trade_offs(dataflow, POINTS, together=of_layers.values(), stop=stop):
        depths = {
            layer: point.depths[fifos[0]]
            for layer, fifos in of_layers.items()
            if any(point.depths[name] != automatic[name] for name in fifos)
        }
        if depths:
            layers = {name: replace(base.design.layer(name), fifo_depth=n) for name, n in depths.items()}
            design = replace(base.design, layers={**base.design.layers, **layers})
            estimate = estimate_design(base.target.network, design, base.target.domain)
            yield Built(base.target, design, _counted(estimate, point, fastest))


def _counted(estimate: Estimate, point: TradeOff, fastest: TradeOff) -> Estimate:
    """The estimate with what FIFOs cost by their own depths, and the cycles that they lose in simulation."""
    latency, interval = point.latency - fastest.latency, point.interval - fastest.interval
    more = {
        "latency_cycles": latency,
        "latency_max_cycles": latency,
        "interval_cycles": interval,
        "lut": point.cost.lut - sum(layer.fifo_lut for layer in estimate.record.layers),
        "bram_18k": point.cost.bram_18k - sum(layer.fifo_18k for layer in estimate.record.layers),
    }
    total = {
        name: Figure(*(max(end + more.get(name, 0), 0.0) for end in (own.value, own.low, own.high)))
        for name, own in estimate.total.items()
    }
    note = (
        f"totals count FIFOs as they are built: {point.cost.lut:,} LUT, {point.cost.bram_18k:,} BRAM 18K; "
        "cycles are as estimated"
    )
    if latency or interval:
        note += f", and what FIFOs lose in simulation: {latency:,} of latency, {interval:,} of interval"
    return replace(estimate, total=total, notes=(*estimate.notes, note))


def _is_stream(own: Built) -> bool:
    return own.design.io_type is IoType.STREAM


def _different(designs: Sequence[Built]) -> list[Built]:
    """The same without those that are there already."""
    kept: list[Built] = []
    for own in designs:
        if all(own.design != other.design for other in kept):
            kept.append(own)
    return kept


_Entry = TypeVar("_Entry")


def _spread(entries: Sequence[_Entry], most: int) -> list[_Entry]:
    """At most so many, the first and the last among them."""
    if len(entries) <= most:
        return list(entries)
    return [entries[round(place)] for place in np.linspace(0, len(entries) - 1, most)]
