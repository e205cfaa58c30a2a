"""What tasks of these tests do, by names that worker processes can import."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from accelgen.errors import DesignError


def thirds(task):
    """A result with floats that have no short decimal form, and with the task as it came."""
    return {"task": task, "thirds": [len(repr(task)) / 3, -0.0, 1e-300 / 7]}


def first_key(task):
    return next(iter(task))


def refuse_odd(task):
    if task % 2:
        raise DesignError(f"{task} is odd")
    return task


def divide(task):
    print("a task may print")
    return 1 / task


def unknown_to_json(task):
    return {task}


def leave(task):
    sys.exit(f"task {task} leaves")


def noted(folder: Path, task):
    """Leave a file that says that the task ran, and in which process."""
    with (folder / f"{task}.ran").open("a") as file:
        file.write(f"{os.getpid()}\n")
    return task / 7


def slow(folder: Path, task):
    time.sleep(0.01)
    return noted(folder, task)


def endless(folder: Path, task):
    """Run until somebody ends it, together with a program that it starts."""
    child = subprocess.Popen(["sleep", "60"])
    (folder / "child.ran").write_text(f"{child.pid}\n")
    noted(folder, task)
    time.sleep(60)


def endless_from(folder: Path, first: int, task):
    return endless(folder, task) if task >= first else noted(folder, task)


def refuse_once(folder: Path, task):
    result = noted(folder, task)
    if len((folder / f"{task}.ran").read_text().split()) == 1:
        raise DesignError(f"{task} comes too early")
    return result


def die(folder: Path, doomed: list[int], tries: int, task):
    """Kill the own process in the first tries of some tasks."""
    result = noted(folder, task)
    if task in doomed and len((folder / f"{task}.ran").read_text().split()) <= tries:
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def kill_parent(folder: Path, doomed: list[int], tries: int, task):
    """Kill the process that this one works for in the first tries of some tasks."""
    result = noted(folder, task)
    if task in doomed and len((folder / f"{task}.ran").read_text().split()) <= tries:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return result


def threads(name):
    return os.environ.get(name)
