"""The same outcomes wherever tasks run, whatever happens to the workers."""

from __future__ import annotations

import sys
from functools import partial
from threading import Timer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelgen.errors import TaskError, ToolError, UsageError
from accelgen.workers import Failure, Limits, Outcome, evaluate, open_workers
from accelgen.workers import cluster as cluster_module
from accelgen.workers.processes import ONE_THREAD, Processes
from tests.workers import functions
from tests.workers.clusters import local_cluster, scheduler_process
from tests.workers.waiting import noted, wait_for_line, wait_until_gone

PLACES = ("serial", "processes", "dask")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def scheduler():
    """The address of a Dask cluster of two processes, on which a task may be on two workers that die."""
    options = {
        "distributed.scheduler.allowed-failures": 1,
        "distributed.comm.timeouts.connect": "2s",  # how long a worker looks for another one that is lost
    }
    with local_cluster(**options) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def pools(scheduler):
    """One of each kind of workers, which keep their processes from test to test."""
    with open_workers() as serial, open_workers(2) as processes, open_workers(dask=scheduler) as dask:
        yield {"serial": serial, "processes": processes, "dask": dask}


@pytest.fixture(params=PLACES)
def workers(request, pools):
    return pools[request.param]


@pytest.fixture(params=PLACES[1:])
def others(request, pools):
    """Workers other than this process."""
    return pools[request.param]


def results(tasks, function, **options):
    return [outcome.result for outcome in evaluate(tasks, function, **options)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(JSON, max_size=5))
def test_results_do_not_depend_on_the_workers(pools, tasks):
    found = {name: results(tasks, functions.thirds, workers=own) for name, own in pools.items()}
    assert repr(found["serial"]) == repr(found["processes"]) == repr(found["dask"])  # nan, too


def test_tasks_and_results_are_what_json_gives_back(workers):
    (outcome,) = evaluate([(1, 2)], functions.thirds, workers=workers)
    assert outcome.task == (1, 2)
    assert outcome.result["task"] == [1, 2]
    assert results([{"b": 1, "a": 2}], functions.first_key, workers=workers) == ["a"]


def test_outcomes_come_in_the_order_of_tasks_or_as_they_finish(workers, tmp_path):
    tasks = [3, 1, 2, 0, 4]
    function = partial(functions.noted, tmp_path)
    assert results(tasks, function, workers=workers) == [task / 7 for task in tasks]
    found = list(evaluate(tasks, function, workers=workers, ordered=False))
    assert sorted(found, key=lambda outcome: outcome.position) == [
        Outcome(position, task, task / 7) for position, task in enumerate(tasks)
    ]


def test_equal_tasks_are_evaluated_once(workers, tmp_path):
    tasks = [5, 6, 5, 5]
    assert results(tasks, partial(functions.noted, tmp_path), workers=workers) == [task / 7 for task in tasks]
    assert {name: len(pids) for name, pids in noted(tmp_path).items()} == {"5": 1, "6": 1}


def test_a_failure_stops_no_other_task(workers):
    found = []
    with pytest.raises(TaskError, match=r"^2 of 5 tasks failed; the first, 1: 1 is odd$"):
        found.extend(evaluate(range(5), functions.refuse_odd, workers=workers))
    assert [outcome.result for outcome in found] == [0, 2, 4]


def test_failures_are_collected_where_that_is_asked_for(workers):
    good, bad = evaluate([1, 0], functions.divide, workers=workers, collect=True)
    assert good == Outcome(0, 1, 1.0)
    assert bad.failure.reason == "ZeroDivisionError: division by zero"
    assert "in divide" in bad.failure.traceback


def test_a_result_that_json_does_not_hold_is_a_failure(workers):
    (outcome,) = evaluate([1], functions.unknown_to_json, workers=workers, collect=True)
    assert outcome.failure.reason == "TypeError: Object of type set is not JSON serializable"


def test_a_task_that_leaves_the_program_is_a_failure(workers):
    (outcome,) = evaluate([1], functions.leave, workers=workers, collect=True)
    assert outcome.failure.reason == "SystemExit: task 1 leaves"


def test_tasks_that_are_no_json_are_refused():
    with pytest.raises(UsageError, match=r"the task \{1\} is none: Object of type set"):
        evaluate([{1}], functions.thirds)


def test_a_function_without_a_name_is_refused(others):
    with pytest.raises(UsageError, match="cannot be sent to workers"):
        results([1], lambda task: task, workers=others)


def test_a_function_that_workers_cannot_import_is_refused(others, monkeypatch):
    def absent(task):
        return task

    absent.__module__, absent.__qualname__ = functions.__name__, "absent"
    monkeypatch.setattr(functions, "absent", absent, raising=False)
    with pytest.raises((UsageError, ToolError), match=r"cannot import the function.*absent"):
        results([1], absent, workers=others)


def test_failed_tasks_are_tried_again(workers, tmp_path):
    function = partial(functions.refuse_once, tmp_path)
    assert results([3, 4], function, workers=workers, limits=Limits(retries=1)) == [3 / 7, 4 / 7]
    assert {name: len(pids) for name, pids in noted(tmp_path).items()} == {"3": 2, "4": 2}


def test_tasks_are_tried_again_no_more_often_than_is_allowed(workers, tmp_path):
    function = partial(functions.refuse_once, tmp_path)
    (outcome,) = evaluate([3], function, workers=workers, collect=True)
    assert outcome.failure.reason == "3 comes too early"
    assert len(noted(tmp_path)["3"]) == 1


def test_a_task_that_takes_too_long_is_ended_with_what_it_started(workers, tmp_path):
    (outcome,) = evaluate(
        [3], partial(functions.endless, tmp_path), workers=workers, limits=Limits(time_s=0.5), collect=True
    )
    assert outcome.failure == Failure("it took longer than 0.5 s")
    wait_until_gone(pid for pids in noted(tmp_path).values() for pid in pids)


def test_a_worker_that_dies_loses_nothing(others, tmp_path):
    function = partial(functions.die, tmp_path, [2, 5], 2)
    assert results(range(8), function, workers=others) == [task / 7 for task in range(8)]
    assert {name: len(pids) for name, pids in noted(tmp_path).items()} == {
        str(task): 3 if task in (2, 5) else 1 for task in range(8)
    }


def test_a_task_that_kills_each_worker_is_given_up(others, tmp_path):
    function = partial(functions.die, tmp_path, [2], 9)
    with pytest.raises(
        TaskError, match=r"1 of 4 tasks failed; the first, 2: .* died in each of 3 tries.*SIGKILL"
    ):
        results(range(4), function, workers=others)
    assert {name: len(pids) for name, pids in noted(tmp_path).items()} == {"0": 1, "1": 1, "2": 3, "3": 1}


def test_a_dask_worker_that_is_lost_loses_nothing(pools, tmp_path):
    function = partial(functions.kill_parent, tmp_path, [2], 1)
    assert results(range(6), function, workers=pools["dask"]) == [task / 7 for task in range(6)]


def test_a_task_that_loses_each_dask_worker_is_given_up_alone(pools, tmp_path):
    function = partial(functions.kill_parent, tmp_path, [2], 99)
    found = list(evaluate(range(4), function, workers=pools["dask"], collect=True))
    assert [outcome.failure is None for outcome in found] == [True, True, False, True]
    assert found[2].failure == Failure("it was on Dask workers each time that they were lost")


def test_workers_have_one_thread_each(others):
    assert results(list(ONE_THREAD), functions.threads, workers=others) == ["1"] * len(ONE_THREAD)


def test_stopping_early_ends_what_runs(tmp_path):
    with Processes(2) as workers:
        found = evaluate([0, 9], partial(functions.endless_from, tmp_path, 9), workers=workers)
        assert next(found).result == 0
        wait_for_line(tmp_path / "9.ran")
        found.close()
        ran = noted(tmp_path)
        wait_until_gone([*ran["9"], *ran["child"]])
        assert results(range(3), functions.refuse_odd, workers=workers, collect=True) == [0, None, 2]


def test_leaving_a_cluster_ends_what_runs_on_it(scheduler, tmp_path):
    with open_workers(dask=scheduler) as workers:
        found = evaluate([0, 9], partial(functions.endless_from, tmp_path, 9), workers=workers)
        assert next(found).result == 0
        wait_for_line(tmp_path / "9.ran")
    ran = noted(tmp_path)
    wait_until_gone([*ran["9"], *ran["child"]])


def test_workers_run_one_thing_at_a_time():
    with Processes(1) as workers:
        found = evaluate([1, 2], functions.thirds, workers=workers)
        next(found)
        with pytest.raises(RuntimeError, match="are running other tasks"):
            results([1], functions.thirds, workers=workers)


def test_workers_that_cannot_start_are_reported(monkeypatch):
    monkeypatch.setattr("accelgen.workers.processes.START", "raise SystemExit(7)")
    with (
        Processes(2) as workers,
        pytest.raises(ToolError, match="worker processes end as soon as they start: exit status 7"),
    ):
        results([1, 2, 3], functions.thirds, workers=workers)


def test_a_cluster_of_another_version_is_refused(pools, monkeypatch):
    monkeypatch.setattr(cluster_module, "__version__", "9.9")
    with pytest.raises(ToolError, match=r"cannot run tasks: a worker has accelgen .*with accelgen 9\.9"):
        results([1], functions.thirds, workers=pools["dask"])


def test_a_scheduler_that_does_not_answer_is_an_error(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster_module, "TIMEOUT_S", 0.1)
    with pytest.raises(ToolError, match=r"no Dask scheduler answers at 127\.0\.0\.1:1: "):
        open_workers(dask="127.0.0.1:1")
    with pytest.raises(ToolError, match="no Dask scheduler answers at nowhere: "):
        open_workers(dask="nowhere")


def test_a_scheduler_that_is_lost_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_module, "TIMEOUT_S", 3)  # also to look for the scheduler again
    with scheduler_process(tmp_path) as (address, process), open_workers(dask=address) as workers:
        found = evaluate([1], functions.thirds, workers=workers)
        Timer(0.2, process.kill).start()
        with pytest.raises(ToolError, match="was lost, and with it what ran there"):
            next(found)


def test_a_cluster_without_dask_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"pip install 'accelgen\[dask\]'"):
        open_workers(dask="127.0.0.1:1")


def test_limits_and_counts_make_sense():
    with pytest.raises(UsageError, match="0 workers cannot do anything"):
        open_workers(0)
    for wrong in ({"time_s": 0.0}, {"retries": -1}, {"losses": 0}):
        with pytest.raises(UsageError):
            Limits(**wrong)
