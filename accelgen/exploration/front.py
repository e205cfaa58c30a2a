"""The complete front of two figures: every design that no other one beats in both, under the limits.

What of the front without limits (`accelgen.exploration.relaxed`) keeps them is part of it. The rest of the
first figure's range is cut into bands. In each a linear programme gives multipliers for the figures and
limits, so that every option costs something beyond the least that any design needs (its reduced cost). Points
of the front lie below the steps of the designs that are known: options, and partial designs, that cost more
than what is between those steps and the bound lead to none of them. So do those that get no lower than known
designs where limits have prices (`accelgen.exploration.curves`). What is left is enumerated with dominance
(`accelgen.exploration.labels`). Where that is too much, the front with one limit more settles parts of the
band; then it is halved at a point found in it, and where few are known, integer programmes show that there is
none between two of them, or which one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import frexp, inf, ldexp

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from accelgen.exploration.curves import Curve, Pricing
from accelgen.exploration.highs import stdout_on_stderr
from accelgen.exploration.labels import Flags, Growth
from accelgen.exploration.milp import INFEASIBLE, OutOfTimeError, Point, Solution, points_of, solve
from accelgen.exploration.problem import Indices, Numbers, Problem
from accelgen.exploration.program import Program, unit_of
from accelgen.exploration.reduction import ROUNDING, Reduced, least_with_each, reduce, shares_of, step_of
from accelgen.exploration.relaxed import relaxed_front, sum_parts

LABELS = 1 << 15
"""Partial designs that are kept in a band before it is halved."""

CURVES = 5
"""Bounds of a band."""

GLIMPSE = 1 << 14
"""Those of a band for which there is another way."""

FEW = 8
"""Known points of a band that is too much, up to which it is cut at all of them, not at the middle one."""

APART = 1e-9
"""Of the most that a figure can be: two points of a front are at least that far apart."""


@dataclass(frozen=True, eq=False)
class Front:
    """Designs that keep every limit, ascending by the first figure and descending by the second.

    Attributes:
        axes: the two figures.
        points: one design for each pair of figures.
        proven: that no point is missing.
    """

    axes: tuple[str, str]
    points: tuple[Point, ...]
    proven: bool


def pareto(
    problem: Problem,
    first: str,
    second: str,
    *,
    time_limit_s: float = inf,
    found: Callable[[int], None] = lambda _: None,
) -> Front:
    """The front of two figures under the limits of a problem, whose objective does not matter.

    ``found`` is told again and again how many points are known.

    Returns:
        No points where no design keeps the limits. With a time limit the points that were found.

    Raises:
        UsageError: an option has no number for a column that a figure needs.
    """
    deadline = time.monotonic() + time_limit_s
    reduced = reduce(replace(problem, objective={}), (first, second))
    if reduced is None:
        return Front((first, second), (), True)
    known = _Known(reduced.problem, (first, second))
    proven = True
    try:
        if _add_ends(reduced.problem, known, deadline):
            # what is found easily in one part spares work in all others
            parts = _parts(reduced.problem, known.axes)
            searches = [_Search(part, known, deadline, found) for part in parts]
            begun = [search.grow() for search in searches]
            for search, grown in zip(searches, begun, strict=True):
                search.run(grown)
    except OutOfTimeError:
        proven = False
    return Front(known.axes, points_of(problem, reduced.restore(known.designs)), proven)


def _add_ends(problem: Problem, known: _Known, deadline: float) -> bool:
    """Adds the ends of the front to the known points; whether there may be points between them."""
    for name in known.axes:
        left_s = deadline - time.monotonic()
        end = solve(replace(problem, objective={name: 1.0}), smallest=False, time_limit_s=left_s)
        if end is None:
            return False
        known.add(np.array([end.positions], np.int64))
        if not end.proven:
            raise OutOfTimeError("the ends of the front were not proven in the time that was given")
    return problem.combinations > 1


def _parts(problem: Problem, axes: tuple[str, str]) -> Iterator[Reduced]:
    """Problems whose fronts together hold that of a problem.

    A sum to which the worst of a column is added (the latency of io_stream) has a loose linear bound; in each
    of the parts it is a sum only.
    """
    mixed = [name for name in axes if (own := problem.figures[name]).worst and (own.added or own.along)]
    for part in sum_parts(problem, mixed):
        smaller = reduce(part.problem, axes)
        if smaller is not None:
            kept = tuple(own[left] for own, left in zip(part.kept, smaller.kept, strict=True))
            yield Reduced(smaller.problem, kept)


class _Known:
    """The front of the designs that are known: figures (n,) of both axes, and the designs (n, layers).

    ``steps`` are what figures that are not equal differ by at least, as far as that is known.
    """

    def __init__(self, problem: Problem, axes: tuple[str, str]) -> None:
        self._problem = problem
        self.axes = axes
        self.first: Numbers = np.zeros(0)
        self.second: Numbers = np.zeros(0)
        self._rest: Numbers = np.zeros(0)
        self.designs: Indices = np.zeros((0, len(problem.layers)), np.int64)
        self.steps = (step_of(problem, axes[0]), step_of(problem, axes[1]))

    def add(self, designs: Indices) -> None:
        """Adds those of the designs that keep the limits, and drops what they beat."""
        figures = self._problem.evaluate(designs)
        kept = self._problem.within_limits(figures)
        rest = np.zeros(len(designs))
        for name, share in shares_of(self._problem).items():
            rest += share * figures[name]
        first = np.concatenate([self.first, figures[self.axes[0]][kept]])
        second = np.concatenate([self.second, figures[self.axes[1]][kept]])
        rest = np.concatenate([self._rest, rest[kept]])
        designs = np.concatenate([self.designs, designs[kept]])
        # sums in another order differ in the last bits
        steps = [_rounded(values) for values in (rest, second, first)]
        order = np.lexsort((*designs.T[::-1], *steps))
        second_steps = steps[1][order]
        best = np.minimum.accumulate(second_steps)
        better = np.ones(len(order), bool)
        better[1:] = second_steps[1:] < best[:-1]
        order = order[better]
        self.first, self.second, self._rest = first[order], second[order], rest[order]
        self.designs = designs[order]

    def beats(self, first: Numbers, second: Numbers) -> Flags:
        """Which pairs of figures (n,) a known design beats."""
        below = np.searchsorted(self.first, first, "right") - 1
        known = below >= 0
        no_worse = known & (self.second[below] <= second)
        beaten: Flags = no_worse & ((self.second[below] < second) | (self.first[below] < first))
        return beaten

    def at(self, first: float) -> float:
        """The least second figure of the known designs whose first one is not larger."""
        return float(self.at_each(np.array(first)))

    def at_each(self, first: Numbers) -> Numbers:
        """That for many first figures."""
        found: Numbers = self.second[np.searchsorted(self.first, first, "right") - 1]
        return found

    def corners(self, low: float, high: float, steps: tuple[float, float]) -> tuple[Numbers, Numbers]:
        """The corners of the steps within a band, below which points lie that are so much better."""
        ends = np.append(self.first[1:], inf)
        inside = (self.first <= high) & (ends >= low)
        ends = ends[inside]
        return np.where(ends <= high, ends - steps[0], high), self.second[inside] - steps[1]


@dataclass(frozen=True)
class _Band:
    """A part of the first figure's range, where there may be unknown points.

    Attributes:
        low: its end.
        high: its other one.
        steps: by which points are better than known ones; without, smaller designs that are as good as known
            ones are looked for, too.
        limit: with which the front is grown where it is too much to enumerate.
        closing: whether programmes look for another point.
    """

    low: float
    high: float
    steps: tuple[float, float] = (0.0, 0.0)
    limit: str = ""
    closing: bool = False


@dataclass(frozen=True, eq=False)
class _Grown:
    """A front with fewer limits: its figures (n,), which points keep all limits, which one most do not."""

    first: Numbers
    second: Numbers
    kept: Flags
    blamed: str


class _Search:
    """The points that a part of a problem adds to those that are known."""

    def __init__(self, part: Reduced, known: _Known, deadline: float, found: Callable[[int], None]) -> None:
        self.known = known
        self._found = found
        self._part = part
        self._problem = problem = part.problem
        self._axes = first, second = known.axes
        self._deadline = deadline
        names = list(dict.fromkeys([first, second, *problem.limits]))
        self._program = Program(problem, names)
        self._matrix, self._most = self._rows()
        self._first, self._second = map(self._program.row, self._axes)
        self._steps = known.steps
        self._unit = unit_of(self._first.coefficients)
        self._growth = Growth(problem, names)
        limited = len(names) > len(self._axes)
        self._pricing = (
            Pricing(self._growth.sums, self._growth.room[2:]) if limited and self._growth.only_sums else None
        )
        self._prices = np.zeros(len(names) - len(self._axes))

    def run(self, grown: _Grown | None) -> None:
        """Adds the points that the part's front without limits does not hold.

        Raises:
            OutOfTimeError: before it is proven that none is missing.
        """
        least = least_with_each(self._problem, self._axes)
        least_first, least_second = (float(least[name][0].min()) for name in self._axes)
        low = max(float(self.known.first[0]), least_first)
        beyond = np.flatnonzero(self.known.second <= least_second)
        high = float(self.known.first[beyond[0] if len(beyond) else -1])
        if low > high:
            return
        bands = self._missed(_Band(low, high), grown)
        while bands:
            # the largest gap first, so that a front that time cuts short is coarse rather than half a one
            band = bands.pop(max(range(len(bands)), key=lambda i: self._gap(bands[i])))
            self._found(len(self.known.first))
            if band.closing:
                bands += self._walk(band)
            elif self._enumerate(band, GLIMPSE if band.limit else LABELS):
                continue
            elif band.limit:
                bands += self._missed(band, self.grow(band.limit, band.high))
            else:
                bands += self._cut(band)

    def _cut(self, band: _Band) -> list[_Band]:
        """Parts of a band that are left where it cannot be enumerated."""
        low, high = band.low, band.high
        inside = self._inside(band)
        if len(inside) > FEW:
            middle = inside[len(inside) // 2]
            return [_Band(middle, high, self._steps), _Band(low, middle, self._steps)]
        ends = [low, *inside, high]
        return [_Band(*own, self._steps, closing=True) for own in pairwise(ends)]

    def _walk(self, band: _Band) -> list[_Band]:
        """Adds the point of a band that is the last before its end, and what is left then."""
        self._check_time()
        before = self._last_before(band)
        if before is not None:
            return [_Band(band.low, before, self._steps)] if before >= band.low else []
        inside = self._inside(band)  # which others may have added meanwhile
        return [replace(band, high=inside[-1])] if inside else []

    def _inside(self, band: _Band) -> list[float]:
        """The first figures of the known points within a band, without its ends."""
        first = self.known.first
        inside: list[float] = first[(first > band.low) & (first < band.high)].tolist()
        return inside

    def _gap(self, band: _Band) -> float:
        return (band.high - band.low) * (self.known.at(band.low) - self.known.at(band.high))

    def _add(self, designs: Indices) -> None:
        self.known.add(self._part.restore(designs))

    def grow(self, limit: str = "", high: float = inf) -> _Grown | None:
        """The front with one limit at most, None where it is too much; what keeps all limits is added."""
        designs = relaxed_front(self._problem, self._axes, [limit] if limit else [], high, self._deadline)
        if designs is None:
            return None
        figures = self._problem.evaluate(designs)
        kept = self._problem.within_limits(figures)
        self._add(designs[kept])
        first, second = (figures[name] for name in self._axes)
        often = {name: int((figures[name] > most).sum()) for name, most in self._problem.limits.items()}
        blamed = "" if limit else max(often, key=lambda own: often[own], default="")
        return _Grown(first, second, kept, blamed)

    def _missed(self, band: _Band, grown: _Grown | None) -> list[_Band]:
        """Parts of a band in which there may be unknown points, the lowest last.

        Of the front with one limit at most, what keeps all of them is part of this front, and between two
        such points that are next to each other there is none; neither is there where known designs beat
        those that do not keep them.
        """
        if grown is None:
            return [replace(band, limit="")]
        settled = grown.kept | self.known.beats(grown.first, grown.second)
        firsts = grown.first[settled]
        # before each point that is settled, and behind the last: is there one that is not?
        missed = np.bincount(np.cumsum(settled)[~settled], minlength=len(firsts) + 1) > 0
        ends = zip(np.append(-inf, firsts)[missed], np.append(firsts, inf)[missed], strict=True)
        bands = [
            _Band(max(band.low, float(start)), min(band.high, float(end)), limit=grown.blamed)
            for start, end in ends
        ]
        return [own for own in reversed(bands) if own.low <= own.high]

    def _check_time(self) -> None:
        if time.monotonic() >= self._deadline:
            raise OutOfTimeError("the front was not complete in the time that was given")

    def _solve(self, problem: Problem, *, smallest: bool = True) -> Solution | None:
        found = solve(problem, smallest=smallest, time_limit_s=self._deadline - time.monotonic())
        if found is not None and not found.proven:
            self._add(np.array([found.positions]))
            raise OutOfTimeError("a point of the front was not proven in the time that was given")
        return found

    def _last_before(self, band: _Band) -> float | None:
        """The first figure of the point before a band's end, which joins the known ones; None if it has."""
        first, second = self._axes
        limits = dict(self._problem.limits)
        apart = APART / shares_of(self._problem).get(first, 1.0)
        limits[first] = band.high - max(apart, self._steps[0] - apart)
        most = self.known.at(limits[first]) - self._steps[1] * (1 - APART)
        limits[second] = min(limits.get(second, inf), most)
        lowest = self._solve(replace(self._problem, objective={second: 1.0}, limits=limits), smallest=False)
        if lowest is None or lowest.figures[second] >= self.known.at(limits[first]):
            return None
        self._add(np.array([lowest.positions]))
        if lowest.figures[first] <= band.low:
            return lowest.figures[first]
        limits[second] = lowest.figures[second]
        found = self._solve(replace(self._problem, objective={first: 1.0}, limits=limits)) or lowest
        self._add(np.array([found.positions]))
        return found.figures[first]

    def _enumerate(self, band: _Band, labels: int) -> bool:
        """Adds the points of a band; whether none is missing."""
        low, high, steps = band.low, band.high, band.steps
        fall = self.known.at(low) - self.known.at(high)
        slope = fall / (high - low) if high > low else 0.0
        bounded = self._bound(slope, high)
        if bounded is None:
            return True
        bound, excess = bounded
        first, second = self.known.corners(low, high, steps)
        slack = float((slope * first + second).max()) - bound
        tolerated = ROUNDING * (abs(bound) + abs(slack)) * 100
        slack += tolerated

        curves = self._curves(low, high)
        constants = self._growth.constants

        def known(first: Numbers) -> Numbers:
            below: Numbers = self.known.at_each(np.maximum(first + constants[0], low))
            below -= steps[1] + float(constants[1])
            return below

        def hopeless(layer: int, sums: Numbers, least: Numbers) -> Flags:
            self._check_time()
            lost: Flags = (least[:, 0] > high) | self.known.beats(least[:, 0], least[:, 1])
            for curve in curves:
                rows = np.flatnonzero(~lost)
                lost[rows] = curve.spare(layer, sums[rows], known, high - constants[0]) < -tolerated
            return lost

        designs, complete = self._growth.grow(excess, slack, hopeless, labels)
        self._add(designs)
        return complete

    def _curves(self, low: float, high: float) -> list[Curve]:
        """Bounds that are high in a band; the designs that make them so join the known ones."""
        if self._pricing is None:
            return []
        constants = self._growth.constants
        inside = self.known.first[(self.known.first > low) & (self.known.first < high)]
        firsts = np.array([low, *inside, high])
        curves: list[Curve] = []
        for first in np.unique(firsts[np.linspace(0, len(firsts) - 1, CURVES).astype(np.int64)]).tolist():
            self._check_time()
            target = self.known.at(first) - constants[1]
            curve, designs = self._pricing.tuned(self._prices, first - constants[0], target)
            self._prices = curve.prices
            curves.append(curve)
            for own in designs:
                self._add(own)
        return curves

    def _rows(self) -> tuple[sparse.csr_array, Numbers]:
        """What holds in any design: ``matrix @ variables <= most``; the last row is the first figure's."""
        program = self._program
        rows, bounds = [], []
        for name, limit in [*self._problem.limits.items(), (self._axes[0], 0.0)]:
            row = program.row(name)
            unit = unit_of(row.coefficients)
            rows.append(row.coefficients / unit)
            bounds.append((limit - row.constant) / unit)
        matrix = sparse.vstack([program.links, sparse.csr_array(np.stack(rows))], format="csr")
        return matrix, np.concatenate([np.zeros(program.links.shape[0]), bounds])

    def _bound(self, slope: float, high: float) -> tuple[float, list[Numbers]] | None:
        """The least that ``slope * first + second`` can be up to ``high``, and what options add to it.

        None where no design is that far down.
        """
        program = self._program
        self._most[-1] = (high - self._first.constant) / self._unit
        first, second = self._first, self._second
        objective = slope * first.coefficients + second.coefficients
        constant = slope * first.constant + second.constant
        unit = unit_of(objective)
        with stdout_on_stderr():
            answer = linprog(
                objective / unit,
                A_ub=self._matrix,
                b_ub=self._most,
                A_eq=program.one_each,
                b_eq=np.ones(program.one_each.shape[0]),
                bounds=(0, None),
                method="highs",
            )
        if answer.status == INFEASIBLE:
            return None
        multipliers = np.maximum(-answer.ineqlin.marginals, 0)
        # any multipliers bound: what HiGHS tolerates costs tightness only
        reduced = objective / unit + self._matrix.T @ multipliers
        least = -float(multipliers @ self._most)
        further = reduced[program.n_options :]
        least += float(np.minimum(further, 0) @ program.largest)
        options = [reduced[start:end] for start, end in zip(program.starts, program.starts[1:], strict=False)]
        least += sum(float(own.min()) for own in options)
        return unit * least + constant, [unit * (own - own.min()) for own in options]


def _rounded(values: Numbers) -> Numbers:
    """Numbers (n,) without what is less than `ROUNDING` of the largest."""
    unit = ldexp(1.0, frexp(float(np.abs(values).max(initial=0)) * ROUNDING)[1])
    rounded: Numbers = np.round(values / unit) * unit
    return rounded


def thin(points: Sequence[Point], axes: tuple[str, str], n: int, kept: Sequence[int] = ()) -> list[Point]:
    """At most n points that are spread well over a front, in its order.

    Those at the positions ``kept`` are among them, both ends and the knee (`knee`), as far as n allows, then
    again and again that which is farthest from those that are chosen, where the figures' logarithms, or the
    figures if some are not positive, are scaled to 1.
    """
    if len(points) <= n:
        return list(points)
    places = _places(points, axes)
    chosen = list(dict.fromkeys([*kept, 0, len(points) - 1, knee(points, axes)]))[:n]
    distances = np.min([np.abs(places - places[each]).max(axis=1) for each in chosen], axis=0)
    while len(chosen) < n:
        chosen.append(int(np.argmax(distances)))
        distances = np.minimum(distances, np.abs(places - places[chosen[-1]]).max(axis=1))
    return [points[each] for each in sorted(set(chosen))]


def knee(points: Sequence[Point], axes: tuple[str, str]) -> int:
    """The position of the point of a front that lies farthest below the line between the front's ends."""
    return int(np.argmin(_places(points, axes).sum(axis=1)))


def _places(points: Sequence[Point], axes: tuple[str, str]) -> Numbers:
    """The figures of points on both axes (n, 2), scaled to lie between 0 and 1."""
    figures = np.array([[point.figures[axis] for axis in axes] for point in points])
    if (figures > 0).all():
        figures = np.log(figures)
    low, spread = figures.min(axis=0), np.ptp(figures, axis=0)
    places: Numbers = (figures - low) / np.where(spread > 0, spread, 1)
    return places
