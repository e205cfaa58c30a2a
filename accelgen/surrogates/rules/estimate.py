"""From layers to designs: which rules serve which layer, and what holds for the whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers, from_records
from accelgen.surrogates.record import MATRICES, TARGETS, DesignRecord, LayerKind
from accelgen.surrogates.rules import adders, elementwise, packed, recurrent, resource, stream, unrolled
from accelgen.surrogates.rules.domain import DEFAULT_DOMAIN, Domain
from accelgen.surrogates.rules.prices import Prices, load_prices, total_cost
from accelgen.surrogates.rules.stream import CONSTANT

Rule = Callable[[Layers, Domain], Numbers]
Parts = Callable[[Layers, Domain], Mapping[str, Numbers]]

DESIGN = "design"
"""The name under which prices hold what a design costs besides its layers."""


@dataclass(frozen=True)
class Kernel:
    """The rules for the layers that ``serves`` marks."""

    name: str
    serves: Callable[[Layers], Flags]
    latency: Rule
    latency_max: Rule
    interval: Rule
    dsp: Rule
    bram_18k: Rule
    lut_parts: Parts
    ff_parts: Parts
    paces: Callable[[Layers], tuple[Numbers, Numbers]] | None = None
    """Cycles of a step that only reads, and of one that computes a position too; None for io_parallel."""
    counted: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Prices by target where nothing was measured: gate counts."""
    constants_as: str = ""
    """The kernel that prices parts named ``constant_...`` in domains in which this one was not measured."""

    def parts(self, layers: Layers, domain: Domain, target: str) -> Mapping[str, Numbers]:
        """What LUTs ("lut") or FFs ("ff") are spent on."""
        return (self.lut_parts if target == "lut" else self.ff_parts)(layers, domain)

    def cost(self, layers: Layers, domain: Domain, target: str, prices: Prices) -> Numbers:
        """LUTs or FFs of layers."""
        known = prices.of(self.name, domain, target) or self.counted.get(target, {})
        if self.constants_as and not prices.measured(self.name, domain):
            known = {name: price for name, price in known.items() if not name.startswith(CONSTANT)}
            others = prices.of(self.constants_as, domain, target)
            known |= {f"{CONSTANT}{name}": price for name, price in others.items()}
        return total_cost(known, self.parts(layers, domain, target), layers.n_in.size)


KERNELS = (
    Kernel(
        "dense_resource",
        lambda layers: layers.is_kind(*MATRICES) & ~_streams(layers) & ~layers.constant,
        resource.latency,
        resource.latency_max,
        resource.interval,
        resource.dsp,
        resource.bram_18k,
        resource.parts,
        resource.parts,
    ),
    Kernel(
        "unrolled",
        lambda layers: _unrolled(layers) & ~adders.are_known(layers),
        unrolled.latency,
        unrolled.latency,
        unrolled.interval,
        unrolled.dsp,
        unrolled.bram_18k,
        unrolled.lut_parts,
        unrolled.ff_parts,
    ),
    Kernel(
        "adders",
        lambda layers: _unrolled(layers) & adders.are_known(layers),
        adders.latency,
        adders.latency,
        adders.interval,
        adders.none,
        adders.none,
        adders.parts,
        adders.parts,
        counted=adders.PRICES,
    ),
    Kernel(
        "stream",
        lambda layers: layers.is_kind(*MATRICES) & _streams(layers),
        stream.latency,
        stream.latency_max,
        stream.latency_max,
        stream.dsp,
        stream.bram_18k,
        stream.lut_parts,
        stream.ff_parts,
        stream.paces,
        constants_as="unrolled",
    ),
    Kernel(
        "recurrent",
        recurrent.is_recurrent,
        recurrent.latency,
        recurrent.latency_max,
        recurrent.latency_max,
        recurrent.dsp,
        recurrent.bram_18k,
        recurrent.parts,
        recurrent.parts,
        recurrent.paces,
    ),
    Kernel(
        "packed",
        lambda layers: layers.is_kind(LayerKind.PACKED),
        packed.latency,
        packed.latency,
        packed.interval,
        packed.dsp,
        packed.bram_18k,
        packed.parts,
        packed.parts,
        packed.paces,
        counted=packed.PRICES,
    ),
    Kernel(
        "elementwise",
        lambda layers: ~layers.is_kind(*MATRICES, LayerKind.PACKED) & ~recurrent.is_recurrent(layers),
        elementwise.latency,
        elementwise.latency,
        elementwise.interval,
        elementwise.dsp,
        elementwise.bram_18k,
        elementwise.parts,
        elementwise.parts,
        elementwise.paces,
    ),
)


def _unrolled(layers: Layers) -> Flags:
    return layers.is_kind(*MATRICES) & ~_streams(layers) & layers.constant


def _streams(layers: Layers) -> Flags:
    return layers.stream[layers.design]


@dataclass(frozen=True, eq=False)
class Estimate:
    """Figures by target (`accelgen.surrogates.record.TARGETS`): of designs (d,), and of layers (n,)."""

    designs: Mapping[str, Numbers]
    layers: Mapping[str, Numbers]


def estimate(layers: Layers, domain: Domain = DEFAULT_DOMAIN, prices: Prices | None = None) -> Estimate:
    """What the rules say of designs.

    Cycles add up along the longest way through a design. ``clock_ns`` is the period that the tool will say it
    needs.
    """
    prices = load_prices() if prices is None else prices
    found = {name: np.zeros(layers.n_in.shape) for name in _LAYER_TARGETS}
    for kernel in KERNELS:
        rows = kernel.serves(layers)
        if not rows.any():
            continue
        own, among = (layers if rows.all() else layers.select(rows)).distinct()
        found["latency_cycles"][rows] = kernel.latency(own, domain)[among]
        found["latency_max_cycles"][rows] = kernel.latency_max(own, domain)[among]
        found["interval_cycles"][rows] = kernel.interval(own, domain)[among]
        found["dsp"][rows] = kernel.dsp(own, domain)[among]
        found["bram_18k"][rows] = kernel.bram_18k(own, domain)[among]
        for target in ("lut", "ff"):
            found[target][rows] = kernel.cost(own, domain, target, prices)[among]
    found["lut"] += layers.fifo_lut
    found["bram_18k"] += layers.fifo_18k
    totals = {name: layers.total(found[name]) for name in ("lut", "ff", "dsp", "bram_18k")}
    for target in ("lut", "ff"):
        parts = design_parts(layers, target)
        totals[target] += total_cost(prices.of(DESIGN, domain, target), parts, layers.n_designs)
    totals["uram"] = np.zeros(layers.n_designs)
    for target in ("latency_cycles", "latency_max_cycles"):
        totals[target] = _total_cycles(layers, found[target])
    totals["interval_cycles"] = layers.largest(found["interval_cycles"])
    totals["clock_ns"] = layers.largest(_clock_ns(layers))
    return Estimate(totals, found)


def unproven_18k(layers: Layers, domain: Domain) -> Numbers:
    """18 Kb blocks of layers, (n,), that logic synthesis may not take (`resource.unproven_18k`)."""
    rows = layers.spread & KERNELS[0].serves(layers)
    found = np.zeros(rows.shape)
    if domain.logic and rows.any():
        found[rows] = resource.unproven_18k(layers if rows.all() else layers.select(rows), domain)
    return found


def estimate_record(
    design: DesignRecord, domain: Domain = DEFAULT_DOMAIN, prices: Prices | None = None
) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """What the rules say of one design: figures of the whole, and of each layer by its name."""
    found = estimate(from_records([design]), domain, prices)
    whole = {target: float(values[0]) for target, values in found.designs.items()}
    single = {
        layer.name: {target: float(values[row]) for target, values in found.layers.items()}
        for row, layer in enumerate(design.layers)
    }
    return whole, single


_LAYER_TARGETS = tuple(target for target in TARGETS if target not in ("uram", "clock_ns"))


def design_parts(layers: Layers, target: str) -> Mapping[str, Numbers]:
    """What a design costs besides its layers: LUTs for itself, FFs between layers that have constants."""
    if target == "lut":
        return {DESIGN: np.ones(layers.n_designs)}
    return {name: layers.total(bits) for name, bits in handed_parts(layers).items()}


def handed_parts(layers: Layers) -> Mapping[str, Numbers]:
    """What each layer, (n,), adds to the FFs that a design has besides its layers."""
    return {"handed_bits": layers.n_out * layers.result_bits * ~_streams(layers) * ~layers.looped}


def _rolling(layers: Layers) -> Flags:
    rolling: Flags = layers.is_kind(*MATRICES) & layers.constant & ~layers.looped
    rolling &= layers.reuse_factor == 1
    return rolling


def _total_cycles(layers: Layers, cycles: Numbers) -> Numbers:
    """Cycles of a design: the longest way through it.

    A stream's layers run at the same time: the longest, and of the others what comes after their input.
    """
    waited = cycles + cycles_between(layers, cycles)
    found = _longest_way(layers, waited) - 1
    if layers.stream.any():
        after = cycles_after_input(layers, cycles)
        found = np.where(layers.stream, layers.largest(cycles - after) + layers.total(after), found)
    return np.maximum(found, 0)


def cycles_after_input(layers: Layers, cycles: Numbers) -> Numbers:
    """Of the cycles of layers (n,) of streams, those from when the last of their input is there.

    One position's share where nothing is known of a layer's loop.
    """
    after = cycles / np.maximum(layers.positions, 1)
    known = layers.steps > 0
    if known.any():
        reading, computing = step_cycles(layers)
        computed = np.maximum(layers.positions - layers.behind, 0)
        before = computed * computing + np.maximum(layers.steps - layers.positions, 0) * reading
        after = np.where(known, np.clip(cycles - before, 0, cycles), after)
    return after


def step_cycles(layers: Layers) -> tuple[Numbers, Numbers]:
    """Cycles of a step of layers' loops (n,) in io_stream that only reads, and of one that computes too."""
    reading, computing = np.ones(layers.n_in.shape), np.ones(layers.n_in.shape)
    for kernel in KERNELS:
        if kernel.paces is None or not (rows := kernel.serves(layers)).any():
            continue
        reading[rows], computing[rows] = kernel.paces(layers if rows.all() else layers.select(rows))
    return reading, computing


def cycles_between(layers: Layers, cycles: Numbers) -> Numbers:
    """Cycles from each layer (n,), which takes some itself, to the next in io_parallel: one, and a second one
    after constants that take a result every cycle.
    """
    wired = layers.is_kind(LayerKind.MOVE)
    between: Numbers = np.where(wired, 0, 1 + (_rolling(layers) & (cycles >= 2) & ~layers.last))
    return between


def _longest_way(layers: Layers, cycles: Numbers) -> Numbers:
    source, target = layers.edges
    if np.bincount(target, minlength=1).max() <= 1 and np.bincount(source, minlength=1).max() <= 1:
        return layers.total(cycles)
    start = np.zeros(cycles.shape)
    while True:
        before = start.copy()
        np.maximum.at(start, target, (start + cycles)[source])
        if np.array_equal(before, start):
            return layers.largest(start + cycles)


def _clock_ns(layers: Layers) -> Numbers:
    """The period that the tool says a layer needs: shares of what it schedules for, means of the data.

    A product built of LUTs takes 5.28 ns on a Zynq-7000, and the products of a softmax 7.95 ns, whatever
    period was asked for.
    """
    matrices = layers.is_kind(*MATRICES)
    share = np.where(matrices, np.where(layers.constant, 0.99, 0.89), 0.5)
    slow = (~layers.dsp & ~layers.fast)[layers.design]
    built = np.where(layers.is_kind(LayerKind.SOFTMAX), 7.947, 5.282 * (matrices & layers.constant))
    needed: Numbers = np.maximum(layers.clock_ns[layers.design] * share, built * slow)
    return needed
