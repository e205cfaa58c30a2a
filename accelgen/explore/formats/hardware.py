"""The best hardware for the network of one assignment of formats: what the exact search answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accelgen.design import Design
from accelgen.explore.infeasible import explain
from accelgen.explore.milp import solve
from accelgen.explore.space import design_space
from accelgen.ir import Network
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain


@dataclass(frozen=True)
class Hardware:
    """The best hardware for a network.

    Attributes:
        design: with the choices for every layer.
        cost: the objective.
        excess: by how much it misses limits, relative to the worst one; 0 where it keeps all.
    """

    design: Design
    cost: float
    excess: float = 0.0


@dataclass(frozen=True)
class HardwareSearch:
    """What the hardware of every network is chosen for.

    Attributes:
        name: of the objective, such as "lut".
        objective: weights of figures, as of `Problem`.
        limits: the most that figures may be, as of `Problem`.
        domain: whose measurements are estimated.
    """

    name: str
    objective: Mapping[str, float]
    limits: Mapping[str, float]
    domain: Domain = DEFAULT_DOMAIN

    def best(self, network: Network, design: Design) -> Hardware:
        """The best hardware for an exact, typed network that shares part, clock and io type with ``design``.

        Where none keeps the limits, that which misses them least.
        """
        space = design_space(network, design, domain=self.domain)
        problem = space.problem(self.objective, self.limits)
        found = solve(problem)
        if found is None:
            found = explain(problem).nearest
        beyond = ((found.figures[name] - limit) / max(limit, 1.0) for name, limit in self.limits.items())
        return Hardware(space.designed(found.positions), found.cost, max(0.0, *beyond, 0.0))
