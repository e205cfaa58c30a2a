"""Searches that are killed leave no process behind, and go on where they were."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.workers.search import TASKS
from tests.workers.waiting import noted, wait_until_gone

ROOT = Path(__file__).resolve().parents[2]
RESULTS = [task / 7 for task in TASKS]


def begin(folder, workers):
    """A search that has its first outcome."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.workers.search", folder, str(workers)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout.readline() == "begun\n"
    return process


@pytest.mark.parametrize("workers", [1, 2])
def test_a_search_killed_at_random_moments_ends_with_the_same_results(tmp_path, workers):
    rng = np.random.default_rng(workers)
    kills = 3
    for _ in range(kills):
        process = begin(tmp_path, workers)
        time.sleep(rng.uniform(0, 0.08))
        process.kill()
        process.communicate()
    process = begin(tmp_path, workers)
    assert json.loads(process.communicate()[0]) == RESULTS
    ran = noted(tmp_path)
    wait_until_gone(pid for pids in ran.values() for pid in pids)
    again = 2 * workers  # what ran, and what had come back without being in the journal yet
    assert sum(map(len, ran.values())) <= len(TASKS) + kills * again


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_search_that_is_stopped_leaves_no_process(tmp_path, how):
    process = begin(tmp_path, 2)
    process.send_signal(how)
    process.communicate()
    assert process.returncode != 0
    wait_until_gone(pid for pids in noted(tmp_path).values() for pid in pids)
