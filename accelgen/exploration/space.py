"""From a network to a search problem: what each layer can be built as, and what every choice contributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import TypeAlias

import numpy as np

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.alternatives import alternatives
from accelgen.errors import DesignError
from accelgen.estimation import RESOURCES
from accelgen.exploration.problem import Composition, LayerOptions, Numbers, Problem
from accelgen.ir import Network
from accelgen.surrogates.describe import describe, with_factors
from accelgen.surrogates.features import from_records
from accelgen.surrogates.predict import Contributions, contributions
from accelgen.surrogates.record import DesignRecord, LayerRecord
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain

LATENCY = "latency_max_cycles"
"""The longest that one inference takes: what a limit is kept by, and what a faster design has less of."""
INTERVAL = "interval_cycles"
FIGURES = (LATENCY, INTERVAL, *RESOURCES)
"""The figures of a problem; each has a second one with `HIGH` behind its name."""

HIGH = "_high"
"""What names of figures end with that are the upper ends of intervals."""

Columns: TypeAlias = dict[str, Numbers]


@dataclass(frozen=True, eq=False)
class Space:
    """The designs of one network that a search chooses from.

    Attributes:
        design: what all of them share: part, clock, io type, numbers.
        layers: what each layer that is built can be; the choice of one that has none is None.
        figures: how figures follow from choices, those of `FIGURES` and the upper ends of their intervals.
        edges: as in `Problem`.
    """

    design: Design
    layers: tuple[LayerOptions, ...]
    figures: Mapping[str, Composition]
    edges: tuple[tuple[int, int], ...]

    def problem(self, objective: Mapping[str, float], limits: Mapping[str, float]) -> Problem:
        """The search for the design of least ``objective`` within limits; both name `figures`."""
        return Problem(self.layers, self.figures, objective, limits, self.edges)

    @property
    def combinations(self) -> int:
        """The number of designs."""
        return self.problem({}, {}).combinations

    def designed(self, positions: Sequence[int]) -> Design:
        """The design that has the options at these positions, legal and complete."""
        chosen = {
            layer.name: choice
            for layer, position in zip(self.layers, positions, strict=True)
            if isinstance(choice := layer.choices[position], LayerDesign)
        }
        return _chosen(self.design, chosen)


def design_space(
    network: Network,
    design: Design,
    *,
    allowed: Mapping[str, Sequence[LayerDesign]] | None = None,
    domain: Domain = DEFAULT_DOMAIN,
) -> Space:
    """Every design for an exact, typed network that shares part, clock, io type and numbers with ``design``.

    Args:
        network: the network.
        design: of its choices for layers, only row sharing, depth and memory of weights count.
        allowed: what single layers may be instead of everything that they can be.
        domain: whose measurements are estimated.

    Raises:
        DesignError: ``allowed`` leaves a layer without an option or names one that does not multiply.
        PrecisionError: the network has no types yet.
    """
    options = _options(network, design, allowed or {})
    table = _Table(network, design, options, domain)
    layers = tuple(
        LayerOptions(name, options.get(name, (None,)), table.columns(name)) for name in table.layers
    )
    return Space(design, layers, table.figures(), table.edges())


def _options(
    network: Network, design: Design, allowed: Mapping[str, Sequence[LayerDesign]]
) -> dict[str, tuple[LayerDesign, ...]]:
    found = {node.name: alternatives(node, network, design) for node in network if node.name not in allowed}
    found = {name: options for name, options in found.items() if options}
    for name, given in allowed.items():
        if not given:
            raise DesignError(f"layer {name!r}: nothing that it can be built as is left to choose from")
        found[name] = tuple(given)
    return {node.name: found[node.name] for node in network if node.name in found}


class _Table:
    """What each option contributes, all estimated at once.

    A layer of few bits applies the thresholds behind it only where a packed kernel computes it; elsewhere
    they are a layer of their own, which is then part of the option that causes it.
    """

    def __init__(
        self,
        network: Network,
        design: Design,
        options: Mapping[str, Sequence[LayerDesign]],
        domain: Domain,
    ) -> None:
        records, bases, self._places = _records(network, design, options)
        self._options = options
        self._stream = design.io_type is IoType.STREAM
        self._rows = [{layer.name: row for row, layer in enumerate(record.layers)} for record in records]
        self._starts = np.cumsum([0, *map(len, self._rows)])
        self._parts = contributions(from_records(records), domain)
        self._columns = _layer_columns(self._parts, self._stream)
        self._owner = _owners(bases)
        self._edges = {
            (self._owner[source], self._owner[layer.name])
            for record in bases
            for layer in record.layers
            for source in layer.inputs
        }
        self._branches = _branches(bases[0])
        owners = set(self._owner.values())
        self.layers = [node.name for node in network if node.name in owners]

    def columns(self, layer: str) -> Columns:
        """What each option of a layer contributes, (k,) by column."""
        members = [name for name, owner in self._owner.items() if owner == layer]
        places = (
            [self._places[layer][choice] for choice in self._options[layer]]
            if layer in self._options
            else [0]
        )
        rows = [
            [
                self._starts[record] + self._rows[record][name]
                for name in members
                if name in self._rows[record]
            ]
            for record in places
        ]
        option = np.repeat(np.arange(len(rows)), [len(own) for own in rows])
        chosen = np.array([row for own in rows for row in own], np.int64)
        columns: Columns = {}
        for name, values in self._columns.items():
            columns[name] = np.zeros(len(rows))
            together = np.maximum if name.startswith(WORST) else np.add
            together.at(columns[name], option, values[chosen])
        return columns

    def figures(self) -> dict[str, Composition]:
        """How figures follow from the columns."""
        widths = {name: float(width.max(initial=0)) for name, width in self._parts.widths.items()}
        found: dict[str, Composition] = {}
        for end in ("", HIGH):
            # the upper end of a count c is that of c + 1 on a log scale, less 1
            beyond = {name: exp(widths.get(name, 0.0)) - 1 if end else 0.0 for name in FIGURES}
            found[f"{LATENCY}{end}"] = self._latency(end, beyond[LATENCY])
            found[f"{INTERVAL}{end}"] = Composition(worst=f"{WORST}interval{end}", constant=beyond[INTERVAL])
            for name in RESOURCES:
                constant = (self._parts.constants.get(name, 0.0) + 1) * (beyond[name] + 1) - 1
                found[f"{name}{end}"] = Composition(added=f"{name}{end}", constant=constant)
        return found

    def _latency(self, end: str, beyond: float) -> Composition:
        if self._stream:
            return Composition(added=f"after{end}", worst=f"{WORST}rest{end}", constant=beyond)
        if self._branches:
            return Composition(added=f"learned{end}", along=f"waited{end}", constant=beyond - 1)
        return Composition(added=f"whole{end}", constant=beyond - 1)

    def edges(self) -> tuple[tuple[int, int], ...]:
        """Which layer's result goes to which, in the order of `layers`; none where cycles just add up."""
        if self._stream or not self._branches:
            return ()
        order = {name: position for position, name in enumerate(self.layers)}
        pairs = ((order[source], order[target]) for source, target in self._edges if source != target)
        return tuple(sorted(pairs))


def _records(
    network: Network, design: Design, options: Mapping[str, Sequence[LayerDesign]]
) -> tuple[list[DesignRecord], list[DesignRecord], dict[str, dict[LayerDesign, int]]]:
    """Designs in which every layer has each of its options, and in which of them it has which.

    Only one for each strategy, which are the second list, is described from the network; the others have
    other factors.
    """
    by_strategy: dict[str, list[list[LayerDesign]]] = {}
    for name, own in options.items():
        groups: dict[Strategy, list[LayerDesign]] = {}
        for choice in own:
            groups.setdefault(choice.strategy, []).append(choice)
        by_strategy[name] = list(groups.values())
    records: list[DesignRecord] = []
    bases: list[DesignRecord] = []
    places: dict[str, dict[LayerDesign, int]] = {name: {} for name in options}
    for turn in range(max(map(len, by_strategy.values()), default=1)):
        current = {name: groups[min(turn, len(groups) - 1)] for name, groups in by_strategy.items()}
        base = describe(network, _chosen(design, {name: group[0] for name, group in current.items()}))
        bases.append(base)
        known: dict[tuple[str, LayerDesign], LayerRecord] = {}
        for step in range(max(map(len, current.values()), default=1)):
            layers = list(base.layers)
            for row, layer in enumerate(base.layers):
                if layer.name not in current:
                    continue
                group = current[layer.name]
                choice = group[min(step, len(group) - 1)]
                places[layer.name].setdefault(choice, len(records))
                key = (layer.name, choice)
                if key not in known:
                    known[key] = with_factors(layer, network[layer.name], choice)
                layers[row] = known[key]
            records.append(replace(base, layers=tuple(layers)))
    return records, bases, places


def _chosen(design: Design, layers: Mapping[str, LayerDesign]) -> Design:
    """The design with chosen layers, whose FIFOs keep the depths that were asked for."""
    kept = {
        name: replace(choice, fifo_depth=design.layer(name).fifo_depth) for name, choice in layers.items()
    }
    return replace(design, layers={**design.layers, **kept})


def _owners(bases: Sequence[DesignRecord]) -> dict[str, str]:
    """The layer whose choice a layer is part of: itself, or the one before where not all designs have it."""
    everywhere = set.intersection(*({layer.name for layer in base.layers} for base in bases))
    return {
        layer.name: layer.name if layer.name in everywhere else layer.inputs[0]
        for base in bases
        for layer in base.layers
    }


def _branches(record: DesignRecord) -> bool:
    """Whether the rules look for the longest way instead of adding up all layers."""
    sources = [source for layer in record.layers for source in layer.inputs]
    return len(sources) > len(set(sources)) or any(len(layer.inputs) > 1 for layer in record.layers)


WORST = "worst_"
"""What names of columns begin with of which the largest counts."""


def _layer_columns(parts: Contributions, stream: bool) -> Columns:
    """The columns of layers, (n,): of figures, and of the upper ends of their intervals."""
    waited = parts.cycles + parts.between
    cycles = (
        {"after": parts.after + parts.learned_cycles, f"{WORST}rest": parts.cycles - parts.after}
        if stream
        else {"waited": waited, "learned": parts.learned_cycles, "whole": waited + parts.learned_cycles}
    )
    of = {**dict.fromkeys(cycles, LATENCY), f"{WORST}interval": INTERVAL}
    found = {**cycles, f"{WORST}interval": parts.interval, **parts.resources}
    ends = {name: values * np.exp(parts.widths[of.get(name, name)]) for name, values in found.items()}
    for name, values in parts.handed.items():
        found[name] = found[name] + values
        ends[name] = ends[name] + values * np.exp(parts.widths[name].max(initial=0))
    return {**found, **{f"{name}{HIGH}": values for name, values in ends.items()}}
