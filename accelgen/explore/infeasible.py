"""Why no design keeps the limits of a problem, and which one misses them least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelgen.explore.milp import Solution
from accelgen.explore.problem import Problem


@dataclass(frozen=True, eq=False)
class Infeasible:
    """The proof that no design keeps the limits.

    Attributes:
        alone: the best design for each limit that cannot be met even without the others.
        conflict: the smallest set of limits that cannot be met together, where each alone can.
        nearest: the design whose worst excess over a limit, relative to the limit, is least.
        excess: of the nearest design: what it takes beyond each limit that it misses.
    """

    alone: Mapping[str, Solution]
    conflict: tuple[str, ...]
    nearest: Solution
    excess: Mapping[str, float]

    def __str__(self) -> str:
        """One or two plain sentences."""
        raise NotImplementedError


def explain(problem: Problem) -> Infeasible:
    """Why no design keeps the limits of a problem.

    Raises:
        ValueError: a design keeps them.
    """
    raise NotImplementedError
