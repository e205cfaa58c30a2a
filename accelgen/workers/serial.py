"""Tasks one after the other, in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from accelgen.workers.processes import Processes
from accelgen.workers.tasks import Failure, Function, Limits, attempt


class Serial:
    """Workers that are this process; where tasks have a time limit, one process that can be ended."""

    def __init__(self) -> None:
        self._process = Processes(1)

    def run(
        self, function: Function, texts: Sequence[str], limits: Limits
    ) -> Iterator[tuple[int, str | Failure]]:
        """Run tasks in their order; see `Workers.run`."""
        if limits.time_s is not None:
            yield from self._process.run(function, texts, limits)
            return
        for position, text in enumerate(texts):
            answer = attempt(function, text)
            for _ in range(limits.retries):
                if not isinstance(answer, Failure):
                    break
                answer = attempt(function, text)
            yield position, answer

    def __enter__(self) -> Serial:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)
