"""How a design of a campaign ended, as JSON that goes to the journal and to the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from accelgen.errors import ReportError
from accelgen.results import Failure, Result
from accelgen.results.record import predicted_json, read_predicted, read_synthesis, synthesis_json


@dataclass(frozen=True)
class Outcome:
    """How a design ended.

    Attributes:
        failure: None where it is done.
        message: why it failed.
        tries: of it.
        seconds: that the last one took.
        results: for the store: the stages that were reported, or the one that failed.
    """

    failure: Failure | None
    message: str
    tries: int
    seconds: float
    results: tuple[Result, ...]

    def with_details(self, details: Mapping[str, Any]) -> Outcome:
        """The same with further details in each result."""
        added = tuple(
            replace(result, details={**result.details, "campaign": dict(details)}) for result in self.results
        )
        return replace(self, results=added)

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return {
            "failure": None if self.failure is None else self.failure.value,
            "message": self.message,
            "tries": self.tries,
            "seconds": self.seconds,
            "results": [
                {
                    "synthesis": synthesis_json(result.synthesis),
                    "network": result.network,
                    "predicted": predicted_json(result.predicted),
                    "failure": None if result.failure is None else result.failure.value,
                    "details": dict(result.details),
                }
                for result in self.results
            ],
        }

    @classmethod
    def from_json(cls, data: Any) -> Outcome:
        """Read what `as_json` wrote.

        Raises:
            ReportError: it is none.
        """
        try:
            return cls(
                failure=_failure(data["failure"]),
                message=str(data["message"]),
                tries=int(data["tries"]),
                seconds=float(data["seconds"]),
                results=tuple(
                    Result(
                        synthesis=read_synthesis(row["synthesis"]),
                        network=str(row["network"]),
                        predicted=read_predicted(row["predicted"]),
                        failure=_failure(row["failure"]),
                        details=dict(row["details"]),
                    )
                    for row in data["results"]
                ),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReportError(f"the outcome of a design is damaged: {error!r}") from None


def _failure(value: str | None) -> Failure | None:
    return None if value is None else Failure(value)
