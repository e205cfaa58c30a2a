"""From what rules say to what is served: corrected where something was learned, with intervals everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.learn.columns import columns, design_columns, success_columns
from accelgen.surrogates.learn.intervals import bounds
from accelgen.surrogates.learn.model import Learned, Part, Success
from accelgen.surrogates.learn.scope import (
    BITS,
    DIMENSIONS,
    WIRING,
    families,
    family_name,
    kernel_class,
    unlike,
    weighted,
)
from accelgen.surrogates.rules import Domain, Estimate

Indices = npt.NDArray[np.int64]

WORST = frozenset({"interval_cycles", "clock_ns"})
"""Targets that are those of a design's slowest layer; the others add up."""

DEEPER = 4
"""How many times more layers with weights than were synthesised together a design may have.

What is learned of layers adds up: learned from two layers, three are predicted as well (docs/estimate.md).
"""

LEAST = {"interval_cycles": 1.0}
"""What a target is at least; 0 for the others."""


def offset(target: str) -> float:
    """What is added to a target before its logarithm is taken: 1 for counts, which may be 0."""
    return 0.0 if target == "clock_ns" else 1.0


def decimals(target: str) -> int:
    """Decimals that tools report a target with."""
    return 3 if target == "clock_ns" else 0


@dataclass(frozen=True, eq=False)
class Figures:
    """One target of many designs, each array of shape (d,): ``low`` <= ``value`` <= ``high``."""

    value: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, eq=False)
class Group:
    """Layers of one family, and the measurements that they are compared with.

    Attributes:
        rows: the layers, (k,) of n.
        part: what was learned of the family, None where no tool built such layers.
        foreign: only other tools did.
        distances: how far they are beyond what was synthesised, (dimensions, k), None where none is.
        far: farther than was ever tried, (k,).
    """

    rows: npt.NDArray[np.int64]
    part: Part | None
    foreign: bool
    distances: Numbers | None
    far: Flags

    def widths(self, target: str, learned: Learned, domain: str) -> Numbers:
        """Half the widths of intervals on a log scale, (k,).

        What distance adds is no more than rules err at prices of other tools.
        """
        far = learned.far.get(target, 0.0)
        if self.part is None:
            return np.full(self.rows.shape, far)
        if not self.foreign and self.distances is None and not self.far.any():
            return np.full(self.rows.shape, self.part.widths.get(target, far))
        beyond = np.zeros(self.rows.shape)
        if self.distances is not None:
            beyond = self.part.transfer.width(target, self.distances)
        alone = self.part.rule_widths.get(target, far)
        if self.foreign:
            tool = learned.tools.get(domain, learned.far).get(target, far)
            width = alone + np.minimum(np.hypot(beyond, tool), max(far, tool))
        else:
            served = self.part.widths.get(target, far)
            width = np.where(self.alike, served, np.maximum(alone + np.minimum(beyond, far), served))
        return np.where(self.far, np.maximum(width, far), width)

    @cached_property
    def alike(self) -> Flags:
        """Which layers measurements are like, (k,)."""
        if self.part is None or self.foreign:
            return np.zeros(self.rows.shape, bool)
        if self.distances is None:
            return np.ones(self.rows.shape, bool)
        alike: Flags = np.logical_not(unlike(self.distances).any(axis=0))
        return alike


@dataclass(frozen=True, eq=False)
class Known:
    """Which layers are like those that were synthesised.

    Attributes:
        domain: the name of the tool that is asked about.
        parts: what was learned of each family that its measurements hold.
        family: of each layer, (n,).
        inside: layers that measurements are like, or that cost nothing, (n,).
        groups: all layers but those that cost nothing.
        outside: why designs are farther from measurements than was tried, each reason with the designs (d,)
            that it holds for.
    """

    domain: str
    parts: Mapping[int, Part]
    family: npt.NDArray[np.int64]
    inside: Flags
    groups: Sequence[Group]
    outside: Mapping[str, Flags]

    def members(self) -> Mapping[int, Flags]:
        """The layers (n,) of each family with a part that are like its measurements."""
        if not self.inside.any():
            return {}
        found = {family: self.inside & (self.family == family) for family in self.parts}
        return {family: rows for family, rows in found.items() if rows.any()}


def known_layers(layers: Layers, domain: Domain, learned: Learned) -> Known:
    """Compare layers with what was synthesised with a tool.

    Layers without a matrix may be known of other tools alone, and all layers may be beyond what was
    synthesised as far as rules were tried on held-out ranges: intervals say how well they hold there. What
    goes beyond that is outside.
    """
    own = learned.parts.get(domain.name, {})
    once, among = layers.distinct()
    family = families(once)
    inside = np.ones(family.shape, bool)
    groups: list[Group] = []
    outside: dict[str, Flags] = {}
    for number in np.unique(family).tolist():
        if number in WIRING:
            continue
        rows = np.flatnonzero(family == number)
        group, reasons = _compared(once, rows, number, domain.name, learned)
        inside[rows] = group.alike
        groups.append(group)
        outside |= reasons
    if not isinstance(among, slice):
        groups = [_repeated(group, family.size, among) for group in groups]
        family, inside = family[among], inside[among]
        outside = {reason: marks[among] for reason, marks in outside.items()}
    inside &= ~_deep(layers, family, groups, domain.name, outside)
    reasons = {reason: layers.designs_with(marks) for reason, marks in outside.items()}
    return Known(domain.name, own, family, inside, groups, reasons)


def _compared(
    layers: Layers, rows: Indices, family: int, domain: str, learned: Learned
) -> tuple[Group, dict[str, Flags]]:
    """Layers of one family beside measurements, and why some are outside, each reason with layers (n,)."""
    name, tool = family_name(family), domain.replace("_", " ")
    part, source = learned.parts.get(domain, {}).get(family), ""
    if part is None:
        part, source = _elsewhere(family, learned)
    far = np.zeros(rows.shape, bool)
    reasons: dict[str, Flags] = {}

    def add(reason: str, missed: Flags) -> None:
        reasons[f"{name}: {reason}"] = np.zeros(layers.n_in.shape, bool)
        reasons[f"{name}: {reason}"][rows[missed]] = True

    if part is None:
        add(f"none (known of {tool})", ~far)
        return Group(rows, None, False, None, ~far), reasons
    known = source.replace("_", " ") or tool
    if source and weighted(family):
        add(f"none (known of {tool}, but of {known})", ~far)
    distances = part.scope.distances(layers, rows)
    if not distances.any():
        return Group(rows, part, bool(source), None, far), reasons
    for dimension, missed in part.transfer.misses(distances):
        far |= missed
        add(f"{part.scope.reason(dimension, part.transfer.most(dimension))} (known of {known})", missed)
    return Group(rows, part, bool(source), distances, far), reasons


def _elsewhere(family: int, learned: Learned) -> tuple[Part | None, str]:
    """What another tool knows of a family, with its name; of layers without a matrix, in a stream or not."""
    wanted = (family,) if weighted(family) else (family, kernel_class(family))
    for number in wanted:
        for domain, parts in learned.parts.items():
            if number in parts:
                return parts[number], domain
    return None, ""


def _repeated(group: Group, size: int, among: Indices) -> Group:
    """A group of variants, of which there are ``size`` in all, as one of the layers that are those."""
    place = np.full(size, -1)
    place[group.rows] = np.arange(group.rows.size)
    rows = np.flatnonzero(place[among] >= 0)
    chosen = place[among[rows]]
    distances = None if group.distances is None else group.distances[:, chosen]
    return replace(group, rows=rows, distances=distances, far=group.far[chosen])


def _deep(
    layers: Layers,
    family: Indices,
    groups: Sequence[Group],
    domain: str,
    outside: dict[str, Flags],
) -> Flags:
    """Layers (n,) of networks that are too deep, which are marked as far; adds reasons."""
    found = np.zeros(layers.n_in.shape, bool)
    depth = np.bincount(layers.design, layers.weight_bits > 0, layers.n_designs)
    for group in groups:
        if group.part is None or not group.part.depth or depth.max() <= DEEPER * group.part.depth:
            continue
        number = int(family[group.rows[0]])
        deep = depth[layers.design[group.rows]] > DEEPER * group.part.depth
        if deep.any() and weighted(number):
            marks = np.zeros(found.shape, bool)
            marks[group.rows[deep]] = True
            group.far[deep] = True
            found |= marks
            reason = f"{family_name(number)}: only networks of up to {group.part.depth} layers"
            outside[f"{reason} (known of {domain.replace('_', ' ')})"] = marks
    return found


def corrected(layers: Layers, ruled: Estimate, known: Known) -> tuple[dict[str, Numbers], dict[str, Numbers]]:
    """Figures of designs (d,) and of layers (n,) by target: those of rules, corrected by what was learned.

    A design's worst figure is corrected where all its layers that multiply are of one family.
    """
    designs, parts = dict(ruled.designs), dict(ruled.layers)
    for family, members in known.members().items():
        forests = known.parts[family].forests
        if not forests:
            continue
        own = layers if members.all() else layers.select(members)
        once, among = own.distinct()
        rows = columns(once)
        for target, forest in forests.items():
            if target in WORST:
                designs[target] = np.where(
                    alone(layers, members),
                    designs[target] * np.exp(forest.predict(design_columns(own, rows[among]))),
                    designs[target],
                )
                continue
            before = parts[target]
            after = before.copy()
            after[members] *= np.exp(forest.predict(rows))[among]
            parts[target] = after
            designs[target] = np.maximum(designs[target] + layers.total(after - before), 0)
    return designs, parts


def alone(layers: Layers, members: Flags) -> Flags:
    """Designs (d,) that have such layers, and none besides that have weights."""
    others = ~members & (layers.weight_bits > 0)
    return layers.designs_with(members) & ~layers.designs_with(others)


def intervals(
    layers: Layers,
    designs: Mapping[str, Numbers],
    parts: Mapping[str, Numbers],
    known: Known,
    widths: Mapping[str, Numbers],
) -> dict[str, Figures]:
    """Figures with intervals, from the widths of layers (`layer_widths`).

    A design's width is the mean of its layers', by their shares of the figure and of `offset`, or the largest
    of them where the worst layer decides.
    """
    found: dict[str, Figures] = {}
    costly = ~np.isin(known.family, list(WIRING))
    spare = costly / np.maximum(layers.total(costly.astype(np.float64)), 1)[layers.design]  # the offset's
    for target, width in widths.items():
        if target in parts and target in WORST:
            whole = _of_largest(layers, parts[target] + offset(target), width)
        elif target in WORST:
            whole = layers.largest(width)
        else:
            share = parts.get(target, np.zeros(layers.n_in.shape)) + spare
            size = layers.total(share)
            whole = np.divide(layers.total(width * share), size, out=np.zeros(size.shape), where=size > 0)
        value = designs[target]
        low, high = bounds(value, whole, offset(target))
        least = np.minimum(value, LEAST.get(target, 0.0))
        found[target] = Figures(value, np.maximum(low, least), high)
    return found


def lowered(figures: Figures, less: Numbers) -> Figures:
    """Figures whose intervals begin as far below values (d,) without ``less`` as before below values."""
    without = figures.low * np.divide(
        figures.value - less, figures.value, out=np.ones(less.shape), where=figures.value > 0
    )
    return replace(figures, low=np.clip(without, 0, figures.low))


def _of_largest(layers: Layers, values: Numbers, width: Numbers) -> Numbers:
    """The width of the largest of each design's values (n,), any of which may turn out to be the largest."""
    most = np.maximum(layers.largest(values), 1e-12)
    up = layers.largest(values * np.exp(width)) / most
    down = layers.largest(values * np.exp(-width)) / most
    return np.maximum(np.log(np.maximum(up, 1)), -np.log(np.clip(down, 1e-12, 1)))


def layer_widths(
    layers: Layers, targets: Iterable[str], known: Known, learned: Learned
) -> dict[str, Numbers]:
    """How wide the interval of each layer (n,) is on a log scale, by target.

    Layers beyond what was synthesised have that of rules, and more the farther they are, as trials on
    held-out ranges say; those that only other tools built, more by how much tools differ.
    """
    found: dict[str, Numbers] = {}
    # a path that is longer or has less time may take a stage more: known of loops (`resource.saves_a_cycle`)
    stage = np.log1p(1 / (2 + layers.reuse_factor * layers.positions))
    for target in targets:
        width = np.zeros(layers.n_in.shape)
        for group in known.groups:
            own = group.widths(target, learned, known.domain)
            if target in STAGED and group.distances is not None:
                own = np.where(group.distances[_PATHS].any(axis=0), np.maximum(own, stage[group.rows]), own)
            width[group.rows] = own
        found[target] = width
    return found


STAGED = frozenset({"latency_cycles", "latency_max_cycles"})
"""Targets that a stage of the pipeline adds to."""

_PATHS = [DIMENSIONS.index(name) for name in (*BITS, "clock_ns", "fast")]
"""Dimensions that say how much is to be done in a cycle."""


def probability(layers: Layers, success: Success | None) -> Numbers:
    """How likely the tool is to finish each design, (d,); NaN where no failures like them are known.

    It finishes where it finishes every layer; layers without weights are taken to be no obstacle.
    """
    if success is None:
        return np.full(layers.n_designs, np.nan)
    weights = layers.weight_bits > 0
    unknown = ~np.isin(families(layers), list(success.families)) | success.scope.misses(layers)
    answered = layers.designs_with(weights) & ~layers.designs_with(weights & unknown)
    chances = np.full(layers.n_designs, np.nan)
    if answered.any():
        own = layers.select(weights & answered[layers.design])
        once, among = own.distinct()
        margin = success.slope * success.forest.predict(success_columns(once)) + success.intercept
        log_chances = -np.logaddexp(0, -margin)[among]
        chances[answered] = np.exp(own.total(log_chances))[answered]
    return chances
