"""From what rules say to what is served: corrected where something was learned, with intervals everywhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.learn.columns import columns, design_columns, success_columns
from accelgen.surrogates.learn.intervals import bounds
from accelgen.surrogates.learn.model import Learned, Part, Success
from accelgen.surrogates.learn.scope import NEAR, WIRING, families, family_name
from accelgen.surrogates.rules import Domain, Estimate

WORST = frozenset({"interval_cycles", "clock_ns"})
"""Targets that are those of a design's slowest layer; the others add up."""

DEEPER = 2
"""How many times more layers than were synthesised together a design may have: what is learned adds up."""


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
class Known:
    """Which layers are like those that were synthesised.

    Attributes:
        parts: what was learned of each family that a tool's measurements hold.
        family: of each layer, (n,).
        inside: layers that measurements are like, or that cost nothing, (n,).
        near: layers that are outside by their sizes alone, and not by far, (n,).
        outside: why designs are not like them, each reason with the designs (d,) that it holds for.
    """

    parts: Mapping[int, Part]
    family: npt.NDArray[np.int64]
    inside: Flags
    near: Flags
    outside: Mapping[str, Flags]

    def members(self) -> Mapping[int, Flags]:
        """The layers (n,) of each family with a part that are like its measurements."""
        return self._by_family(self.inside)

    def neighbours(self) -> Mapping[int, Flags]:
        """The layers (n,) of each family with a part that are near its measurements, but outside."""
        return self._by_family(self.near)

    def _by_family(self, chosen: Flags) -> Mapping[int, Flags]:
        if not chosen.any():
            return {}
        found = {family: chosen & (self.family == family) for family in np.unique(self.family).tolist()}
        return {family: rows for family, rows in found.items() if family in self.parts and rows.any()}


def known_layers(layers: Layers, domain: Domain, learned: Learned) -> Known:
    """Compare layers with what was synthesised with a tool."""
    parts = learned.parts.get(domain.name, {})
    family = families(layers)
    inside, far = np.ones(family.shape, bool), np.zeros(family.shape, bool)
    outside: dict[str, Flags] = {}

    def miss(reason: str, rows: Flags) -> None:
        inside[rows] = False
        outside[f"{reason} (known of {domain.name.replace('_', ' ')})"] = _designs(layers, rows)

    for number in np.unique(family).tolist():
        if number in WIRING:
            continue
        rows, part = family == number, parts.get(number)
        if part is None:
            miss(f"{family_name(number)}: none", rows)
            continue
        own = layers if rows.all() else layers.select(rows)
        for reason, missed in part.scope.misses(own):
            marked = np.zeros(family.shape, bool)
            marked[rows] = missed
            miss(f"{family_name(number)}: {reason}", marked)
        if not inside[rows].all():
            for _, missed in part.scope.misses(own, NEAR):
                far[rows] |= missed
        deep = np.bincount(layers.design, minlength=layers.n_designs) > DEEPER * part.depth
        if deep[layers.design[rows]].any():
            marked = rows & deep[layers.design]
            far |= marked
            miss(f"{family_name(number)}: only networks of up to {part.depth} layers", marked)
    return Known(parts, family, inside, ~inside & ~far, outside)


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
                alone = _alone(layers, members)
                designs[target] = np.where(
                    alone,
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


def _designs(layers: Layers, rows: Flags) -> Flags:
    return np.bincount(layers.design[rows], minlength=layers.n_designs) > 0


def _alone(layers: Layers, members: Flags) -> Flags:
    """Designs (d,) that have such layers, and none besides that have weights."""
    others = ~members & (layers.weight_bits > 0)
    return _designs(layers, members) & ~_designs(layers, others)


def intervals(
    layers: Layers,
    designs: Mapping[str, Numbers],
    parts: Mapping[str, Numbers],
    known: Known,
    learned: Learned,
) -> dict[str, Figures]:
    """Figures with intervals.

    A design's width is the mean of its layers', by their shares of the figure, or the largest of them where
    the worst layer decides.
    """
    found: dict[str, Figures] = {}
    for target, width in layer_widths(layers, designs, known, learned).items():
        if target in WORST:
            whole = layers.largest(width)
        else:
            share = parts.get(target, np.zeros(layers.n_in.shape)) + 1 * ~np.isin(known.family, list(WIRING))
            size = layers.total(share)
            whole = np.divide(layers.total(width * share), size, out=np.zeros(size.shape), where=size > 0)
        found[target] = Figures(designs[target], *bounds(designs[target], whole, offset(target)))
    return found


def layer_widths(
    layers: Layers, targets: Iterable[str], known: Known, learned: Learned
) -> dict[str, Numbers]:
    """How wide the interval of each layer (n,) is on a log scale, by target.

    Layers outside of the measurements have the width of rules that were tried on networks of other sizes, or,
    far outside, on the data of other tools.
    """
    found: dict[str, Numbers] = {}
    members, neighbours = known.members(), known.neighbours()
    for target in targets:
        far = learned.transfer.get(target, 0.0)
        width = np.full(layers.n_in.shape, far)
        width[known.inside] = 0.0  # wiring
        for family, rows in members.items():
            width[rows] = known.parts[family].widths.get(target, far)
        for family, rows in neighbours.items():
            width[rows] = known.parts[family].near_widths.get(target, far)
        found[target] = width
    return found


def probability(layers: Layers, success: Success | None) -> Numbers:
    """How likely the tool is to finish each design, (d,); NaN where no failures like them are known.

    It finishes where it finishes every layer; layers without weights are taken to be no obstacle.
    """
    if success is None:
        return np.full(layers.n_designs, np.nan)
    weighted = layers.weight_bits > 0
    own = layers.select(weighted)
    unknown = ~np.isin(families(own), list(success.families))
    for _, missed in success.scope.misses(own):
        unknown |= missed
    if unknown.all():
        return np.full(layers.n_designs, np.nan)
    margin = success.slope * success.forest.predict(success_columns(own)) + success.intercept
    log_probability = -np.logaddexp(0, -margin)
    whole = np.exp(own.total(log_probability))
    return np.where(_designs(own, unknown) | ~_designs(own, ~unknown), np.nan, whole)
