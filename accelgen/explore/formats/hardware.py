"""The best hardware for the network of one assignment of formats: what the exact search answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelgen.boards import find_part
from accelgen.choices import Choices
from accelgen.design import Design
from accelgen.estimation import Estimate
from accelgen.explore.fixed import allowed_choices
from accelgen.explore.goals import RESOURCES_TOGETHER, Goals, figure_named
from accelgen.explore.infeasible import explain
from accelgen.explore.milp import solve
from accelgen.explore.search import Best, Target, best_design, targets
from accelgen.ir import Network
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain


@dataclass(frozen=True)
class HardwareSearch:
    """What the hardware of every network is chosen for.

    Attributes:
        goals: the objective, and the limits that hardware keeps.
        asked: what users fix of layers.
        domain: whose measurements are estimated.
    """

    goals: Goals
    asked: Choices = field(default_factory=Choices)
    domain: Domain = DEFAULT_DOMAIN

    @property
    def figure(self) -> str:
        """The figure that is to be least, or `RESOURCES_TOGETHER`."""
        objective = self.goals.objective
        return objective if objective == RESOURCES_TOGETHER else figure_named(objective)

    def limits(self, design: Design) -> dict[str, float]:
        """The most that figures may be on the part of ``design``, at its clock period."""
        return self.goals.most(design.clock_ns, find_part(design.part).resources)

    def cost(self, design: Design, estimate: Estimate) -> float:
        """The objective of a design from its estimate as a whole."""
        weights = self.goals.weights(find_part(design.part).resources)
        return sum(weight * estimate.total[name].value for name, weight in weights.items())

    def least_cost(self, network: Network, design: Design) -> tuple[float, float]:
        """The objective of the best hardware for an exact, typed network, and by how much it misses limits.

        ``design`` says part, clock and io type. Where no hardware keeps the limits it is that which misses
        them least, and the second number its worst excess, relative to the limit; 0 where all are kept.
        """
        problem = self._target(network, design).problem(self.goals)
        found = solve(problem)
        if found is not None:
            return found.cost, 0.0
        missed = explain(problem)
        excess = (beyond / max(problem.limits[name], 1.0) for name, beyond in missed.excess.items())
        return missed.nearest.cost, max(excess)

    def best(self, network: Network, design: Design) -> Best:
        """The best design for an exact, typed network, whose estimate as a whole keeps the limits.

        Raises:
            InfeasibleError: none does.
        """
        return best_design([self._target(network, design)], self.goals)

    def _target(self, network: Network, design: Design) -> Target:
        allowed = allowed_choices(network, design, self.asked)
        (target,) = targets(network, [design], self.goals, allowed=allowed, domain=self.domain)
        return target
