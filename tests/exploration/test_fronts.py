"""Fronts of many problems: the same on workers, and what a journal holds is not searched again."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from accelgen.exploration import fronts as fronts_module
from accelgen.exploration.front import pareto
from accelgen.exploration.fronts import fingerprint, fronts
from accelgen.exploration.problem import Problem
from accelgen.workers import Journal, open_workers
from accelgen.workers.processes import Processes
from tests.exploration.problems import COMPOSITIONS, tables
from tests.workers.clusters import local_cluster
from tests.workers.waiting import wait_until

AXES = ("latency", "lut")


def problem(seed, **limits):
    layers = tables(6, 5, 4, seed=seed)
    return Problem(layers, COMPOSITIONS, {}, limits, ((0, 1), (1, 2)))


PROBLEMS = [problem(seed) for seed in range(4)]
EXPECTED = [pareto(own, *AXES) for own in PROBLEMS]


def same(found):
    return [vars(front) | {"points": list(map(vars, front.points))} for front in found]


def test_fronts_are_those_of_each_problem_wherever_they_are_searched():
    assert same(fronts(PROBLEMS, AXES)) == same(EXPECTED)
    with Processes(2) as workers:
        assert same(fronts(PROBLEMS, AXES, workers=workers)) == same(EXPECTED)


def test_fronts_are_the_same_when_a_dask_worker_is_killed():
    with (
        local_cluster(**{"distributed.comm.timeouts.connect": "2s"}) as cluster,
        open_workers(dask=cluster.scheduler_address) as workers,
        ThreadPoolExecutor(1) as thread,
    ):
        found = thread.submit(fronts, PROBLEMS, AXES, workers=workers)
        known = cluster.scheduler.workers
        wait_until(
            lambda: found.done() or any(worker.processing for worker in list(known.values())),
            "no worker has a task",
        )
        os.kill(cluster.workers[0].pid, signal.SIGKILL)
        assert same(found.result()) == same(EXPECTED)


def test_a_journal_holds_fronts(tmp_path, monkeypatch):
    path = tmp_path / "journal"
    with Journal(path, {}) as journal:
        fronts(PROBLEMS[:2], AXES, journal=journal)
    searched = []
    monkeypatch.setattr(
        fronts_module, "pareto", lambda own, *axes, **more: searched.append(own) or pareto(own, *axes, **more)
    )
    with Journal(path, {}) as journal:
        assert same(fronts(PROBLEMS, AXES, journal=journal)) == same(EXPECTED)
    assert searched == PROBLEMS[2:]


def test_a_fingerprint_is_of_all_that_a_front_depends_on():
    own = problem(0)
    assert fingerprint(own) == fingerprint(problem(0))
    layers = (*own.layers[:2], replace(own.layers[2], name="other"))
    columns = dict(own.layers[0].columns)
    columns["lut"] = columns["lut"] + 1e-12
    others = [
        problem(1),
        problem(0, lut=50.0),
        replace(own, edges=()),
        replace(own, layers=layers),
        replace(own, layers=(replace(own.layers[0], columns=columns), *own.layers[1:])),
        replace(own, figures={**own.figures, "lut": replace(own.figures["lut"], constant=4.0)}),
    ]
    assert len({fingerprint(other) for other in (own, *others)}) == 1 + len(others)


def test_an_empty_front_is_one():
    (front,) = fronts([problem(0, lut=0.0)], AXES)
    assert (front.points, front.proven) == ((), True)


def test_what_time_cuts_short_is_not_proven_and_searched_again_with_more(tmp_path):
    own = Problem(tables(*[60] * 20, seed=2), COMPOSITIONS, {}, {"dsp": 30.0, "stream": 700.0})
    (front,) = fronts([own], AXES, time_limit_s=1e-9)
    assert not front.proven
    with Journal(tmp_path / "journal", {}) as journal:
        (cut,) = fronts(PROBLEMS[:1], AXES, journal=journal, time_limit_s=1e-9)
        assert not cut.proven
        assert same(fronts(PROBLEMS[:1], AXES, journal=journal)) == same(EXPECTED[:1])


def test_long_searches_say_how_far_they_are(monkeypatch):
    said = []
    monkeypatch.setattr(fronts_module, "progress", said.append)
    layers = tables(12, 9, 11, 10, seed=1)
    fronts([Problem(layers, COMPOSITIONS, {}, {"dsp": 60.0, "stream": 300.0}, ((0, 1), (0, 2)))], AXES)
    assert said
    assert all(text.startswith("searching the front: ") for text in said)


def test_there_may_be_no_problem():
    assert fronts([], AXES) == []
