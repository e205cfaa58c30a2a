"""Designs grown a layer at a time as labels: those that no continuation can save are left out, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.exploration.growing import exactly_added, rests_of, traced_back
from accelgen.exploration.problem import Indices, Numbers, Problem
from accelgen.exploration.reduction import ROUNDING, shares_of

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Step:
    """What the options of one layer add to labels, and what is known of the layers after it.

    Attributes:
        options: their positions in the layer.
        sums: what they add to the sum of each figure, (k, figures).
        worst: their values of each column of which the worst counts, (k, columns).
        along: their values of each column of which the longest way counts, (k, columns).
        excess: what they cost beyond the least that a bound needs, (k,).
        rest: they decide between designs that are alike otherwise, (k,).
        before: where the layers that it follows are among the ends that labels hold.
        open: where the layers that are followed later are among those ends and its own.
        tails: the least ways after each of those layers, by column, (columns, open).
    """

    options: Indices
    sums: Numbers
    worst: Numbers
    along: Numbers
    excess: Numbers
    rest: Numbers
    before: Indices
    open: Indices
    tails: Numbers


@dataclass(frozen=True, eq=False)
class _Ahead:
    """The least and the most that the layers after a step add to sums (figures,), and the least worst."""

    least: Numbers
    most: Numbers
    worst: Numbers


@dataclass(eq=False)
class _Labels:
    """Partial designs: sums (n, figures), worst (n, columns), the ends of ways (n, columns, open), ..."""

    sums: Numbers
    worst: Numbers
    last: Numbers
    ends: Numbers
    excess: Numbers
    rest: Numbers

    def __len__(self) -> int:
        return len(self.excess)

    def take(self, rows: npt.NDArray[np.int64] | Flags) -> _Labels:
        return _Labels(*(values[rows] for values in vars(self).values()))


class Growth:
    """Grows the designs of a problem with respect to some of its figures.

    Attributes:
        problem: with the options that matter.
        names: the figures: two axes, and those whose limits can be broken.
        constants: what they are without layers, (names,).
        sums: what options of each layer add to them, (k, names).
    """

    def __init__(self, problem: Problem, names: Sequence[str]) -> None:
        self.problem = problem
        self.names = tuple(names)
        compositions = [problem.figures[name] for name in names]
        layers = problem.layers
        in_a_row = {(i, i + 1) for i in range(len(layers) - 1)} <= set(problem.edges)
        chained = {
            each.along
            for each in compositions
            if each.along and in_a_row and all((layer.columns[each.along] >= 0).all() for layer in layers)
        }
        self._worst = list(dict.fromkeys(each.worst for each in compositions if each.worst))
        self._along = list(
            dict.fromkeys(each.along for each in compositions if each.along not in {"", *chained})
        )
        self._parts = [
            [column for column in (each.added, each.along if each.along in chained else "") if column]
            for each in compositions
        ]
        self.constants = np.array([each.constant for each in compositions])
        self._worst_of = [self._worst.index(each.worst) if each.worst else -1 for each in compositions]
        self._along_of = [
            self._along.index(each.along) if each.along in self._along else -1 for each in compositions
        ]
        self._limits = np.array([problem.limits.get(name, np.inf) for name in names])
        shares = shares_of(problem)
        self._tolerated = np.array([ROUNDING / shares.get(name, 1.0) for name in names])
        sums = [
            np.stack([_sum_of(layer.columns, parts, len(layer)) for parts in self._parts], axis=1)
            for layer in layers
        ]
        self.sums = exactly_added(sums)
        self._rests = rests_of(problem)

    @property
    def room(self) -> Numbers:
        """What layers may add to the figures, (names,)."""
        room: Numbers = self._limits - self.constants
        return room

    @property
    def only_sums(self) -> bool:
        """Whether all figures are sums over layers."""
        return not self._worst and not self._along

    def grow(
        self,
        excess: Sequence[Numbers],
        slack: float,
        hopeless: Callable[[int, Numbers, Numbers], Flags],
        most: int,
    ) -> tuple[Indices, bool]:
        """Designs (d, layers) that keep the limits, and whether none is missing.

        None is missing of those within the slack whose figures are not hopeless, but for designs that
        another one beats.

        Args:
            excess: what options cost beyond the least that a bound needs, for each layer.
            slack: the most that they may cost beyond it altogether.
            hopeless: which labels of the layers before a number lead to no design that is wanted, by their
                sums (n, names) and the least figures (n, names) of complete designs.
            most: labels that are kept after each layer.
        """
        steps, ahead = self._steps(excess, slack)
        labels = _Labels(
            sums=np.zeros((1, len(self.names))),
            worst=np.zeros((1, len(self._worst))),
            last=np.zeros((1, len(self._along))),
            ends=np.zeros((1, len(self._along), 0)),
            excess=np.zeros(1),
            rest=np.zeros(1),
        )
        origins: list[tuple[Indices, Indices]] = []
        complete = True
        for number, (step, rest) in enumerate(zip(steps, ahead, strict=True), 1):
            origin, option = np.nonzero(labels.excess[:, None] + step.excess <= slack)
            labels = _extended(labels, step, origin, option)
            least = self._least(labels, step, rest)
            kept = np.flatnonzero((least <= self._limits + self._tolerated).all(axis=1))
            kept = kept[~hopeless(number, labels.sums[kept], least[kept])]
            if len(kept) > CANDIDATES * most:
                complete, most = False, min(most, GLANCE)
                kept = _cheapest(labels.excess, kept, CANDIDATES * most)
            kept = kept[undominated(*self._compared(labels.take(kept), step, rest))]
            if len(kept) > most:
                complete, most = False, min(most, GLANCE)
                kept = _cheapest(labels.excess, kept, most)
            labels = labels.take(kept)
            origins.append((origin[kept], step.options[option[kept]]))
        return traced_back(origins, np.arange(len(labels))), complete

    def _steps(self, excess: Sequence[Numbers], slack: float) -> tuple[list[_Step], list[_Ahead]]:
        layers = self.problem.layers
        allowed = [np.flatnonzero(own <= slack) for own in excess]
        along = [
            _columns(layer.columns, self._along)[own] for layer, own in zip(layers, allowed, strict=True)
        ]
        tails = self._tails([own.min(axis=0, initial=np.inf) for own in along])
        last_reader = dict(sorted(self.problem.edges, key=lambda edge: edge[1]))
        steps: list[_Step] = []
        opened: list[int] = []
        for number, (layer, own) in enumerate(zip(layers, allowed, strict=True)):
            sources = {source for source, target in self.problem.edges if target == number}
            ends = [*opened, number]
            before = [position for position, source in enumerate(opened) if source in sources]
            open_ = [position for position, each in enumerate(ends) if last_reader.get(each, 0) > number]
            opened = [ends[position] for position in open_]
            steps.append(
                _Step(
                    options=own,
                    sums=self.sums[number][own],
                    worst=_columns(layer.columns, self._worst)[own],
                    along=along[number],
                    excess=excess[number][own],
                    rest=self._rests[number][own],
                    before=np.array(before, np.int64),
                    open=np.array(open_, np.int64),
                    tails=tails[opened].T,
                )
            )
        zero = np.zeros(len(self.names))
        ahead = [_Ahead(zero, zero, np.zeros(len(self._worst)))]
        for step in reversed(steps[1:]):
            ahead.append(
                _Ahead(
                    ahead[-1].least + step.sums.min(axis=0, initial=np.inf),
                    ahead[-1].most + step.sums.max(axis=0, initial=-np.inf),
                    np.maximum(ahead[-1].worst, step.worst.min(axis=0, initial=np.inf)),
                )
            )
        return steps, ahead[::-1]

    def _tails(self, least: Sequence[Numbers]) -> Numbers:
        """The least way that follows each layer, (layers, columns)."""
        tails = np.zeros((len(least), len(self._along)))
        for source, target in sorted(self.problem.edges, reverse=True):
            tails[source] = np.maximum(tails[source], least[target] + tails[target])
        return tails

    def _least(self, labels: _Labels, step: _Step, ahead: _Ahead) -> Numbers:
        """The least that the figures (n, names) of complete designs can be."""
        figures = self.constants + labels.sums + ahead.least
        worst = np.maximum(labels.worst, ahead.worst)
        last = _last(labels, step)
        for column, (of_worst, of_along) in enumerate(zip(self._worst_of, self._along_of, strict=True)):
            if of_worst >= 0:
                figures[:, column] += worst[:, of_worst]
            if of_along >= 0:
                figures[:, column] += last[:, of_along]
        return figures

    def _compared(self, labels: _Labels, step: _Step, ahead: _Ahead) -> tuple[Numbers, Numbers]:
        """What must be no worse in a label for another to be superfluous, and what decides ties."""
        sums = labels.sums.copy()
        for column in range(AXES, len(self.names)):
            if self._worst_of[column] < 0 and self._along_of[column] < 0:
                # whatever follows, the limit is kept: it does not matter by how much
                spare = self._limits[column] - self.constants[column] - ahead.most[column]
                sums[:, column] = np.maximum(sums[:, column], spare)
        worst = np.maximum(labels.worst, ahead.worst)
        ends = labels.ends.reshape(len(labels), labels.ends.shape[1] * labels.ends.shape[2])
        return np.concatenate([sums, worst, _last(labels, step), ends], axis=1), labels.rest


AXES = 2
"""The first figures, which are to be small beyond what their limits ask for."""


CANDIDATES = 16
"""Labels to one that is kept, which are compared."""

GLANCE = 128
"""Labels that are kept where some are lost anyway: they lead to designs, and prove nothing."""


def _cheapest(excess: Numbers, rows: Indices, n: int) -> Indices:
    return rows[np.argpartition(excess[rows], n)[:n]]


def _sum_of(columns: Mapping[str, Numbers], names: Sequence[str], n_options: int) -> Numbers:
    """The sum of some columns, (k,)."""
    total = np.zeros(n_options)
    for name in names:
        total += columns[name]
    return total


def _columns(columns: Mapping[str, Numbers], names: Sequence[str]) -> Numbers:
    n_options = len(next(iter(columns.values())))
    return np.stack([columns[name] for name in names], axis=1) if names else np.zeros((n_options, 0))


def _extended(labels: _Labels, step: _Step, origin: Indices, option: Indices) -> _Labels:
    """Labels ``origin`` continued with an option each."""
    ends = labels.ends[origin]
    end = ends[:, :, step.before].max(axis=2, initial=0) + step.along[option]
    return _Labels(
        sums=labels.sums[origin] + step.sums[option],
        worst=np.maximum(labels.worst[origin], step.worst[option]),
        last=np.maximum(labels.last[origin], end),
        ends=np.concatenate([ends, end[:, :, None]], axis=2)[:, :, step.open],
        excess=labels.excess[origin] + step.excess[option],
        rest=labels.rest[origin] + step.rest[option],
    )


def _last(labels: _Labels, step: _Step) -> Numbers:
    """The least that the longest way can be, (n, columns)."""
    last: Numbers = np.maximum(labels.last, (labels.ends + step.tails).max(axis=2, initial=0))
    return last


COMPARED = 1 << 18
"""Pairs of labels that are compared at once: their flags stay in a core's cache."""

WORTHWHILE = 1 / 4
"""Labels that each label it is compared with has to beat for the comparison to go on."""


def undominated(values: Numbers, ties: Numbers) -> Indices:
    """Positions of rows (n, c) that no other one beats; of equal ones that with the smallest tie.

    With more than two columns some rows that are beaten may stay.
    """
    values = values[:, (values != values[:1]).any(axis=0)]
    order = np.lexsort((ties, *values.T[::-1]))
    ordered = values[order]
    new = np.ones(len(ordered), bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    order, ordered = order[new], ordered[new]
    if values.shape[1] < 2 or len(order) < 2:
        return order[:1]
    if values.shape[1] == 2:
        second = ordered[:, 1]
        best = np.minimum.accumulate(second)
        keep = np.ones(len(order), bool)
        keep[1:] = second[1:] < best[:-1]
        return order[keep]
    spread = np.ptp(ordered, axis=0)
    by_size = np.argsort((ordered / spread).sum(axis=1), kind="stable")
    order, ordered = order[by_size], ordered[by_size]
    start = 0
    while start < len(order):
        n_pivots = max(1, COMPARED // len(order))
        pivots = ordered[start : start + n_pivots]
        beaten = np.ones((len(pivots), len(order)), bool)
        for column in range(ordered.shape[1]):
            beaten &= pivots[:, column, None] <= ordered[:, column]
        beaten[np.arange(len(pivots)), np.arange(start, start + len(pivots))] = False
        stays = np.flatnonzero(~beaten.any(axis=0))
        start = int(np.searchsorted(stays, start + len(pivots)))
        gain = len(order) - len(stays)
        order, ordered = order[stays], ordered[stays]
        if gain < WORTHWHILE * len(pivots):
            break
    return order
