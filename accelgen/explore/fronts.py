"""The fronts of many search problems, on workers, and not again what a journal holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accelgen.explore.front import Front, pareto
from accelgen.explore.milp import Point
from accelgen.explore.problem import Problem
from accelgen.workers import Journal, Json, Workers, evaluate

KIND = "front"
"""Of tasks in a journal."""


@dataclass(frozen=True, eq=False)
class FrontOf:
    """The front of one of some problems: what a worker does; a task is the problem's `fingerprint`."""

    problems: Mapping[str, Problem]
    axes: tuple[str, str]

    def __call__(self, task: Json) -> Json:
        """The points as JSON, and whether none is missing."""
        front = pareto(self.problems[task], *self.axes)
        points = [[list(map(int, point.positions)), dict(point.figures)] for point in front.points]
        return {"points": points, "proven": front.proven}


def fronts(
    problems: Sequence[Problem],
    axes: tuple[str, str],
    *,
    workers: Workers | None = None,
    journal: Journal | None = None,
) -> list[Front]:
    """The front of each problem between two figures.

    Raises:
        TaskError: a front could not be found.
    """
    named = {fingerprint(problem): problem for problem in problems}
    outcomes = evaluate(
        list(map(fingerprint, problems)), FrontOf(named, axes), workers=workers, journal=journal, kind=KIND
    )
    return [
        Front(
            axes,
            tuple(Point(tuple(positions), figures) for positions, figures in outcome.result["points"]),
            outcome.result["proven"],
        )
        for outcome in outcomes
    ]


def fingerprint(problem: Problem) -> str:
    """The SHA-256 of what the front of a problem depends on."""
    digest = hashlib.sha256(repr((problem.figures, problem.limits, problem.edges)).encode())
    for layer in problem.layers:
        for name, column in layer.columns.items():
            digest.update(f"{layer.name}\n{name}\n".encode() + column.tobytes())
    return digest.hexdigest()
