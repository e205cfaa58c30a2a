"""The fronts of many search problems, on workers, and not again what a journal holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from accelgen.console import progress
from accelgen.exploration.front import Front, pareto
from accelgen.exploration.milp import Point
from accelgen.exploration.problem import Problem
from accelgen.workers import Journal, Json, Workers, evaluate

KIND = "front"
"""Of tasks in a journal."""


@dataclass(frozen=True, eq=False)
class FrontOf:
    """The front of one of some problems: what a worker does.

    A task is the problem's `fingerprint` and the seconds that its search may take, None without a limit.
    """

    problems: Mapping[str, Problem]
    axes: tuple[str, str]

    def __call__(self, task: Json) -> Json:
        """The points as JSON, and whether none is missing."""
        name, seconds = task
        front = pareto(
            self.problems[name],
            *self.axes,
            time_limit_s=inf if seconds is None else seconds,
            found=lambda n: progress(f"searching the front: {n} points"),
        )
        points = [[list(map(int, point.positions)), dict(point.figures)] for point in front.points]
        return {"points": points, "proven": front.proven}


def fronts(
    problems: Sequence[Problem],
    axes: tuple[str, str],
    *,
    workers: Workers | None = None,
    journal: Journal | None = None,
    time_limit_s: float = inf,
) -> list[Front]:
    """The front of each problem between two figures.

    The search of each ends after ``time_limit_s``, with what was found by then, which is not proven.

    Raises:
        TaskError: a front could not be found.
    """
    names = [fingerprint(problem) for problem in problems]
    seconds = None if time_limit_s == inf else time_limit_s
    outcomes = evaluate(
        [[name, seconds] for name in names],
        FrontOf(dict(zip(names, problems, strict=True)), axes),
        workers=workers,
        journal=journal,
        kind=KIND,
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
