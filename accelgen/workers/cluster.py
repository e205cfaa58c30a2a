"""Tasks on a Dask cluster, whose workers may be lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING
from uuid import uuid4

from accelgen import __version__
from accelgen.errors import AccelgenError, ToolError, UsageError
from accelgen.workers.processes import Processes
from accelgen.workers.tasks import Failure, Function, Limits, pickled

if TYPE_CHECKING:
    from distributed import Future

TIMEOUT_S = 10
"""For a scheduler to answer."""


class Cluster:
    """The workers of a Dask scheduler, those that join later included.

    Each thread of a worker has a process of its own for tasks, as `Processes` on one machine. A task that
    runs too long, or whose process dies, so leaves the Dask worker alone, and libraries need not be safe for
    threads. What ran on a Dask worker that is lost runs again on another, until the scheduler's
    ``allowed-failures``.

    Dask sends pickles: whoever reaches the scheduler runs code as the user who started it.
    """

    def __init__(self, address: str) -> None:
        """Connect to a scheduler.

        Args:
            address: "host:port", or with a protocol, "tls://host:port".

        Raises:
            UsageError: Dask is not installed.
            ToolError: no scheduler answers.
        """
        try:
            from distributed import Client
        except ImportError:
            raise UsageError("a Dask cluster needs distributed: pip install 'accelgen[dask]'") from None
        self._address = address
        self._search = uuid4().hex
        try:
            self._client = Client(address, timeout=TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError, asyncio.TimeoutError) as error:
            reason = str(error).partition("\n")[0]
            raise ToolError(f"no Dask scheduler answers at {address}: {reason}") from None

    def run(
        self, function: Function, texts: Sequence[str], limits: Limits
    ) -> Iterator[tuple[int, str | Failure]]:
        """Run tasks on the cluster, once it has workers; see `Workers.run`."""
        from dask import config

        # the function is a task too: it crosses once to each worker, and is there again if one is lost
        with config.set({"distributed.admin.large-graph-warning-threshold": "1GB"}):
            loaded = self._client.submit(bytes, pickled(function), pure=False)
        suspects = []
        for position, answer in self._run_together(loaded, dict(enumerate(texts)), limits):
            if answer is None:
                suspects.append(position)
            else:
                yield position, answer
        for position in suspects:  # each alone, so that none is blamed for another that is on the same worker
            for _, answer in self._run_together(loaded, {position: texts[position]}, limits):
                yield position, answer or Failure("it was on Dask workers each time that they were lost")

    def _run_together(
        self, function: Future[bytes], texts: Mapping[int, str], limits: Limits
    ) -> Iterator[tuple[int, str | Failure | None]]:
        """Run the tasks at some positions; None for one that was on more lost workers than Dask allows."""
        from distributed import KilledWorker, as_completed

        positions = {f"accelgen-{uuid4().hex}": position for position in texts}
        futures = self._client.map(
            _run,
            list(texts.values()),
            key=list(positions),
            pure=False,
            function=function,
            limits=limits,
            search=self._search,
            version=__version__,
        )
        finished = as_completed(futures, loop=self._client.loop, with_results=True, raise_errors=False)
        del futures  # the cluster forgets what is answered and no longer referred to
        for future, answer in finished:
            position = positions[future.key]
            if future.status == "finished":
                yield position, answer
            elif future.status != "error":
                raise ToolError(f"the Dask scheduler at {self._address} was lost, and with it what ran there")
            elif isinstance(answer[1], KilledWorker):
                yield position, None
            else:
                raise self._unusable(answer[1])

    def __enter__(self) -> Cluster:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(Exception):  # a cluster that is gone runs nothing any more
            self._client.run(_end, self._search, on_error="ignore")
        self._client.close()

    def _unusable(self, error: BaseException) -> ToolError:
        reason = str(error) if isinstance(error, AccelgenError) else f"{type(error).__name__}: {error}"
        return ToolError(
            f"the Dask cluster at {self._address} cannot run tasks: {reason}. "
            f"Its scheduler and workers need the Python packages of this program, with accelgen {__version__}"
        )


class _Processes(Processes):
    """The process of one thread of a Dask worker, and the search whose tasks it had last."""

    search = ""


_processes: dict[int, _Processes] = {}
"""By thread."""

_ended: set[str] = set()
"""Searches of which nothing shall run any more; Dask does not stop what a thread does."""


def _run(text: str, function: bytes, limits: Limits, search: str, version: str) -> str | Failure:
    """One task on a Dask worker, in a process of the thread that calls this.

    Raises:
        UsageError: the process cannot load the function.
        ToolError: this worker has another version of accelgen, cannot start a process, or shall stop.
    """
    if version != __version__:
        raise ToolError(f"a worker has accelgen {__version__}")
    own = _processes.setdefault(get_ident(), _Processes(1))
    own.search = search
    if search in _ended:
        raise ToolError("the search is over")
    ((_, answer),) = own.run_pickled(function, [text], limits)
    return answer


def _end(search: str) -> None:
    """End the processes of a search, also those that run a task, on a Dask worker."""
    _ended.add(search)
    for thread, own in list(_processes.items()):
        if own.search == search:
            _processes.pop(thread, None)
            own.stop()
