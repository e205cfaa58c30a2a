"""Run an external program, such as a synthesis, so that nothing of it outlives its limits or its caller."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from select import select
from typing import IO

from accelgen.errors import ToolError, UsageError

POLL_S = 0.2
"""Between two looks at the memory that a program has."""

SUPERVISOR = """
exec 3<&0 </dev/null
"$@" 3<&- >&2 &
program=$!
{ read -r _ <&3; kill -KILL 0; } >&2 &
watch=$!
exec 3<&-
wait "$program"
status=$?
kill -KILL "$watch"
wait "$watch" 2>/dev/null
echo "$status"
kill -KILL 0
"""
"""Of sh, in a session of its own: runs a program, whose output is stderr, and prints its exit status.

At the end, or when stdin is closed, because whoever holds its other end is gone, it kills its process group.
"""

_PROC = Path("/proc")
_KILLED = 128 + signal.SIGKILL


class Ending(Enum):
    """How a program ended."""

    EXITED = "exited"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True)
class Finished:
    """A program that ended.

    Attributes:
        ending: whether by itself, or of which limit.
        status: its exit status as a shell has it: 128 + n where signal n ended it.
        seconds: that it ran.
        peak_bytes: most memory of all its processes that was seen; None where the system does not tell.
    """

    ending: Ending
    status: int
    seconds: float
    peak_bytes: int | None


def run_command(
    command: Sequence[str],
    cwd: Path,
    *,
    time_s: float | None = None,
    memory_bytes: int | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run a program without input until it and all processes of its group have ended.

    It is killed, with its process group, at a limit, and when this process dies, however that happens.

    Args:
        command: the program, on PATH or a path from ``cwd``, and its arguments.
        cwd: the directory it runs in.
        time_s: wall time that it may take.
        memory_bytes: resident memory that all its processes together may have, looked at every `POLL_S`.
        log: file for its output and errors, written anew.
        environment: its variables, instead of those of this process.

    Raises:
        ToolError: there is no such program, or the log cannot be written.
        UsageError: a memory limit where there is no /proc to see memory in.
    """
    if memory_bytes is not None and not _PROC.joinpath("self/stat").exists():
        raise UsageError("memory can be limited only on a system with /proc, such as Linux")
    variables = os.environ if environment is None else environment
    found = shutil.which(cwd / command[0] if os.sep in command[0] else command[0], path=variables.get("PATH"))
    if found is None:
        raise ToolError(f"there is no program {command[0]!r} to run in {cwd}")
    with ExitStack() as stack:
        try:
            output = stack.enter_context(Path(os.devnull if log is None else log).open("wb"))
        except OSError as error:
            raise ToolError(f"{log} cannot be written: {error.strerror or error}") from None
        start = time.monotonic()
        process = subprocess.Popen(
            ["sh", "-c", SUPERVISOR, "sh", str(Path(found).absolute()), *command[1:]],
            cwd=cwd,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            start_new_session=True,
        )
        stack.callback(process.communicate)  # closes the pipes and waits
        stack.callback(_kill, process.pid)
        assert process.stdout is not None
        ending, peak = _watch(process.pid, process.stdout, start, time_s, memory_bytes)
        seconds = time.monotonic() - start
        status = process.stdout.readline() if ending is Ending.EXITED else b""
        return Finished(ending, int(status or _KILLED), seconds, peak)  # no line where sh was killed


def _watch(
    group: int, output: IO[bytes], start: float, time_s: float | None, memory_bytes: int | None
) -> tuple[Ending, int | None]:
    """Wait for a process group's exit status or a limit; how it ended, and the most memory that it had."""
    peak: int | None = None
    while True:
        left = POLL_S if time_s is None else min(POLL_S, start + time_s - time.monotonic())
        if select([output], [], [], max(left, 0))[0]:
            return Ending.EXITED, peak
        if left <= 0:
            return Ending.TIMED_OUT, peak
        size = group_bytes(group)
        if size is not None:
            peak = max(peak or 0, size)
            if memory_bytes is not None and size > memory_bytes:
                return Ending.OUT_OF_MEMORY, peak


def group_bytes(group: int) -> int | None:
    """The resident memory of all processes of a group, after proc(5); None where there is no /proc."""
    if not _PROC.joinpath("self/stat").exists():
        return None
    pages = 0
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # it has ended
                # after the program's name in brackets, which may hold anything: state, ppid, pgrp, ..., rss
                fields = entry.joinpath("stat").read_bytes().rpartition(b")")[2].split()
                if int(fields[2]) == group:
                    pages += int(fields[21])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _kill(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
