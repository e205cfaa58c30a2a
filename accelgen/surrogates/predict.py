"""Estimates as users get them: rules, what was learned of their errors, intervals, and how far to trust them.

Imports NumPy only, so that one answer takes no longer than it must.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np

from accelgen.resources import data_dir
from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.graph.network import GraphNetwork
from accelgen.surrogates.graph.serve import corrected_by_graph, with_graph
from accelgen.surrogates.graph.storage import FILE as GRAPH
from accelgen.surrogates.graph.storage import load as load_graph
from accelgen.surrogates.learn import model
from accelgen.surrogates.learn.apply import (
    Figures,
    Known,
    corrected,
    intervals,
    known_layers,
    layer_widths,
    lowered,
    probability,
)
from accelgen.surrogates.learn.intervals import CONFIDENCE
from accelgen.surrogates.learn.model import Learned
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain, Estimate, Prices, estimate, load_prices
from accelgen.surrogates.rules import prices as rules
from accelgen.surrogates.rules.estimate import (
    DESIGN,
    cycles_after_input,
    cycles_between,
    handed_parts,
    unproven_18k,
)
from accelgen.surrogates.rules.prices import total_cost
from accelgen.surrogates.update.corrections import (
    Applied,
    Corrections,
    correct,
    with_own_widths,
    without_reasons,
)
from accelgen.surrogates.update.folder import read_corrections

__all__ = [
    "CONFIDENCE",
    "Contributions",
    "Figures",
    "Prediction",
    "Surrogates",
    "contributions",
    "load_surrogates",
    "predict",
    "read_surrogates",
]


@dataclass(frozen=True, eq=False)
class Prediction:
    """What is expected of d designs with n layers in all.

    Attributes:
        designs: figures of whole designs by target (`accelgen.surrogates.record.TARGETS`).
        layers: figures of layers by target, (n,); resources add up to the design's but for what it has as a
            whole.
        success: probability that the tool finishes, (d,); NaN where nothing was learned of it.
        outside: why a design is outside the training data, each reason with the designs (d,) it holds for.
        unproven_18k: 18 Kb blocks of designs, (d,), without which intervals begin, as no data show them.
    """

    designs: Mapping[str, Figures]
    layers: Mapping[str, Numbers]
    success: Numbers
    outside: Mapping[str, Flags]
    unproven_18k: Numbers

    @property
    def in_domain(self) -> Flags:
        """Which designs are like those of the training data, (d,)."""
        inside = np.ones(self.success.shape, bool)
        for designs in self.outside.values():
            inside &= ~designs
        return inside

    def reasons(self, design: int) -> list[str]:
        """Why one design is outside the training data; empty where it is not."""
        return [reason for reason, designs in self.outside.items() if designs[design]]


@dataclass(frozen=True, eq=False)
class Surrogates:
    """The trained parts, read from ``surrogates/``.

    ``learned`` says what the graph network serves; where it serves nothing, there need not be one.
    ``corrections`` are the user's own.
    """

    prices: Prices
    learned: Learned = field(default_factory=Learned)
    graph: GraphNetwork | None = None
    corrections: Corrections = field(default_factory=Corrections)

    @property
    def domains(self) -> list[Domain]:
        """The tools of which measurements are known."""
        priced = (name for domains in self.prices.table.values() for name in domains)
        names = dict.fromkeys([*self.learned.parts, *priced, *self.corrections.parts])
        return [Domain.parse(name) for name in names]


@cache
def load_surrogates() -> Surrogates:
    """The trained parts that come with accelgen, with what the user's own results say of them.

    Raises:
        ModelError: a file is damaged or was changed.
    """
    folder = data_dir("surrogates")
    return replace(read_surrogates(folder), corrections=read_corrections(folder))


def read_surrogates(folder: Path) -> Surrogates:
    """The trained parts in a folder, the graph network only where there is one.

    Raises:
        ModelError: a file is not there, is damaged, or was changed.
    """
    prices, learned = load_prices(folder / rules.FILE), model.load(folder / model.FILE)
    if not (folder / GRAPH).exists():
        return Surrogates(prices, learned)
    network = load_graph(folder / GRAPH)
    return Surrogates(prices, with_graph(learned, network), network)


def predict(
    layers: Layers, domain: Domain = DEFAULT_DOMAIN, surrogates: Surrogates | None = None
) -> Prediction:
    """Estimate designs, as measured by the tool that ``domain`` names.

    ``surrogates`` are those that come with accelgen unless given.

    Raises:
        ModelError: a file of the trained parts is damaged or was changed.
    """
    trained = load_surrogates() if surrogates is None else surrogates
    _, known, designs, single, applied = _served(layers, domain, trained)
    widths = with_own_widths(layer_widths(layers, designs, known, trained.learned), applied)
    figures = intervals(layers, designs, single, known, widths)
    unproven = layers.total(unproven_18k(layers, domain))
    figures["bram_18k"] = lowered(figures["bram_18k"], unproven)
    return Prediction(
        designs=figures,
        layers=single,
        success=probability(layers, trained.corrections.success or trained.learned.success),
        outside=without_reasons(known.outside, layers, applied),
        unproven_18k=unproven,
    )


@dataclass(frozen=True, eq=False)
class Contributions:
    """What n layers contribute to the figures of designs that they are part of.

    Resources of a design are the sums of ``resources`` and ``handed`` and its ``constants``, and its interval
    is the largest of ``interval``. Its longest latency is what `accelgen.surrogates.rules.estimate` makes of
    ``cycles``, ``between`` and ``after``, and the sum of ``learned_cycles``. All of that is exact but for FFs
    that the graph network serves, which looks at designs as a whole.

    Attributes:
        resources: by target, (n,).
        handed: what a design takes besides to hand results on, by target, (n,).
        constants: what a design takes besides its layers, by target.
        interval: cycles between inferences, (n,).
        cycles: most cycles of a call by the rules, (n,).
        between: cycles from there to the next layer in io_parallel, (n,).
        after: those of ``cycles`` from when the last of its input is there, in io_stream, (n,).
        learned_cycles: what was learned to add to the cycles, (n,).
        widths: of intervals on a log scale, by target, (n,).
    """

    resources: Mapping[str, Numbers]
    handed: Mapping[str, Numbers]
    constants: Mapping[str, float]
    interval: Numbers
    cycles: Numbers
    between: Numbers
    after: Numbers
    learned_cycles: Numbers
    widths: Mapping[str, Numbers]


def contributions(layers: Layers, domain: Domain = DEFAULT_DOMAIN) -> Contributions:
    """What layers contribute to designs, in which the others may be chosen otherwise than in these.

    Raises:
        ModelError: a file of the trained parts is damaged or was changed.
    """
    trained = load_surrogates()
    ruled, known, designs, single, applied = _served(layers, domain, trained)
    nothing = np.zeros(layers.n_in.shape)
    resources = {target: single.get(target, nothing) for target in ("lut", "ff", "dsp", "bram_18k", "uram")}
    prices = {target: trained.prices.of(DESIGN, domain, target) for target in ("lut", "ff")}
    cycles = ruled.layers["latency_max_cycles"]
    return Contributions(
        resources=resources,
        handed={"ff": total_cost(prices["ff"], handed_parts(layers), layers.n_in.size)},
        constants={"lut": prices["lut"].get(DESIGN, 0.0)},
        interval=single["interval_cycles"],
        cycles=cycles,
        between=cycles_between(layers, cycles),
        after=cycles_after_input(layers, cycles),
        learned_cycles=single["latency_max_cycles"] - cycles,
        widths=with_own_widths(layer_widths(layers, designs, known, trained.learned), applied),
    )


def _served(
    layers: Layers, domain: Domain, trained: Surrogates
) -> tuple[Estimate, Known, dict[str, Numbers], dict[str, Numbers], Applied]:
    """What rules say, which layers are known, what is served of designs (d,) and layers (n,), and which of
    the user's own corrections were applied.
    """
    ruled = estimate(layers, domain, trained.prices)
    known = known_layers(layers, domain, trained.learned)
    designs, single = corrected(layers, ruled, known)
    if trained.graph is not None:
        corrected_by_graph(layers, ruled, domain, known, trained.graph, designs, single)
    applied = trained.corrections.of(layers, domain)
    correct(layers, applied, designs, single)
    return ruled, known, designs, single, applied
