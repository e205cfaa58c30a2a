"""Sentences about searches: what keeps the best design from being better, and why no design will do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from accelgen.exploration.goals import RESOURCES_TOGETHER, TITLES, Goals, figure_named
from accelgen.exploration.infeasible import explain
from accelgen.exploration.milp import Solution, solve
from accelgen.exploration.problem import Problem
from accelgen.exploration.space import INTERVAL, LATENCY

TIGHT = 0.9
"""The share of a limit from which on it is named among those that bound a design together."""

_BETTER = {LATENCY: "faster design", INTERVAL: "design with a shorter interval"}


@dataclass(frozen=True)
class Impossible:
    """Why no design keeps the limits.

    Attributes:
        why: the limits that cannot be kept.
        nearest: what the design that misses them least has.
        missed: by which share of its limit that one misses the worst, and by which shares it misses all.
    """

    why: str
    nearest: str
    missed: tuple[float, float]

    def __str__(self) -> str:
        return f"{self.why}; {self.nearest}"


@dataclass(frozen=True, eq=False)
class Wording:
    """Says figures of one search problem: ``most`` are its limits by figure, at ``clock_ns``."""

    problem: Problem
    most: Mapping[str, float]
    goals: Goals
    clock_ns: float

    def why(self, found: Solution) -> str:
        """What keeps the best design from being better, in a sentence."""
        better = self._better()
        lead = f"best by {self.goals.objective}"
        if self.goals.objective == RESOURCES_TOGETHER:
            binding = [figure for figure in self.most if self._binds(figure, found.cost)]
            if not binding:
                return f"{lead}: no limit keeps it from being smaller"
            return f"{lead}: {'; '.join(self._taken(figure, found) for figure in binding)}"
        figure = figure_named(self.goals.objective)
        beyond = replace(self.problem, limits={figure: found.figures[figure] - 1})
        if solve(beyond, smallest=False) is None:
            return f"{lead}: there is no {better}, whatever it takes"
        least = dict(self._blocking(beyond))
        if not least:
            tight = sorted(self.most, key=lambda name: -self._share(name, found))
            full = [name for name in tight if self._share(name, found) >= TIGHT] or tight[:1]
            fullest = _listed(f"{TITLES[name]} is {self._of(name, found)}" for name in full)
            return f"{lead}: every {better} breaks a limit, where {fullest}"
        taken = (
            f"{self._taken(name, found)}, and any {better} takes {self._amount(name, needed)} or more"
            for name, needed in least.items()
        )
        return f"{lead}: {'; '.join(taken)}"

    def impossible(self) -> Impossible:
        """Why no design keeps the limits, and which one misses them least."""
        found = explain(self.problem)
        figures = {self.goals.table_name(figure): figure for figure in self.most}
        if found.alone:
            why = "; ".join(
                f"{self._limit(figures[table])} is impossible, the least is "
                f"{self._amount(figures[table], best.figures[table])}"
                for table, best in found.alone.items()
            )
        else:
            why = f"{_listed(self._limit(figures[table]) for table in found.conflict)} exclude each other"
        missed = [
            f"{TITLES[figures[table]]} {self._amount(figures[table], found.nearest.figures[table])}"
            for table in found.excess
        ]
        nearest = f"the nearest design has {_listed(missed)}"
        if any(map(self.goals.is_sure, self.most)):
            nearest += " (upper ends of intervals count"
            if solve(replace(self.problem, limits=self.most), smallest=False) is not None:
                nearest += "; the estimates themselves can keep the limits, see --margin 0"
            nearest += ")"
        return Impossible(why, nearest, found.missed)

    def _better(self) -> str:
        if self.goals.objective == RESOURCES_TOGETHER:
            return "smaller design"
        figure = figure_named(self.goals.objective)
        return _BETTER.get(figure, f"design with fewer {TITLES[figure]}")

    def _binds(self, figure: str, cost: float) -> bool:
        """Whether a design would cost less without the limit on a figure."""
        table = self.goals.table_name(figure)
        limits = {name: most for name, most in self.problem.limits.items() if name != table}
        found = solve(replace(self.problem, limits=limits), smallest=False)
        return found is not None and found.cost < cost * (1 - 1e-9)

    def _blocking(self, beyond: Problem) -> Iterable[tuple[str, float]]:
        """The limits that alone leave no better design, and the least that one would take."""
        for figure in self.most:
            table = self.goals.table_name(figure)
            if table in beyond.limits:
                continue
            found = solve(replace(beyond, objective={table: 1.0}), smallest=False)
            if found is not None and found.figures[table] > self.problem.limits[table]:
                yield figure, found.figures[table]

    def _taken(self, figure: str, found: Solution) -> str:
        return f"{TITLES[figure]} is the limit, {self._of(figure, found)}"

    def _of(self, figure: str, found: Solution) -> str:
        """How much of a limit a design takes."""
        upto = "up to " if self.goals.is_sure(figure) else ""
        taken = self._amount(figure, found.figures[self.goals.table_name(figure)])
        return f"{upto}{taken} of {self._amount(figure, self.most[figure])}"

    def _share(self, figure: str, found: Solution) -> float:
        """The share of a limit that a design takes."""
        return found.figures[self.goals.table_name(figure)] / (self.most[figure] or 1.0)

    def _limit(self, figure: str) -> str:
        whose = "" if figure in self.goals.limited else ", which the part holds,"
        return f"{TITLES[figure]} of at most {self._amount(figure, self.most[figure])}{whose}"

    def _amount(self, figure: str, value: float) -> str:
        if figure in (LATENCY, INTERVAL):
            return f"{value:,.0f} cycle{'' if value == 1 else 's'} ({value * self.clock_ns / 1000:.4g} us)"
        return f"{value:,.0f}"


def _listed(texts: Iterable[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last
