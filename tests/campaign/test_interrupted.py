"""Campaigns of 200 stand-in syntheses, some of which fail, hang or die, while the campaign is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from accelgen.campaign import run_campaign
from accelgen.results import Store
from accelgen.workers import open_workers
from tests.campaign.standin import ENDS, mood, prepare, runs, write_plan
from tests.workers.clusters import local_cluster
from tests.workers.waiting import wait_until, wait_until_gone

ROOT = Path(__file__).resolve().parents[2]
NETWORKS = 40
DESIGNS = 5 * NETWORKS


def check(jobs, store, campaign):
    """All designs have ended as they were to, and are in the store once."""
    expected = Counter(ENDS[mood(job)] for job in jobs)
    assert len(jobs) == DESIGNS
    assert campaign["status"] == dict(expected)
    assert {failure["status"] for failure in campaign["failures"]} == set(expected) - {"done"}
    with Store(store) as opened:
        rows = [stored.result for stored in opened.query()]
    assert len(rows) == DESIGNS
    assert Counter("done" if row.failure is None else row.failure.value for row in rows) == expected
    assert (
        len({(row.network, row.synthesis.design.clock_ns, row.failure, row.digest) for row in rows})
        == DESIGNS
    )
    assert all(row.predicted is not None and row.synthesis.success == (row.failure is None) for row in rows)


def lines(journal):
    return journal.read_bytes().count(b"\n") - 1 if journal.exists() else 0


def test_a_campaign_that_is_killed_twice_ends_with_every_result_once(tmp_path):
    folder, directory, store = tmp_path / "standin", tmp_path / "campaign", tmp_path / "store.sqlite"
    jobs = prepare(write_plan(tmp_path / "plan.yaml", NETWORKS), directory, folder)
    command = [
        sys.executable,
        "-m",
        "accelgen",
        "campaign",
        str(tmp_path / "plan.yaml"),
        "-o",
        str(directory),
    ]
    command += ["--workers", "3", "--json"]
    started = {"cwd": ROOT, "env": {**os.environ, "ACCELGEN_STORE": str(store)}, "text": True}
    started |= {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    for ended in (DESIGNS // 3, DESIGNS // 2):
        process = subprocess.Popen(command, **started)
        # step by step: how long one takes depends on what else the machine does
        for most in range(lines(directory / "journal.jsonl"), ended):
            wait_until(lambda most=most: lines(directory / "journal.jsonl") > most, "no progress")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        wait_until_gone(pid for pids in runs(folder).values() for pid in pids)
    last = subprocess.run(command, **started)
    assert last.returncode == 1  # some failed for good
    campaign = json.loads(last.stdout)
    assert campaign["ran"] <= DESIGNS / 2
    check(jobs, store, campaign)
    assert lines(directory / "journal.jsonl") == DESIGNS
    tries = {"fails": 2, "dies": 2, "half": 2, "silent": 2, "once": 2}
    ran = runs(folder)
    # a try more for each of the three workers, each time that the campaign was killed
    extra = sum(max(0, len(ran[job.project]) - tries.get(mood(job), 1)) for job in jobs)
    assert extra <= 2 * 3 * 2
    again = subprocess.run(command, **started)
    assert json.loads(again.stdout) == {**campaign, "ran": 0}
    assert runs(folder) == ran


def test_a_campaign_on_a_cluster_that_loses_a_worker_ends_with_every_result_once(tmp_path):
    distributed = pytest.importorskip("distributed")
    folder, directory, store = tmp_path / "standin", tmp_path / "campaign", tmp_path / "store.sqlite"
    plan = write_plan(tmp_path / "plan.yaml", NETWORKS)
    jobs = prepare(plan, directory, folder)
    with (
        local_cluster() as cluster,
        distributed.Client(cluster) as client,
        open_workers(dask=cluster.scheduler_address) as workers,
    ):
        pids = list(client.run(os.getpid).values())
        ended = []

        def lose_a_worker(one):
            ended.append(one)
            if len(ended) == DESIGNS // 4:
                os.kill(pids[0], signal.SIGKILL)

        campaign = run_campaign(plan, directory, workers=workers, store=store, progress=lose_a_worker)
    check(jobs, store, campaign.as_json())
