"""Fronts of two sums with two limits at most, layer by layer: milliseconds where programmes take long.

With fewer limits there are more designs, so what is best of these, and keeps all limits, is the best.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from accelgen.exploration.growing import exactly_added, rests_of, traced_back
from accelgen.exploration.problem import Composition, Indices, LayerOptions, Numbers, Problem
from accelgen.exploration.reduction import ROUNDING, Reduced, shares_of

MOST_POINTS = 50_000
"""Partial designs beyond which the front is not looked for."""

MOST_GROWN = 1 << 19
"""Partial designs with one more layer beyond which it is not."""

FEW_GROWN = 1 << 17
"""Those beyond which the least of a figure is not looked for: a programme takes no longer."""

REST = "all shares"
"""The figure that is the sum of all others' shares."""

RELAXED = 3
"""Pairs of limits with which the least of a figure is looked for."""


RISES = (1.05, 1.5, inf)
"""Times what a figure is at least, up to which the least of it is looked for, one after the other."""


def relaxed_front(
    problem: Problem,
    axes: tuple[str, str],
    limits: Collection[str] = (),
    high: float = inf,
    deadline: float = inf,
    most_grown: int = MOST_GROWN,
) -> Indices | None:
    """Designs (d, layers) of every point of the front of a problem with fewer limits, by ascending first.

    Of designs with equal figures it is one with a small sum of all figures' shares.

    Args:
        problem: of which all limits but ``limits`` are left out.
        axes: the two figures.
        limits: the figures whose limits hold: the axes and another one at most.
        high: the most that the first figure may be.
        deadline: when it is given up, by `time.monotonic`.
        most_grown: partial designs with one more layer beyond which it is.

    Returns:
        None where a figure is not a sum over layers, or there are too many partial designs.
    """
    names = [*axes, *(name for name in limits if name not in axes)]
    figures = [problem.figures[name] for name in names]
    if any(each.worst or each.along for each in figures):
        return None
    shares = shares_of(problem)
    most = np.array([problem.limits[name] if name in limits else inf for name in names])
    most[0] = min(most[0], high)
    most += [
        ROUNDING / shares.get(name, 1.0) - each.constant for name, each in zip(names, figures, strict=True)
    ]
    sums = [np.stack([_column(layer, each.added) for each in figures], axis=1) for layer in problem.layers]
    return _front(exactly_added(sums), rests_of(problem), most, deadline, most_grown)


def lowest(problem: Problem, figure: str, deadline: float = inf) -> Indices | None:
    """The design with the least of a figure under all limits, (1, layers), or (0, layers) if none keeps them.

    Of designs with equal figures it is one with a small sum of all figures' shares.

    Returns:
        None where that does not follow from fronts with two limits at most, which proves nothing.
    """
    best = np.zeros((0, len(problem.layers)), np.int64)
    least = inf
    for part in sum_parts(problem, [figure, *problem.limits]):
        found = _lowest_sum(part.problem, figure, least, deadline)
        if found is None:
            return None
        if len(found) and (own := float(part.problem.evaluate(found)[figure][0])) < least:
            best, least = part.restore(found), own
    return best


def lowest_rest(problem: Problem, deadline: float = inf) -> Indices | None:
    """The design (1, layers) that is small altogether under all limits; as `lowest`."""
    layers = tuple(
        replace(layer, columns={**layer.columns, REST: rest})
        for layer, rest in zip(problem.layers, rests_of(problem), strict=True)
    )
    figures = {**problem.figures, REST: Composition(added=REST)}
    return lowest(replace(problem, layers=layers, figures=figures), REST, deadline)


def sum_parts(problem: Problem, names: Collection[str]) -> Iterator[Reduced]:
    """Problems whose designs together are those of a problem, and in which figures ``names`` are sums.

    For each worst of a column that there can be, the options that are no worse are a problem in which it is
    taken for that worst. Where figures need different ones, those that need a second one are no sums.
    """
    column = next((own.worst for name in names if (own := problem.figures[name]).worst), "")
    if not column:
        yield Reduced(problem, tuple(np.arange(len(layer)) for layer in problem.layers))
        return
    columns = [layer.columns[column] for layer in problem.layers]
    least = max(0.0, *(own.min() for own in columns))
    for worst in np.unique(np.maximum(np.concatenate(columns), least)).tolist():
        figures = {
            name: replace(own, worst="", constant=own.constant + worst) if own.worst == column else own
            for name, own in problem.figures.items()
        }
        kept = tuple(np.flatnonzero(own <= worst) for own in columns)
        layers = tuple(layer.take(own) for layer, own in zip(problem.layers, kept, strict=True))
        yield Reduced(replace(problem, layers=layers, figures=figures), kept)


def _lowest_sum(problem: Problem, figure: str, high: float, deadline: float) -> Indices | None:
    """`lowest` of a problem of sums, up to a number."""
    composition = problem.figures[figure]
    if composition.worst or composition.along:
        return None
    each = [
        np.lexsort((rest, _column(layer, composition.added)))[0]
        for layer, rest in zip(problem.layers, rests_of(problem), strict=True)
    ]
    found: Indices = np.array([each], np.int64)
    held: list[str] = []
    for _ in range(RELAXED + 1):
        figures = problem.evaluate(found)
        if figures[figure][0] > high:
            return found[:0]
        if problem.within_limits(figures)[0]:
            return found
        broken = _most_broken(problem, found)
        if broken in held:
            return None
        held = [*held[-1:], broken]
        least = float(figures[figure][0])
        designs = _first_kept(problem, (figure, held[0]), held, (least, high), deadline)
        if designs is None or not len(designs):
            return designs
        found = designs
    return None


def _first_kept(
    problem: Problem,
    axes: tuple[str, str],
    limits: Sequence[str],
    ends: tuple[float, float],
    deadline: float,
) -> Indices | None:
    """The first design of a relaxed front that keeps the limit of the second axis, (1, layers), or none.

    Its first figure lies between the ends: the nearer to the first one, the fewer partial designs there are.
    """
    low, high = ends
    for rise in RISES if low > 0 and len(limits) > 1 else RISES[-1:]:
        end = min(low * rise, high) if low > 0 else high
        designs = relaxed_front(problem, axes, limits, end, deadline, FEW_GROWN)
        if designs is None:
            return None
        kept = designs[problem.evaluate(designs)[axes[1]] <= problem.limits[axes[1]]]
        if len(kept) or end >= high:
            break
    return kept[:1]


def _most_broken(problem: Problem, design: Indices) -> str:
    """The limit that a design (1, layers) breaks most, relative to the limit."""
    figures = problem.evaluate(design)
    return max(problem.limits, key=lambda name: figures[name][0] / (problem.limits[name] or 1.0))


def _column(layer: LayerOptions, name: str) -> Numbers:
    """What options of a layer contribute, nothing without a name."""
    return layer.columns[name] if name else np.zeros(len(layer))


def _front(
    sums: Sequence[Numbers], rests: Sequence[Numbers], most: Numbers, deadline: float, most_grown: int
) -> Indices | None:
    """The front of sums over layers of columns (k, c), which are at most ``most`` (c,)."""
    least = np.array([own.min(axis=0) for own in sums])
    ahead = np.cumsum(least[::-1], axis=0)[::-1] - least
    total, rest = np.zeros((1, len(most))), np.zeros(1)
    steps: list[tuple[Indices, Indices]] = []
    for own, own_rest, further in zip(sums, rests, ahead, strict=True):
        if len(total) * len(own) > most_grown or time.monotonic() >= deadline:
            return None
        grown = (total[:, None] + own).reshape(-1, len(most))
        possible = np.flatnonzero((grown + further <= most).all(axis=1))
        grown, grown_rest = grown[possible], (rest[:, None] + own_rest).reshape(-1)[possible]
        unbeaten = _unbeaten(grown, grown_rest)
        if len(unbeaten) > MOST_POINTS:
            return None
        total, rest, kept = grown[unbeaten], grown_rest[unbeaten], possible[unbeaten]
        steps.append((kept // len(own), kept % len(own)))
    return traced_back(steps, _pairs(total[:, 0], total[:, 1], rest))


def _unbeaten(values: Numbers, rest: Numbers) -> Indices:
    """Positions of the rows (n, 2) or (n, 3) that no other one is as good as in every column."""
    if values.shape[1] == 2:
        return _pairs(values[:, 0], values[:, 1], rest)
    order = np.lexsort((rest, values[:, 0], values[:, 1], values[:, 2]))
    ordered = values[order]
    new = np.ones(len(order), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    order = order[new]
    level = np.unique(values[order, 0], return_inverse=True)[1].reshape(-1)
    height = np.unique(values[order, 1], return_inverse=True)[1].reshape(-1)
    size = len(order)
    # any two levels differ in a highest bit: of rows that are alike above it, those without it come first
    for bit in range(-1, int(level.max(initial=0)).bit_length()):
        group = level >> (bit + 1)
        by = np.argsort(group, kind="stable")
        own = height[by] - group[by] * (size + 1)  # so that a minimum does not reach beyond its group
        if bit < 0:
            best = np.minimum.accumulate(own)
            beaten = np.zeros(len(by), bool)
            beaten[1:] = best[:-1] <= own[1:]
        else:
            upper = (level[by] >> bit & 1).astype(bool)
            best = np.minimum.accumulate(np.where(upper, size - group[by] * (size + 1), own))
            beaten = upper & (best <= own)
        stays = np.sort(by[~beaten])
        order, level, height = order[stays], level[stays], height[stays]
    return order[np.argsort(level, kind="stable")]


def _pairs(first: Numbers, second: Numbers, rest: Numbers) -> Indices:
    """Positions of the pairs that no other one is as good as, ascending by the first."""
    order = np.lexsort((rest, second, first))
    best = np.minimum.accumulate(second[order])
    kept = np.ones(len(order), bool)
    kept[1:] = best[1:] < best[:-1]
    return order[kept]
