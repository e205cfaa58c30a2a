"""Tasks on processes of this machine, any of which may die without loss."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from multiprocessing import Pipe
from multiprocessing.connection import wait
from types import TracebackType

from accelgen.errors import ToolError, UsageError
from accelgen.workers import child
from accelgen.workers.tasks import Failure, Function, Limits, pickled

ONE_THREAD = dict.fromkeys(
    (
        "MKL_NUM_THREADS",
        "NUMEXPR_NUM_THREADS",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    ),
    "1",
)
"""What keeps the libraries under NumPy from starting a thread for each core in each of many processes."""

START = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); "
    "from accelgen.workers.child import main; main(int(sys.argv[1]))"
)
"""The parent's module path is in the command: PYTHONPATH would reach the programs that tasks run, too."""

MAX_FALSE_STARTS = 3


@dataclass
class _Task:
    """A task that is not done, and how often it failed and lost its worker."""

    position: int
    text: str
    failures: int = 0
    losses: int = 0

    def fail(self, failure: Failure, limits: Limits) -> Failure | None:
        """Count a failed try: the failure if it was the last that is allowed, else None."""
        self.failures += 1
        return failure if self.failures > limits.retries else None

    def lose(self, status: int, limits: Limits) -> Failure | None:
        """Count a try whose worker died: the failure if it was the last that is allowed, else None."""
        self.losses += 1
        if self.losses < limits.losses:
            return None
        return Failure(
            f"its worker process died in each of {self.losses} tries, at last with {_death(status)}"
        )


class _Worker:
    """A process, its socket, the pickled function that it was given, and the task that it runs."""

    def __init__(self) -> None:
        self.connection, other = Pipe()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-c", START, str(other.fileno()), json.dumps(sys.path)],
                pass_fds=(other.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=2,  # what a task prints is no answer of the program that waits for it
                start_new_session=True,  # Ctrl-C is for the parent, which ends its workers
                env=os.environ | ONE_THREAD,
            )
        self.function = b""
        self.task: _Task | None = None
        self.answering = False
        self.deadline = inf

    def give_function(self, function: bytes) -> None:
        """Send a pickled function, to be answered."""
        self.function, self.answering = function, True
        self._send(child.FUNCTION + function)

    def give_task(self, task: _Task, time_s: float | None) -> None:
        """Send a task, to be answered before a time limit."""
        self.task, self.answering = task, True
        self.deadline = inf if time_s is None else time.monotonic() + time_s
        self._send(child.TASK + task.text.encode())

    def _send(self, message: bytes) -> None:
        with suppress(OSError):  # that it is dead is seen by who waits for the answer
            self.connection.send_bytes(message)

    def receive(self) -> bytes:
        """The answer to what was sent last; EOFError or OSError where the process is gone."""
        message: bytes = self.connection.recv_bytes()
        self.task, self.answering, self.deadline = None, False, inf
        return message

    def kill(self) -> None:
        """Kill what lives of the process and those that it started."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def end(self) -> int:
        """Kill it and forget it; its exit status as `subprocess` has it."""
        self.kill()
        self.connection.close()
        return self._process.wait()


class Processes:
    """Workers that are processes of this machine, started when they are needed and kept until the end.

    Each is a new Python that imports what the function names, with one thread for linear algebra. One that
    dies is replaced, and its task run again; when this process dies, they end themselves.
    """

    def __init__(self, count: int) -> None:
        if count < 1:
            raise UsageError(f"{count} workers cannot do anything; give at least 1")
        self._count = count
        self._workers: list[_Worker] = []
        self._false_starts = 0
        self._running = False
        self._stopped = False

    def run(
        self, function: Function, texts: Sequence[str], limits: Limits
    ) -> Iterator[tuple[int, str | Failure]]:
        """Run tasks on all processes; see `Workers.run`."""
        yield from self.run_pickled(pickled(function), texts, limits)

    def run_pickled(
        self, function: bytes, texts: Sequence[str], limits: Limits
    ) -> Iterator[tuple[int, str | Failure]]:
        """The same with a function that is pickled already."""
        if self._running:
            raise RuntimeError("these workers are running other tasks")
        waiting = deque(_Task(position, text) for position, text in enumerate(texts))
        unfinished = len(waiting)
        self._running = True
        try:
            self._hand_out(function, waiting, limits)
            while unfinished:
                done = self._collect(waiting, limits)
                self._hand_out(function, waiting, limits)  # first, so that none waits for our caller
                unfinished -= len(done)
                yield from done
        finally:
            self._running = False
            for worker in [worker for worker in self._workers if worker.answering]:
                self._end(worker)

    def stop(self) -> None:
        """Kill the workers from another thread than that of `run`, which then raises ToolError."""
        self._stopped = True
        for worker in list(self._workers):
            worker.kill()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in list(self._workers):
            self._end(worker)

    def _hand_out(self, function: bytes, waiting: deque[_Task], limits: Limits) -> None:
        """Give work to every worker that has none, and start as many as there is work for."""
        if self._stopped:
            raise ToolError("the workers were told to stop")
        running = sum(worker.task is not None for worker in self._workers)
        while len(self._workers) < min(self._count, running + len(waiting)):
            self._workers.append(_Worker())
        for worker in list(self._workers):
            if worker.answering or not waiting:
                continue
            if worker.function != function:
                worker.give_function(function)
            else:
                worker.give_task(waiting.popleft(), limits.time_s)

    def _collect(self, waiting: deque[_Task], limits: Limits) -> list[tuple[int, str | Failure]]:
        """Wait for answers, deaths and deadlines; the tasks that they end, while others go back to wait."""
        busy = [worker for worker in self._workers if worker.answering]
        deadline = min(worker.deadline for worker in busy)
        left = None if deadline == inf else max(0.0, deadline - time.monotonic())
        answered = wait([worker.connection for worker in busy], left)
        now = time.monotonic()
        done: list[tuple[int, str | Failure]] = []
        for worker in busy:
            task = worker.task
            if worker.connection in answered:
                answer = self._receive(worker, limits)
            elif worker.deadline <= now and task is not None:
                self._end(worker)
                answer = task.fail(Failure(f"it took longer than {limits.time_s:g} s"), limits)
            else:
                continue
            if task is None:
                continue
            if answer is None:
                waiting.append(task)
            else:
                done.append((task.position, answer))
        return done

    def _receive(self, worker: _Worker, limits: Limits) -> str | Failure | None:
        """What ends the worker's task; None where it has none, or it must run again."""
        task = worker.task
        try:
            message = worker.receive()
        except (EOFError, OSError):
            status = self._end(worker)
            if task is not None:
                return task.lose(status, limits)
            self._false_starts += 1
            if self._false_starts == MAX_FALSE_STARTS:
                raise ToolError(f"worker processes end as soon as they start: {_death(status)}") from None
            return None
        kind, content = message[:1], message[1:].decode()
        if kind == child.REFUSED:
            raise UsageError(f"a worker cannot import the function that it should run: {content}")
        self._false_starts = 0
        if task is None:
            return None
        return content if kind == child.RESULT else task.fail(Failure(*json.loads(content)), limits)

    def _end(self, worker: _Worker) -> int:
        self._workers.remove(worker)
        return worker.end()


def _death(status: int) -> str:
    """How a process ended that had an exit status as `subprocess` has it."""
    if status == -signal.SIGKILL:
        return "SIGKILL, as for want of memory"
    return f"signal {-status}" if status < 0 else f"exit status {status}"
