"""How a design of a campaign ended, as JSON that goes to the journal and to the project."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from accelgen.errors import ReportError
from accelgen.results import Failure, Result
from accelgen.results.record import read_failure, read_result, result_json


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
            "results": list(map(result_json, self.results)),
        }

    @classmethod
    def from_json(cls, data: Any) -> Outcome:
        """Read what `as_json` wrote.

        Raises:
            ReportError: it is none.
        """
        try:
            return cls(
                failure=read_failure(data["failure"]),
                message=str(data["message"]),
                tries=int(data["tries"]),
                seconds=float(data["seconds"]),
                results=tuple(map(read_result, data["results"])),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ReportError(f"the outcome of a design is damaged: {error!r}") from None
