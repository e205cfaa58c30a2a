"""Evaluate many tasks: on the workers that a user has, and not again what a journal holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from typing import TypeAlias

from accelgen.errors import TaskError
from accelgen.workers.cluster import Cluster
from accelgen.workers.journal import Journal
from accelgen.workers.processes import Processes
from accelgen.workers.serial import Serial
from accelgen.workers.tasks import Failure, Function, Json, Limits, Outcome, Workers, shortened, task_text


def open_workers(workers: int = 1, dask: str | None = None) -> Workers:
    """This process where one worker is enough, else processes of this machine, or a Dask cluster.

    Args:
        workers: processes; each starts when there is a task for it.
        dask: address of a Dask scheduler, "host:port", instead.

    Raises:
        UsageError: fewer than 1 worker, or Dask is not installed.
        ToolError: the scheduler does not answer.
    """
    if dask is not None:
        return Cluster(dask)
    return Serial() if workers == 1 else Processes(workers)


def evaluate(
    tasks: Iterable[Json],
    function: Function,
    *,
    workers: Workers | None = None,
    journal: Journal | None = None,
    kind: str = "",
    limits: Limits | None = None,
    ordered: bool = True,
    collect: bool = False,
) -> Iterator[Outcome]:
    """Evaluate a function of each task; the outcomes do not depend on where.

    Equal tasks are evaluated once. Nothing runs before the first outcome is asked for, and closing the
    iterator ends what still runs.

    Args:
        tasks: JSON values.
        function: from a task to a result that JSON holds. Workers import it by its name: a function of a
            module, or `functools.partial` of one with whatever it needs besides. It sees each task as JSON
            gives it back: no tuples, string keys.
        workers: `open_workers`; this process without.
        journal: of the search: what it holds is not evaluated again, and results go there as they come.
        kind: of these tasks in the journal, where it holds several.
        limits: of each task.
        ordered: outcomes in the order of the tasks; else as they come, those of the journal first.
        collect: give failures as outcomes too, instead of raising when all others are done.

    Raises:
        TaskError: some tasks failed; the message names the first and says why.
        UsageError: a task is no JSON, the function cannot be sent to a worker, or the journal not be written.
        ToolError: workers cannot be started, or cannot be reached any more.
    """
    given = list(tasks)
    positions: dict[str, list[int]] = {}
    for position, task in enumerate(given):
        positions.setdefault(task_text(task), []).append(position)
    outcomes: Iterator[Outcome] = (
        Outcome(position, given[position], *answer)
        for text, answer in _answers(list(positions), function, workers, journal, kind, limits or Limits())
        for position in positions[text]
    )
    if ordered:
        outcomes = _in_order(outcomes)
    return outcomes if collect else _successes(outcomes, len(given))


Answer: TypeAlias = tuple[Json, Failure | None]


def _answers(
    texts: Sequence[str],
    function: Function,
    workers: Workers | None,
    journal: Journal | None,
    kind: str,
    limits: Limits,
) -> Iterator[tuple[str, Answer]]:
    """The outcome of each distinct task, as they come."""
    left = []
    for text in texts:
        found = None if journal is None else journal.find(kind, text)
        if found is None:
            left.append(text)
        else:
            yield text, (json.loads(found), None)
    if not left:
        return
    with ExitStack() as stack:
        pool = stack.enter_context(Serial()) if workers is None else workers
        for position, answer in pool.run(function, left, limits):
            text = left[position]
            if isinstance(answer, Failure):
                yield text, (None, answer)
                continue
            if journal is not None:
                journal.add(kind, text, answer)
            yield text, (json.loads(answer), None)


def _in_order(outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
    early: dict[int, Outcome] = {}
    due = 0
    for outcome in outcomes:
        early[outcome.position] = outcome
        while due in early:
            yield early.pop(due)
            due += 1


def _successes(outcomes: Iterator[Outcome], count: int) -> Iterator[Outcome]:
    """Those with a result, and at their end what became of the others."""
    failed: list[Outcome] = []
    for outcome in outcomes:
        if outcome.failure is None:
            yield outcome
        else:
            failed.append(outcome)
    if failed:
        first = min(failed, key=lambda outcome: outcome.position)
        assert first.failure is not None
        raise TaskError(
            f"{len(failed)} of {count} tasks failed; the first, {shortened(task_text(first.task))}: "
            f"{first.failure.reason}"
        )
