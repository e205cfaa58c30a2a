"""One result: a synthesis as surrogates learn from it, and what was predicted and reported besides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from accelgen import __version__
from accelgen.errors import ReportError
from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.storage import from_row, to_row
from accelgen.surrogates.dataset.table import BadRecordError
from accelgen.surrogates.record import TARGETS, Synthesis

if TYPE_CHECKING:
    from accelgen.estimation import Estimate

MAX_BYTES = 64 << 20
"""The longest entry believed: a design of 10,000 layers takes 4 MB."""


class Failure(Enum):
    """Why there are no figures."""

    FAILED = "failed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    KILLED = "killed"
    NO_REPORT = "no report"

    @property
    def of_design(self) -> bool:
        """Whether it says something of the design: what was killed from outside may only have been in the
        way, and a tool that ended well has only lost its report.
        """
        return self not in (Failure.KILLED, Failure.NO_REPORT)


@dataclass(frozen=True)
class Predicted:
    """What was predicted before the synthesis was known.

    Attributes:
        accelgen: the version that predicted.
        domain: name of the tool and stage predicted for (`accelgen.surrogates.rules.Domain`).
        total: (value, low, high) of the whole design, by target.
        in_domain: the design was like those that estimates were learned from.
        success: probability that the tool finishes, None where nothing was known of it.
    """

    accelgen: str
    domain: str
    total: Mapping[str, tuple[float, float, float]]
    in_domain: bool
    success: float | None = None

    @classmethod
    def of(cls, estimate: Estimate) -> Predicted:
        """The prediction of this version of accelgen."""
        return cls(
            accelgen=__version__,
            domain=estimate.domain.name,
            total={name: (own.value, own.low, own.high) for name, own in estimate.total.items()},
            in_domain=estimate.in_domain,
            success=estimate.success,
        )


@dataclass(frozen=True)
class Result:
    """A synthesis and its circumstances.

    Attributes:
        synthesis: the design, the tool, and its figures; without figures where it failed.
        network: the network's name.
        predicted: None where nothing was.
        failure: why it failed, None where it did not.
        details: what else was reported, as JSON: times, slack, cosimulation, versions of further tools.
    """

    synthesis: Synthesis
    network: str
    predicted: Predicted | None = None
    failure: Failure | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tells(self) -> bool:
        """Whether surrogates can learn from it: a success, or a failure of the design."""
        return self.failure is None or self.failure.of_design

    @property
    def digest(self) -> str:
        """What is equal for two readings of one report, wherever it lies and whatever was predicted of it."""
        row = to_row(replace(self.synthesis, source="", group="", per_layer={}))
        failure = None if self.failure is None else self.failure.value
        return sha256(dumps([self.network, failure, row]).encode()).hexdigest()


@dataclass(frozen=True)
class Stored:
    """A result in the store: its number there, when it was first seen (UTC, ISO 8601), and itself."""

    number: int
    added: str
    result: Result


def dumps(data: object) -> str:
    """JSON in one form for equal data.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(data, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))


def synthesis_json(synthesis: Synthesis) -> str:
    """A synthesis as text; `read_synthesis` gives it back equal."""
    return dumps(to_row(synthesis))


def read_synthesis(text: str) -> Synthesis:
    """The synthesis in a text; raises ReportError where it is damaged."""
    try:
        return from_row(Fields(_object(text)))
    except BadRecordError as error:
        raise ReportError(f"its synthesis is damaged: {error}") from None


def predicted_json(predicted: Predicted | None) -> str | None:
    """A prediction as text; `read_predicted` gives it back equal."""
    return None if predicted is None else dumps(vars(predicted))


def read_predicted(text: str | None) -> Predicted | None:
    """The prediction in a text; raises ReportError where it is damaged."""
    if text is None:
        return None
    row = Fields(_object(text))
    try:
        total = row.mapping("total")
        return Predicted(
            accelgen=row.text("accelgen"),
            domain=row.text("domain"),
            total={name: _ends(total.sequence(name, 3)) for name in TARGETS if name in total},
            in_domain=row.flag("in_domain"),
            success=row.optional("success"),
        )
    except BadRecordError as error:
        raise ReportError(f"its prediction is damaged: {error}") from None


def read_details(text: str) -> Mapping[str, Any]:
    """The details in a text; raises ReportError where they are damaged."""
    return _object(text)


def result_json(result: Result) -> dict[str, Any]:
    """A result as JSON, its synthesis and prediction as texts; `read_result` gives it back equal."""
    return {
        "synthesis": synthesis_json(result.synthesis),
        "network": result.network,
        "predicted": predicted_json(result.predicted),
        "failure": None if result.failure is None else result.failure.value,
        "details": dict(result.details),
    }


def read_result(data: Mapping[str, Any]) -> Result:
    """The result that `result_json` made this of; raises ReportError where it is damaged."""
    try:
        return Result(
            synthesis=read_synthesis(data["synthesis"]),
            network=str(data["network"]),
            predicted=read_predicted(data["predicted"]),
            failure=read_failure(data["failure"]),
            details=dict(data["details"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"it is damaged: {error!r}") from None


def read_failure(value: str | None) -> Failure | None:
    """The failure of a value, None of None; raises ValueError where there is none."""
    return None if value is None else Failure(value)


def _ends(values: list[Any]) -> tuple[float, float, float]:
    if len(values) != 3 or not all(isinstance(value, int | float) for value in values):
        raise BadRecordError(f"{values!r:.60} is no value with its interval")
    value, low, high = (float(value) for value in values)
    return value, low, high


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text) if isinstance(text, str) and len(text) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise ReportError("it is damaged: an entry is no JSON object")
    return data
