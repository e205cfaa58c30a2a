"""Dask clusters on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.workers.waiting import wait_until

PATIENT = 3
"""Times that a cluster is started: its loop's thread has 10 s, and a machine may stall for longer."""


@contextmanager
def local_cluster(**options: Any) -> Iterator[Any]:
    """Two Dask workers, each a process with one thread; ``options`` are Dask's configuration."""
    distributed = pytest.importorskip("distributed")
    with pytest.importorskip("dask").config.set(options):
        for patience in reversed(range(PATIENT)):
            try:
                cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0")
                break
            except (AssertionError, TimeoutError):
                if not patience:
                    raise
        with cluster:
            yield cluster


@contextmanager
def scheduler_process(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The address and the process of a scheduler that has no workers."""
    pytest.importorskip("distributed")
    file = folder / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    with (folder / "scheduler.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--no-dashboard", "--scheduler-file", str(file)], stdout=log, stderr=log
        )
    try:
        wait_until(lambda: file.exists() and file.read_text().endswith("\n}"), "the scheduler does not start")
        yield json.loads(file.read_text())["address"], process
    finally:
        process.kill()
        process.wait()
