"""One part, clock period and io type: the best design there, its estimate as a whole keeping the limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from accelgen.boards import Resources, find_part
from accelgen.design import Design, LayerDesign
from accelgen.estimation import Estimate, estimate_design
from accelgen.exploration.goals import Goals
from accelgen.exploration.milp import Point, Solution, solve
from accelgen.exploration.problem import Problem
from accelgen.exploration.reasons import Impossible, Wording
from accelgen.exploration.space import Space, design_space
from accelgen.ir import Network
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain

ATTEMPTS = 50
"""Designs whose estimate as a whole breaks a limit that their layers keep, before the search is given up."""


def target_name(design: Design) -> str:
    """Part, clock period and io type of a design, for people."""
    return f"{design.part}, {design.clock_ns:g} ns, {design.io_type.value}"


@dataclass(frozen=True, eq=False)
class Winner:
    """The best design of a target.

    Attributes:
        solution: of the target's problem.
        design: complete and legal.
        estimate: of the whole design, which keeps the limits.
        reason: what keeps it from being better, in a sentence.
        proven: that no other design is better, by the table of estimates.
    """

    solution: Solution
    design: Design
    estimate: Estimate
    reason: str
    proven: bool


@dataclass(frozen=True, eq=False)
class Target:
    """A part, a clock period and an io type that designs are searched for.

    Attributes:
        network: exact and typed.
        space: its designs.
        held: what the part holds, None where that is not known.
        domain: whose measurements are estimated.
    """

    network: Network
    space: Space
    held: Resources | None
    domain: Domain

    @classmethod
    def of(
        cls,
        network: Network,
        design: Design,
        allowed: Mapping[str, Sequence[LayerDesign]],
        domain: Domain = DEFAULT_DOMAIN,
    ) -> Target:
        """The target that a design names, where ``allowed`` is all that single layers may be.

        Raises:
            DesignError: ``allowed`` leaves a layer without an option.
        """
        space = design_space(network, design, allowed=allowed, domain=domain)
        return cls(network, space, find_part(design.part).resources, domain)

    @property
    def clock_ns(self) -> float:
        """The clock period."""
        return self.space.design.clock_ns

    def __str__(self) -> str:
        return target_name(self.space.design)

    def most(self, goals: Goals) -> dict[str, float]:
        """The most that figures may be; UsageError for a share of what is not known."""
        return goals.most(self.clock_ns, self.held)

    def problem(self, goals: Goals) -> Problem:
        """The exact search for the best design."""
        limits = {goals.table_name(figure): most for figure, most in self.most(goals).items()}
        return self.space.problem(goals.weights(self.held), limits)

    def impossible(self, goals: Goals) -> Impossible:
        """Why no design keeps the limits."""
        return self._wording(self.problem(goals), goals).impossible()

    def _wording(self, problem: Problem, goals: Goals) -> Wording:
        return Wording(problem, self.most(goals), goals, self.clock_ns)

    def estimate(self, solution: Point) -> tuple[Design, Estimate]:
        """The design of a solution, and what is expected of it as a whole."""
        design = self.space.designed(solution.positions)
        return design, estimate_design(self.network, design, self.domain)

    def broken(self, estimate: Estimate, goals: Goals) -> list[str]:
        """The figures whose limits an estimate breaks."""
        return [
            figure
            for figure, most in self.most(goals).items()
            if goals.counted(figure, estimate.total[figure]) > most * (1 + 1e-9)
        ]

    def winner(self, goals: Goals) -> Winner | None:
        """The best design, None where none keeps the limits.

        Where the estimate of a whole design breaks a limit that its layers keep, the limit is lowered until
        the search finds another one; what is found then is not proven.
        """
        asked = problem = self.problem(goals)
        for _ in range(ATTEMPTS):
            # of designs that are as good, the other axis decides where it can
            found = solve(problem, smallest=len(problem.objective) > 1)
            if found is None:
                return None
            found = _thriftiest(problem, found, goals)
            design, estimate = self.estimate(found)
            broken = self.broken(estimate, goals)
            if not broken:
                reason = self._wording(problem, goals).why(found)
                return Winner(found, design, estimate, reason, found.proven and problem is asked)
            limits = dict(problem.limits)
            for figure in broken:
                share = self.most(goals)[figure] / goals.counted(figure, estimate.total[figure])
                name = goals.table_name(figure)
                limits[name] = found.figures[name] * min(share, 1 - 1e-6)
            problem = replace(problem, limits=limits)
        return None


def _thriftiest(problem: Problem, found: Solution, goals: Goals) -> Solution:
    """Of the designs that are as good by the objective, one with the least of the other axis."""
    if len(problem.objective) != 1 or not found.proven:
        return found
    (figure,) = problem.objective
    other = next(axis for axis in goals.figures if axis != figure)
    most = found.figures[figure]
    again = solve(replace(problem, objective={other: 1.0}, limits={**problem.limits, figure: most}))
    return found if again is None else replace(again, cost=found.cost, bound=found.bound)
