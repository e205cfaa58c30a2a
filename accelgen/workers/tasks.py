"""Tasks that do not depend on each other: what goes to a worker, what comes back, what is allowed."""

from __future__ import annotations

import json
import pickle
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, TypeAlias

from accelgen.errors import AccelgenError, UsageError

Json: TypeAlias = Any
"""What JSON holds: None, bool, int, float (also nan and inf), str, and lists and dicts of these."""

Function: TypeAlias = Callable[[Any], Any]
"""From a task to a result, both `Json`; the result may depend on the task only."""


@dataclass(frozen=True)
class Limits:
    """What a task may take.

    Attributes:
        time_s: wall time of one try; None is unlimited.
        retries: further tries of a task that raised an exception or took too long.
        losses: tries of a task whose worker process dies, after which it is given up.
    """

    time_s: float | None = None
    retries: int = 0
    losses: int = 3

    def __post_init__(self) -> None:
        if self.time_s is not None and not self.time_s > 0:
            raise UsageError(f"a time limit of {self.time_s:g} s leaves no time")
        if self.retries < 0 or self.losses < 1:
            raise UsageError(f"{self.retries} retries and {self.losses} losses are not possible")


@dataclass(frozen=True)
class Failure:
    """Why a task has no result: ``reason`` in a line, and the traceback where an exception was raised."""

    reason: str
    traceback: str = ""


@dataclass(frozen=True)
class Outcome:
    """What became of the task at a position of those that were given: a result, or a failure."""

    position: int
    task: Json
    result: Json = None
    failure: Failure | None = None


class Workers(Protocol):
    """Where tasks run. A context manager: leaving it ends every process that it started."""

    def run(
        self, function: Function, texts: Sequence[str], limits: Limits
    ) -> Iterator[tuple[int, str | Failure]]:
        """Run the function on tasks, each a JSON text; position and result's JSON text, as they finish.

        Nothing runs before the first is asked for; closing the iterator ends what runs. A pool runs one
        sequence at a time.

        Raises:
            UsageError: the function cannot be sent to a worker.
            ToolError: workers cannot be started, or cannot be reached any more.
        """
        ...

    def __enter__(self) -> Workers: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def json_text(value: Json) -> str:
    """The JSON text of a value, which gives exactly the same floats back."""
    return json.dumps(value, separators=(",", ":"))


def shortened(text: str, width: int = 80) -> str:
    """The text, or its beginning where it is wider."""
    return text if len(text) <= width else f"{text[: width - 3]}..."


def task_text(task: Json) -> str:
    """The JSON text that tells a task from others, whatever the order of its keys.

    Raises:
        UsageError: JSON cannot hold it.
    """
    try:
        return json.dumps(task, sort_keys=True, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(f"the task {task!r} is none: {error}") from None


def attempt(function: Function, text: str) -> str | Failure:
    """The JSON text of the function's result for a task, or what it raised."""
    try:
        return json_text(function(json.loads(text)))
    except (Exception, SystemExit) as error:
        reason = str(error) if isinstance(error, AccelgenError) else f"{type(error).__name__}: {error}"
        return Failure(reason, traceback.format_exc())


def pickled(function: Function) -> bytes:
    """A function for a worker of the same user, which imports it by its name.

    Raises:
        UsageError: it cannot be pickled.
    """
    try:
        return pickle.dumps(function)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise UsageError(f"{function!r} cannot be sent to workers: {error}") from None
