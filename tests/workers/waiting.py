"""Waiting for what other processes do, without an assertion on how long it takes them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

PATIENCE_S = 30


def wait_until(met: Callable[[], bool], what: str) -> None:
    """Return once a condition is met; fail where it never is."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def wait_until_gone(pids: Iterable[int]) -> None:
    """Return once none of these processes lives."""
    pids = list(pids)
    wait_until(lambda: not any(map(lives, pids)), f"some of {pids} live")


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def wait_for_line(path: Path) -> None:
    """Return once a file has a whole line."""
    wait_until(lambda: path.exists() and path.read_text().endswith("\n"), f"no {path}")


def noted(folder: Path) -> dict[str, list[int]]:
    """The processes that noted that they ran something, by what it was."""
    return {path.stem: [int(pid) for pid in path.read_text().split()] for path in folder.glob("*.ran")}
