"""Assignments of formats as far as they have been evaluated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from accelgen.exploration.formats.space import Genes


@dataclass(frozen=True)
class Part:
    """The losses of consecutive samples: how many, their sum, and the sum of their squares."""

    samples: int
    total: float
    squares: float


@dataclass(frozen=True)
class Point:
    """An assignment of formats.

    Attributes:
        genes: the assignment.
        cost: the objective of the best hardware for it.
        excess: by how much that misses limits, relative to the worst one; 0 where it keeps all.
        parts: losses of the samples seen so far, a part for each rung.
        complete: whether all samples were seen.
        expected: the mean loss of all samples where a prediction stopped the evaluation.
    """

    genes: Genes
    cost: float
    excess: float
    parts: tuple[Part, ...] = ()
    complete: bool = False
    expected: float | None = None

    @property
    def samples(self) -> int:
        """The samples seen."""
        return sum(part.samples for part in self.parts)

    @property
    def loss(self) -> float:
        """The mean loss of the samples seen, or what is expected of all; infinity where none was seen."""
        if self.expected is not None:
            return self.expected
        return self.mean(len(self.parts)) if self.parts else np.inf

    def mean(self, rungs: int) -> float:
        """The mean loss of the samples of the first ``rungs``."""
        parts = self.parts[:rungs]
        return sum(part.total for part in parts) / sum(part.samples for part in parts)

    @property
    def feasible(self) -> bool:
        """Whether the hardware keeps every limit."""
        return self.excess <= 0


def front(points: Iterable[Point]) -> list[Point]:
    """The complete, feasible points that no other beats in loss and cost, ascending by cost.

    Of points alike in both the one with the smallest genes is taken.
    """
    known = [point for point in points if point.complete and point.feasible]
    best, kept = np.inf, []
    for point in sorted(known, key=lambda point: (point.cost, point.loss, point.genes)):
        if point.loss < best:
            best = point.loss
            kept.append(point)
    return kept
