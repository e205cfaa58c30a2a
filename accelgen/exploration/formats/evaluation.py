"""Evaluates assignments of formats on workers, rung by rung, and none twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from accelgen.exploration.formats.accuracy import Benchmark
from accelgen.exploration.formats.halving import Judge, rungs_of
from accelgen.exploration.formats.hardware import HardwareSearch
from accelgen.exploration.formats.points import Part, Point
from accelgen.exploration.formats.space import FormatSpace, Genes
from accelgen.workers import Journal, Json, Workers, evaluate

KIND = "formats"
"""Of tasks in a journal."""


@dataclass(frozen=True, eq=False)
class Evaluate:
    """One rung of an assignment: what a worker does.

    A task is [genes, first sample, end of samples]. The result holds losses as [samples, sum, sum of
    squares], and in the first rung the hardware's "cost" and "excess"; where that misses limits, no losses.
    """

    space: FormatSpace
    benchmark: Benchmark
    hardware: HardwareSearch

    def __call__(self, task: Json) -> Json:
        """The result of a task.

        Raises:
            ToolError: estimates are corrected otherwise here than where the search began.
        """
        genes, start, stop = task
        network, design = self.space.apply(genes)
        found: dict[str, Json] = {}
        if start == 0:
            self.hardware.check_corrections()
            cost, excess = self.hardware.least_cost(network, design)
            found = {"cost": cost, "excess": excess}
            if excess > 0:
                return found
        return {**found, "losses": list(self.benchmark.losses(network, start, stop))}


@dataclass(eq=False)
class Evaluations:
    """Every point that was evaluated, in the order of evaluation, and how to get more."""

    task: Evaluate
    halving: bool = True
    workers: Workers | None = None
    journal: Journal | None = None
    points: dict[Genes, Point] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rungs = rungs_of(len(self.task.benchmark), self.halving)

    @property
    def stopped(self) -> int:
        """How many were stopped after part of the samples."""
        return sum(point.expected is not None for point in self.points.values())

    def add(self, assignments: Iterable[Genes]) -> None:
        """Evaluate assignments that are not known yet; hopeless ones in part.

        What is hopeless follows from the points known before, so that the order and the place of evaluations
        change nothing.
        """
        fresh = [Point(genes, 0.0, 0.0) for genes in dict.fromkeys(assignments) if genes not in self.points]
        self.points |= {point.genes: point for point in fresh}
        judge = Judge(self.points.values())
        alive, start = fresh, 0
        for stop in self._rungs:
            seen = [
                _extended(point, outcome, stop == self._rungs[-1])
                for point, outcome in zip(alive, self._run(alive, start, stop), strict=True)
            ]
            judged = [
                point if point.complete or not point.feasible else _stopped(point, judge) for point in seen
            ]
            self.points |= {point.genes: point for point in judged}
            alive = [
                point for point in judged if point.feasible and not point.complete and point.expected is None
            ]
            start = stop

    def _run(self, points: Sequence[Point], start: int, stop: int) -> list[Json]:
        tasks = [[list(point.genes), start, stop] for point in points]
        outcomes = evaluate(tasks, self.task, workers=self.workers, journal=self.journal, kind=KIND)
        return [outcome.result for outcome in outcomes]


def _extended(point: Point, result: Json, last: bool) -> Point:
    point = replace(point, cost=result.get("cost", point.cost), excess=result.get("excess", point.excess))
    if "losses" not in result:
        return point
    return replace(point, parts=(*point.parts, Part(*result["losses"])), complete=last)


def _stopped(point: Point, judge: Judge) -> Point:
    return replace(point, expected=judge.expected_if_hopeless(point))
