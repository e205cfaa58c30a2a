"""The best hardware for the network of one assignment of formats: what the exact search answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

from accelgen.boards import find_part
from accelgen.choices import Choices
from accelgen.design import Design
from accelgen.errors import InfeasibleError, ToolError
from accelgen.estimation import Estimate
from accelgen.exploration.fixed import allowed_choices
from accelgen.exploration.goals import RESOURCES_TOGETHER, Goals, figure_named, in_us
from accelgen.exploration.infeasible import explain
from accelgen.exploration.milp import solve
from accelgen.exploration.search import why_impossible
from accelgen.exploration.target import Target, target_name
from accelgen.ir import Network
from accelgen.surrogates.rules import DEFAULT_DOMAIN, Domain
from accelgen.surrogates.update.folder import corrections_digest, user_folder
from accelgen.workers import Json


@dataclass(frozen=True)
class HardwareSearch:
    """What the hardware of every network is chosen for.

    Attributes:
        goals: the objective, and the limits that hardware keeps.
        devices: designs that name the parts, clock periods and io types to choose from.
        asked: what users fix of layers.
        domain: whose measurements are estimated.
        corrections: the digest of the user's own corrections of estimates.
    """

    goals: Goals
    devices: tuple[Design, ...]
    asked: Choices = field(default_factory=Choices)
    domain: Domain = DEFAULT_DOMAIN
    corrections: str = field(default_factory=corrections_digest)

    def identity(self) -> dict[str, Json]:
        """What answers depend on, for `Journal`: what people say of it first."""
        return {
            "goals": asdict(self.goals),
            "targets": list(map(target_name, self.devices)),
            "tool": self.domain.name,
            "corrections": self.corrections,
            "asked": str(self.asked),
            "designs": list(map(str, self.devices)),
        }

    def check_corrections(self) -> None:
        """Make sure that estimates are the same here as where the search began.

        Raises:
            ToolError: the user's corrections of estimates are others.
        """
        if self.corrections != corrections_digest():
            raise ToolError(
                f"the corrections of estimates in {user_folder()} are not those with which the search began: "
                "workers need the same (ACCELGEN_SURROGATES)"
            )

    @property
    def figure(self) -> str:
        """The figure that is to be least, or `RESOURCES_TOGETHER`; times where clock periods differ."""
        if self.goals.objective == RESOURCES_TOGETHER:
            return RESOURCES_TOGETHER
        figure = figure_named(self.goals.objective)
        return in_us(figure) if self._timed else figure

    @property
    def limits(self) -> dict[str, float]:
        """The most that figures may be, where that is the same on all devices."""
        return self.goals.common(
            [(device.clock_ns, find_part(device.part).resources) for device in self.devices]
        )

    def least_cost(self, network: Network, design: Design) -> tuple[float, float]:
        """The objective of the best hardware for an exact, typed network, and by how much it misses limits.

        ``design`` says the numbers. Where no hardware keeps the limits it is that which misses them least,
        and the second number its worst excess, relative to the limit; 0 where all are kept.
        """
        return min(
            map(self._least_cost, self._targets(network, design)), key=lambda found: (found[1], found[0])
        )

    def best(self, network: Network, design: Design) -> tuple[Design, Estimate]:
        """The best design for an exact, typed network, whose estimate as a whole keeps the limits.

        Raises:
            InfeasibleError: none does.
        """
        targets = self._targets(network, design)
        won = [winner for target in targets if (winner := target.winner(self.goals)) is not None]
        if not won:
            raise InfeasibleError("no design keeps the limits once it is estimated as a whole")
        best = min(won, key=lambda winner: self.cost(winner.estimate))
        return best.design, best.estimate

    def why_impossible(self, network: Network, design: Design) -> str:
        """Why no hardware of an exact, typed network keeps the limits; ``design`` says the numbers."""
        return why_impossible(list(self._targets(network, design)), self.goals)

    def cost(self, estimate: Estimate) -> float:
        """The objective of a design."""
        return self.goals.cost(estimate, in_time=self._timed)

    @property
    def _timed(self) -> bool:
        """Whether cycles are compared between clock periods."""
        return self.goals.timed and len({device.clock_ns for device in self.devices}) > 1

    def _least_cost(self, target: Target) -> tuple[float, float]:
        problem = target.problem(self.goals)
        scale = target.clock_ns / 1000 if self._timed else 1.0
        found = solve(problem)
        if found is not None:
            return found.cost * scale, 0.0
        missed = explain(problem)
        return missed.nearest.cost * scale, missed.missed[0]

    def _targets(self, network: Network, design: Design) -> Iterator[Target]:
        for device in self.devices:
            own = replace(
                design,
                board=device.board,
                part=device.part,
                clock_ns=device.clock_ns,
                io_type=device.io_type,
            )
            yield Target.of(network, own, allowed_choices(network, own, self.asked), self.domain)
