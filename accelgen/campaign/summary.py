"""What a campaign came to: how each design ended, and how well it was predicted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.campaign.job import PROJECTS
from accelgen.campaign.outcome import Outcome
from accelgen.campaign.space import Job
from accelgen.results import Result
from accelgen.surrogates.metrics import smape
from accelgen.surrogates.record import TARGETS

DONE, NOT_RUN = "done", "not run"


@dataclass(frozen=True)
class Ended:
    """A design and how it ended; without an outcome it could not be run, for a ``reason``."""

    job: Job
    outcome: Outcome | None
    reason: str = ""

    @property
    def status(self) -> str:
        """`DONE`, how it failed (`accelgen.results.Failure`), or `NOT_RUN`."""
        if self.outcome is None:
            return NOT_RUN
        return DONE if self.outcome.failure is None else self.outcome.failure.value


@dataclass(frozen=True)
class Errors:
    """How well a target was predicted: results, SMAPE in percent, and the share that intervals held."""

    n: int
    smape: float
    held: float


@dataclass(frozen=True)
class Campaign:
    """What a campaign came to.

    Attributes:
        directory: where it is.
        store: the file that the results went to.
        target: of make.
        ended: every design, in the order of the plan.
        ran: designs that ran now; the others had ended before.
        refused: combinations that no design can have, and why.
        repeated: combinations that lead to the design of another.
    """

    directory: Path
    store: Path
    target: str
    ended: tuple[Ended, ...]
    ran: int
    refused: tuple[str, ...]
    repeated: int

    @property
    def counts(self) -> dict[str, int]:
        """Designs by `Ended.status`."""
        return dict(Counter(ended.status for ended in self.ended))

    @property
    def failures(self) -> tuple[Ended, ...]:
        """Designs that are not done."""
        return tuple(ended for ended in self.ended if ended.status != DONE)

    def project(self, ended: Ended) -> Path:
        """The folder of a design."""
        return self.directory / PROJECTS / ended.job.project

    @property
    def results(self) -> Iterator[Result]:
        """All results, in the order of the plan."""
        for ended in self.ended:
            if ended.outcome is not None:
                yield from ended.outcome.results

    def errors(self) -> dict[str, dict[str, Errors]]:
        """How well targets were predicted before they were measured, by stage and target."""
        pairs: dict[str, dict[str, list[tuple[float, ...]]]] = {}
        for result in self.results:
            predicted = {} if result.predicted is None else result.predicted.total
            for target, measured in result.synthesis.targets.items():
                if target in predicted:
                    stage = pairs.setdefault(result.synthesis.resource_stage.value, {})
                    stage.setdefault(target, []).append((measured, *predicted[target]))
        return {
            stage: {target: _errors(own[target]) for target in TARGETS if target in own}
            for stage, own in pairs.items()
        }

    def as_json(self) -> dict[str, Any]:
        """The campaign as ``--json`` prints it; docs/campaigns.md says what each entry means."""
        return {
            "directory": str(self.directory),
            "store": str(self.store),
            "target": self.target,
            "designs": len(self.ended),
            "ran": self.ran,
            "status": self.counts,
            "refused": list(self.refused),
            "repeated": self.repeated,
            "failures": [
                {
                    "network": ended.job.name,
                    "project": str(self.project(ended)),
                    "status": ended.status,
                    "tries": 0 if ended.outcome is None else ended.outcome.tries,
                    "reason": ended.reason,
                }
                for ended in self.failures
            ],
            "errors": {
                stage: {target: asdict(own) for target, own in found.items()}
                for stage, found in self.errors().items()
            },
        }


def _errors(pairs: list[tuple[float, ...]]) -> Errors:
    measured, value, low, high = np.array(pairs).T
    held = (low <= measured) & (measured <= high)
    return Errors(len(pairs), smape(measured, value), float(held.mean()))
