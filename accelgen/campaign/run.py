"""Runs a plan: designs run where there are workers, and each outcome is kept as it comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from accelgen.campaign.job import LOCKS, NETWORKS, PROJECTS, Settings, synthesize
from accelgen.campaign.outcome import Outcome
from accelgen.campaign.plan import Plan
from accelgen.campaign.space import Job, find_designs
from accelgen.campaign.summary import Campaign, Ended
from accelgen.errors import ToolError, UsageError
from accelgen.results import Filter, Store
from accelgen.workers import Journal, Workers, evaluate
from accelgen.workers.tasks import json_text, task_text

JOURNAL = "journal.jsonl"

MAX_FALSE_STARTS = 5
"""Designs that could not be run, after which none can, if none was run before them."""


def run_campaign(
    plan: Plan,
    directory: Path,
    *,
    workers: Workers | None = None,
    store: Path | None = None,
    retry_failed: bool = False,
    started: Callable[[int, int], None] | None = None,
    progress: Callable[[Ended], None] | None = None,
) -> Campaign:
    """Run a plan, or go on with it: designs that ended before are not run again.

    Every outcome is in the journal before it is in the store, and all that the journal holds go there first:
    a campaign that was stopped at any time, and is run again, loses nothing and repeats nothing.

    Args:
        plan: what to run.
        directory: of the campaign, on a file system that all workers share; made where it is missing.
        workers: see `accelgen.workers.open_workers`; this process without.
        store: the file of results, instead of the user's own.
        retry_failed: run designs again that failed before.
        started: told how many designs there are, and how many of them are to be run.
        progress: told of each design as it ends.

    Raises:
        UsageError: there is no design, the directory cannot be written, or another campaign is running there.
        ToolError: nothing can be run at all.
    """
    directory = directory.absolute()
    _make_folders(directory)
    with Journal(directory / JOURNAL, {"campaign": plan.target}) as journal, Store(store) as opened:
        designs = find_designs(plan, directory / NETWORKS)
        found = {job: ended for job in designs.jobs if (ended := _known(job, journal)) is not None}
        opened.insert(*(result for one in found.values() if one.outcome for result in one.outcome.results))
        left = [job for job in designs.jobs if job not in found]
        again = [job for job, one in found.items() if retry_failed and one.status != "done"]
        if started is not None:
            started(len(designs.jobs), len(left) + len(again))
        settings = _settings(plan, directory)
        ran = 0
        for jobs, own in ((left, settings), (again, replace(settings, again=True))):
            for one in _run(jobs, own, workers, journal):
                if one.outcome is not None:
                    ran += 1
                    _keep(opened, one.outcome, found.get(one.job))
                found[one.job] = one
                if progress is not None:
                    progress(one)
        return Campaign(
            directory=directory,
            store=opened.path,
            target=plan.target,
            ended=tuple(found[job] for job in designs.jobs),
            ran=ran,
            refused=designs.refused,
            repeated=designs.repeated,
        )


def _make_folders(directory: Path) -> None:
    try:
        for name in (NETWORKS, PROJECTS):
            (directory / name).mkdir(parents=True, exist_ok=True)
        (directory / LOCKS).touch()
    except OSError as error:
        raise UsageError(f"{directory} cannot be written: {error.strerror or error}") from None


def _settings(plan: Plan, directory: Path) -> Settings:
    return Settings(
        directory=str(directory),
        target=plan.target,
        time_limit_s=plan.time_limit_s,
        memory_limit_bytes=plan.memory_limit_bytes,
        retries=plan.retries,
        keep=plan.keep,
    )


def _known(job: Job, journal: Journal) -> Ended | None:
    """How a design ended according to the journal."""
    text = journal.find("", task_text(asdict(job)))
    return None if text is None else _ended(job, Outcome.from_json(json.loads(text)))


def _ended(job: Job, outcome: Outcome) -> Ended:
    return Ended(job, outcome, outcome.message)


def _run(
    jobs: Sequence[Job], settings: Settings, workers: Workers | None, journal: Journal
) -> Iterator[Ended]:
    """Run designs, in any order; each is in the journal when it is given."""
    if not jobs:
        return
    tasks = [asdict(job) for job in jobs]
    run_before = False
    false_starts = 0
    function = partial(synthesize, settings)
    for answer in evaluate(tasks, function, workers=workers, ordered=False, collect=True):
        job = jobs[answer.position]
        if answer.failure is None:
            journal.add("", task_text(answer.task), json_text(answer.result))
            run_before = True
            yield _ended(job, Outcome.from_json(answer.result))
            continue
        false_starts += 1
        if not run_before and false_starts == min(MAX_FALSE_STARTS, len(jobs)):
            raise ToolError(f"no design can be run; the last, {job.name}: {answer.failure.reason}")
        yield Ended(job, None, answer.failure.reason)


def _keep(store: Store, outcome: Outcome, before: Ended | None) -> None:
    """Put results into the store, in place of those of an earlier failure, which is then no more one."""
    kept = set(store.insert(*outcome.results))
    if before is not None and before.outcome is not None:
        for number in set(store.insert(*before.outcome.results)) - kept:
            store.delete(Filter(number=number))
