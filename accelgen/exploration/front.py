"""The complete front of two figures: every design that no other one beats in both, under the limits.

What of the front without limits (`accelgen.exploration.relaxed`) keeps them is part of it. The rest of the
first figure's range is cut into bands. In each a linear programme gives multipliers for the figures and
limits, so that every option costs something beyond the least that any design needs (its reduced cost). Points
of the front lie below the steps of the designs that are known: options, and partial designs, that cost more
than what is between those steps and the bound lead to none of them. So do those that get no lower than known
designs where limits have prices (`accelgen.exploration.curves`). What is left is enumerated with dominance
(`accelgen.exploration.labels`); where that is too much, the band is halved at a point found in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from accelgen.exploration.curves import Curve, Pricing
from accelgen.exploration.highs import stdout_on_stderr
from accelgen.exploration.labels import Flags, Growth
from accelgen.exploration.milp import INFEASIBLE, OutOfTimeError, Point, Solution, points_of, solve
from accelgen.exploration.problem import Composition, Indices, Numbers, Problem
from accelgen.exploration.program import Program, unit_of
from accelgen.exploration.reduction import ROUNDING, Reduced, columns_of, least_with_each, reduce, shares_of
from accelgen.exploration.relaxed import relaxed_front

LABELS = 1 << 15
"""Partial designs that are kept in a band before it is halved."""

CURVES = 5
"""Bounds of a band."""

MORE = 4
"""Times as many are kept where there is no point to halve a band at, before a programme looks for one."""


PART = "worst of the part"
"""The figure whose limit makes a part of a problem."""

MOST_WHOLE = 2**50
"""Of a sum of whole numbers that is exact."""

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
            for part in _parts(reduced.problem, known.axes):
                _Search(part, known, deadline, found).run()
    except OutOfTimeError:
        proven = False
    return Front(known.axes, points_of(problem, reduced.restore(known.designs)), proven)


def _add_ends(problem: Problem, known: _Known, deadline: float) -> bool:
    """Adds the ends of the front to the known points; whether there may be points between them."""
    for name in known.axes:
        end = solve(replace(problem, objective={name: 1.0}), time_limit_s=deadline - time.monotonic())
        if end is None:
            return False
        known.add(np.array([end.positions], np.int64))
        if not end.proven:
            raise OutOfTimeError("the ends of the front were not proven in the time that was given")
    return problem.combinations > 1


def _parts(problem: Problem, axes: tuple[str, str]) -> Iterator[Reduced]:
    """Problems whose fronts together hold that of a problem.

    A sum to which the worst of a column is added (the latency of io_stream) has a loose linear bound. For
    each worst that there can be, the options that are no worse are a problem in which it is a sum only.
    """
    mixed = [name for name in axes if (own := problem.figures[name]).worst and (own.added or own.along)]
    if not mixed:
        yield Reduced(problem, tuple(np.arange(len(layer)) for layer in problem.layers))
        return
    name = mixed[0]
    composition = problem.figures[name]
    columns = [layer.columns[composition.worst] for layer in problem.layers]
    least = max(0.0, *(column.min() for column in columns))
    values = np.unique(np.maximum(np.concatenate(columns), least))
    between = np.append((values[1:] + values[:-1]) / 2, inf)
    for worst, limit in zip(values, between, strict=True):
        added = replace(composition, worst="", constant=composition.constant + float(worst))
        figures = {**problem.figures, name: added, PART: Composition(worst=composition.worst)}
        part = reduce(replace(problem, figures=figures, limits={**problem.limits, PART: float(limit)}), axes)
        if part is not None:
            yield part


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
        self.steps = (_step(problem, axes[0]), _step(problem, axes[1]))

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
        order = np.lexsort((*designs.T[::-1], rest, second, first))
        best = np.minimum.accumulate(second[order])
        steps = np.ones(len(order), bool)
        # a step that is not larger than a rounding is none
        steps[1:] = best[1:] < best[:-1] - ROUNDING * np.abs(best[:-1])
        order = order[steps]
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
        more: times `LABELS` are kept.
    """

    low: float
    high: float
    steps: tuple[float, float] = (0.0, 0.0)
    more: int = 1


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

    def run(self) -> None:
        """Adds the points.

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
        bands = self._bands(low, high)
        while bands:
            # the largest gap first, so that a front that time cuts short is coarse rather than half a one
            band = bands.pop(max(range(len(bands)), key=lambda i: self._gap(bands[i])))
            self._found(len(self.known.first))
            if self._enumerate(band):
                continue
            low, high = band.low, band.high
            inside = self.known.first[(self.known.first > low) & (self.known.first < high)]
            if len(inside):
                middle = float(inside[len(inside) // 2])
                bands += [_Band(middle, high, self._steps), _Band(low, middle, self._steps)]
            elif band.more == 1:
                bands.append(_Band(low, high, self._steps, MORE))
            elif (end_before := self._last_before(high)) is not None and end_before >= low:
                bands.append(_Band(low, end_before, self._steps))

    def _gap(self, band: _Band) -> float:
        return (band.high - band.low) * (self.known.at(band.low) - self.known.at(band.high))

    def _add(self, designs: Indices) -> None:
        self.known.add(self._part.restore(designs))

    def _bands(self, low: float, high: float) -> list[_Band]:
        """Where there may be points that are not known, the lowest last."""
        bands = [(low, high)]
        limit = ""
        for _ in range(2):
            missed: list[tuple[float, float]] = []
            for start, end in bands:
                found, broken = self._missed(start, end, limit)
                missed += found
            bands, limit = missed, broken if bands else ""
            if not bands or not limit:
                break
        return [_Band(start, end) for start, end in reversed(bands)]

    def _missed(self, low: float, high: float, limit: str) -> tuple[list[tuple[float, float]], str]:
        """Parts of a band in which there may be unknown points, and the limit that is to blame most often.

        Of the front with one limit at most, what keeps all of them is part of this front, and between two
        such points that are next to each other there is none.
        """
        designs = relaxed_front(self._problem, self._axes, limit, high)
        if designs is None:
            return [(low, high)], ""
        figures = self._problem.evaluate(designs)
        kept = self._problem.within_limits(figures)
        self._add(designs[kept])
        firsts = figures[self._axes[0]][kept]
        # before each point that keeps the limits, and behind the last: is there one that does not?
        missed = np.bincount(np.cumsum(kept)[~kept], minlength=len(firsts) + 1) > 0
        ends = zip(np.append(-inf, firsts)[missed], np.append(firsts, inf)[missed], strict=True)
        clipped = [(max(low, float(start)), min(high, float(end))) for start, end in ends]
        often = {name: int((figures[name] > most).sum()) for name, most in self._problem.limits.items()}
        return [band for band in clipped if band[0] <= band[1]], max(
            often, key=lambda own: often[own], default=""
        )

    def _check_time(self) -> None:
        if time.monotonic() >= self._deadline:
            raise OutOfTimeError("the front was not complete in the time that was given")

    def _solve(self, problem: Problem) -> Solution | None:
        found = solve(problem, time_limit_s=self._deadline - time.monotonic())
        if found is not None and not found.proven:
            self._add(np.array([found.positions]))
            raise OutOfTimeError("a point of the front was not proven in the time that was given")
        return found

    def _last_before(self, high: float) -> float | None:
        """The first figure of the point before ``high``, which joins the known ones; None if it is one."""
        first, second = self._axes
        limits = dict(self._problem.limits)
        apart = APART / shares_of(self._problem).get(first, 1.0)
        limits[first] = high - max(apart, self._steps[0] - apart)
        most = self.known.at(limits[first]) - self._steps[1] * (1 - APART)
        limits[second] = min(limits.get(second, inf), most)
        found = self._solve(replace(self._problem, objective={second: 1.0}, limits=limits))
        if found is None or found.figures[second] >= self.known.at(limits[first]):
            return None
        self._add(np.array([found.positions]))
        return found.figures[first]

    def _enumerate(self, band: _Band) -> bool:
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

        designs, complete = self._growth.grow(excess, slack, hopeless, LABELS * band.more)
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


def _step(problem: Problem, name: str) -> float:
    """What values of a figure differ by at least, where all that it follows from is whole numbers; else 0."""
    columns = [layer.columns[column] for column in columns_of(problem, name) for layer in problem.layers]
    values = np.concatenate([np.zeros(1), *columns])
    if (values != np.round(values)).any() or np.abs(values).sum() >= MOST_WHOLE:
        return 0.0
    return float(np.gcd.reduce(values.astype(np.int64)))


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
