"""The complete front of two figures: every design that no other one beats in both, under the limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from accelgen.explore.milp import Solution
from accelgen.explore.problem import Problem


@dataclass(frozen=True, eq=False)
class Front:
    """Designs that keep every limit, ascending by the first figure and descending by the second.

    Attributes:
        axes: the two figures.
        points: one design for each pair of figures.
        proven: that no point is missing.
    """

    axes: tuple[str, str]
    points: tuple[Solution, ...]
    proven: bool


def pareto(problem: Problem, first: str, second: str, *, time_limit_s: float = inf) -> Front:
    """The front of two figures under the limits of a problem, whose objective does not matter.

    Returns:
        No points where no design keeps the limits. With a time limit the points that were found.
    """
    raise NotImplementedError


def thin(points: Sequence[Solution], axes: tuple[str, str], n: int) -> list[Solution]:
    """At most n points that are spread well over a front: both ends, the knee and what lies between them."""
    raise NotImplementedError
