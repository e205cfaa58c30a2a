"""A search problem in matrices: a variable for each option, and further ones for what is not a sum."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from math import frexp, ldexp

import numpy as np
from scipy import sparse

from accelgen.exploration.problem import Indices, Numbers, Problem

SCALE = 12
"""Coefficients are scaled by powers of two to at most ``2**SCALE``: HiGHS' tolerances are absolute, 1e-6."""


def unit_of(values: Numbers) -> float:
    """The power of two that scales numbers to at most ``2**SCALE``."""
    return ldexp(1.0, frexp(float(np.abs(values).max(initial=0)) or 1.0)[1] - SCALE)


@dataclass(frozen=True)
class Row:
    """A linear expression in a programme's variables: ``coefficients`` (n,) and a constant."""

    coefficients: Numbers
    constant: float = 0.0


@dataclass(eq=False)
class Program:
    """The variables of a problem, and the rows that tie them together.

    There are rows of the figures ``names``. The first variables are the options of all layers, 1 for those
    that are chosen; ``starts[i]`` is the first of layer i. The others are at least the worst of a column, or
    at least where a layer starts on the longest way; minimising makes them equal. ``links @ variables <= 0``
    holds them to that.
    """

    problem: Problem
    names: Collection[str]
    starts: Indices = field(init=False)
    n_options: int = field(init=False)

    def __post_init__(self) -> None:
        sizes = [len(layer) for layer in self.problem.layers]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.n_options = int(self.starts[-1])
        self._n_variables = self.n_options
        self._largest: list[float] = []
        self._links: list[tuple[Indices, Numbers]] = []
        self._further: dict[tuple[str, str], tuple[int, float]] = {}
        compositions = [self.problem.figures[name] for name in self.names]
        for column in dict.fromkeys(each.worst for each in compositions if each.worst):
            self._add_worst(column)
        for column in dict.fromkeys(each.along for each in compositions if each.along):
            if not self._is_chain(column):
                self._add_longest_way(column)

    @property
    def n_variables(self) -> int:
        """Options, and further variables."""
        return self._n_variables

    @cached_property
    def one_each(self) -> sparse.csr_array:
        """The matrix that sums the options of each layer, (layers, n)."""
        sizes = np.diff(self.starts)
        rows = np.repeat(np.arange(len(sizes)), sizes)
        entries = (np.ones(self.n_options), (rows, np.arange(self.n_options)))
        return sparse.csr_array(entries, shape=(len(sizes), self.n_variables))

    @cached_property
    def links(self) -> sparse.csr_array:
        """The rows that are at most 0, (m, n)."""
        rows = [np.full(len(variables), number) for number, (variables, _) in enumerate(self._links)]
        if not rows:
            return sparse.csr_array((0, self.n_variables))
        variables, values = (np.concatenate(parts) for parts in zip(*self._links, strict=True))
        entries = (values, (np.concatenate(rows), variables))
        return sparse.csr_array(entries, shape=(len(rows), self.n_variables))

    def row(self, name: str) -> Row:
        """A figure, one of `names`."""
        composition = self.problem.figures[name]
        coefficients = np.zeros(self.n_variables)
        if composition.added:
            coefficients[: self.n_options] += self._column(composition.added)
        for role, column in (("worst", composition.worst), ("along", composition.along)):
            if (role, column) in self._further:
                variable, unit = self._further[role, column]
                coefficients[variable] += unit
            elif column:
                coefficients[: self.n_options] += self._column(column)
        return Row(coefficients, composition.constant)

    @property
    def largest(self) -> Numbers:
        """The most that the further variables can be, in their order."""
        return np.array(self._largest)

    def chosen(self, variables: Numbers) -> Indices:
        """The position of the option that is chosen for each layer, (layers,)."""
        ends = zip(self.starts, self.starts[1:], strict=False)
        return np.array([int(np.argmax(variables[start:end])) for start, end in ends], np.int64)

    def _column(self, column: str) -> Numbers:
        values = [layer.columns[column] for layer in self.problem.layers]
        return np.concatenate(values) if values else np.zeros(0)

    def _is_chain(self, column: str) -> bool:
        """Whether the longest way leads through all layers, so that it is a sum."""
        pairs = zip(range(len(self.starts) - 1), range(1, len(self.starts) - 1), strict=False)
        return set(pairs) <= set(self.problem.edges) and bool((self._column(column) >= 0).all())

    def _variable(self, values: Numbers) -> int:
        self._n_variables += 1
        self._largest.append(float(np.maximum(values, 0).sum()))
        return self._n_variables - 1

    def _add_worst(self, column: str) -> None:
        values = self._column(column)
        unit = unit_of(values)
        worst = self._variable(values / unit)
        self._further["worst", column] = worst, unit
        for layer in range(len(self.starts) - 1):
            self._link(layer, values / unit, worst)

    def _add_longest_way(self, column: str) -> None:
        values = self._column(column)
        unit = unit_of(values)
        starts = [self._variable(values / unit) for _ in self.problem.layers]
        end = self._variable(values / unit)
        self._further["along", column] = end, unit
        for source, target in self.problem.edges:
            self._link(source, values / unit, starts[target], starts[source])
        for layer, start in enumerate(starts):
            self._link(layer, values / unit, end, start)

    def _link(self, layer: int, values: Numbers, later: int, earlier: int | None = None) -> None:
        """``later`` is at least what the layer contributes, after ``earlier``."""
        options = np.arange(self.starts[layer], self.starts[layer + 1])
        before = [] if earlier is None else [earlier]
        variables = np.concatenate([options, [later], before]).astype(np.int64)
        self._links.append((variables, np.concatenate([values[options], [-1.0], np.ones(len(before))])))
