"""One design of a campaign: build its project, run make in it, read what came of it."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.campaign.outcome import Outcome
from accelgen.campaign.plan import Keep
from accelgen.campaign.pruning import RESULT, is_whole, prune
from accelgen.campaign.reading import failed, read_results, tool_of
from accelgen.campaign.space import Job
from accelgen.design import Design
from accelgen.errors import ReportError, ToolError
from accelgen.ir.serialize import load
from accelgen.replacing import write_whole
from accelgen.results import Failure
from accelgen.verification import random_inputs
from accelgen.workers.command import Ending, Finished, run_command

NETWORKS, PROJECTS, LOCKS = "networks", "projects", "locks"
"""Of a campaign's directory."""

LOG = Path("build/logs/campaign.log")
"""What make and what it runs printed in the last try."""

SAMPLES = 10
"""Golden vectors in each project: synthesis does not look at them."""

_KILLED = re.compile(r"^\S*make\S*: \*\*\* .*(?:\bKilled\b| 137$)", re.MULTILINE)
"""What GNU make prints where a program of a recipe was killed (signal 9), or a shell in it says so."""

_NOT_WHOLE = re.compile(r"^\S+: ended, but .* is missing or not whole", re.MULTILINE)
"""What flow/stage.sh prints where a tool ended well and left no whole report."""

_OF_MACHINE = re.compile(
    r"^.*(?:No space left on device|Disk quota exceeded|Read-only file system"
    r"|valid license was not found).*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What a log says where the machine failed, not the design: strerror(3), AMD's tools without a license."""

_OF_MAKE = re.compile(r"\S*make\S*: ")


@dataclass(frozen=True)
class Settings:
    """What holds for all designs of a campaign; see `accelgen.campaign.plan.Plan`.

    Attributes:
        directory: the campaign's.
        target: of make.
        time_limit_s: of each try.
        memory_limit_bytes: of each try.
        retries: further tries.
        keep: of finished projects.
        again: whether a design that failed is tried once more.
    """

    directory: str
    target: str
    time_limit_s: float | None
    memory_limit_bytes: int | None
    retries: int
    keep: Keep
    again: bool = False


def synthesize(settings: Settings, task: Mapping[str, str]) -> dict[str, Any]:
    """Run a design (`Job` as a mapping) to its end; `Outcome.as_json` of how it ended.

    Its end is written into its project, so that nobody who asks again runs it again.

    Raises:
        ToolError: no synthesis tool started, or the machine failed, which says nothing of the design.
        AccelgenError: the project cannot be built.
    """
    job = Job(**task)
    root = Path(settings.directory)
    project = root / PROJECTS / job.project
    with _lock(root / LOCKS, job.project):
        outcome = _read_outcome(project / RESULT)
        if outcome is None or (settings.again and outcome.failure is not None):
            with suppress(FileNotFoundError):
                (project / RESULT).unlink()
            if not is_whole(project):
                _build(job, root / NETWORKS / f"{job.network}.npz", project)
            outcome = _run(settings, project)
            write_whole(project / RESULT, json.dumps(outcome.as_json()).encode())
        if settings.keep is Keep.REPORTS:  # of one that ended before, too: that may have been interrupted
            prune(project)
        return outcome.as_json()


@contextmanager
def _lock(file: Path, project: str) -> Iterator[None]:
    """Wait until no other process works on a project, which a worker of a campaign that was killed may.

    Each project has a byte of one file, so that a file system of a cluster has no file more for each.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX, 1, int(project, 16) >> 2)
        yield
    finally:
        os.close(descriptor)


def _build(job: Job, path: Path, project: Path) -> None:
    network = load(path)
    inputs = random_inputs(network, SAMPLES, seed=0)
    write_project(
        network,
        Design.from_yaml(job.design, f"design of {job.name}"),
        project,
        sources={},
        golden_inputs=inputs,
        golden_outputs=reference.evaluate(network, inputs),
    )


def _run(settings: Settings, project: Path) -> Outcome:
    """Try until it is done, at a limit, or out of retries."""
    tries = 0
    while True:
        tries += 1
        finished = _make(settings, project)
        outcome = _judged(settings, project, finished, tries)
        if outcome.failure is None or finished.ending is not Ending.EXITED or tries > settings.retries:
            return outcome
        if finished.status == 0:  # make takes it for done
            shutil.rmtree(project / "build", ignore_errors=True)


def _make(settings: Settings, project: Path) -> Finished:
    log = project / LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    hidden = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # a campaign may itself be part of a Makefile
    variables = {name: value for name, value in os.environ.items() if name not in hidden}
    return run_command(
        ["make", settings.target],
        project,
        time_s=settings.time_limit_s,
        memory_bytes=settings.memory_limit_bytes,
        log=log,
        environment=variables | {"LANGUAGE": "C"},  # `_KILLED` is in English
    )


def _judged(settings: Settings, project: Path, finished: Finished, tries: int) -> Outcome:
    """What came of a try.

    Raises:
        ToolError: no tool started, or the machine failed.
    """
    results = read_results(project, settings.target) if finished.status == 0 else None
    failure, message = None, ""
    if results is None:
        text = (project / LOG).read_text(encoding="utf-8", errors="replace")
        failure = _failure(finished, text)
        message = f"{_limit(settings, failure)}{_last_words(text)}"
        if failure is Failure.FAILED and (cause := _OF_MACHINE.search(text)) is not None:
            raise ToolError(f"make {settings.target} in {project}: {cause[0].strip()[:200]}")
        tool = tool_of(project)
        if settings.target != "csim" and tool is None and failure is Failure.FAILED:
            raise ToolError(f"make {settings.target} in {project} started no tool: {message}")
        results = failed(project, settings.target, failure, tool)
    facts = {"seconds": round(finished.seconds, 3), "peak_bytes": finished.peak_bytes, "tries": tries}
    return Outcome(failure, message, tries, finished.seconds, tuple(results)).with_details(facts)


def _failure(finished: Finished, text: str) -> Failure:
    if finished.ending is Ending.TIMED_OUT:
        return Failure.TIMED_OUT
    if finished.ending is Ending.OUT_OF_MEMORY:
        return Failure.OUT_OF_MEMORY
    if finished.status == 0 or _NOT_WHOLE.search(text):
        return Failure.NO_REPORT
    return Failure.KILLED if finished.status == 137 or _KILLED.search(text) else Failure.FAILED


def _limit(settings: Settings, failure: Failure) -> str:
    """Which limit a design has reached, before what it said last."""
    if failure is Failure.TIMED_OUT:
        return f"took longer than {settings.time_limit_s:g} s; last: "
    if failure is Failure.OUT_OF_MEMORY and settings.memory_limit_bytes is not None:
        return f"took more than {settings.memory_limit_bytes / 1e9:g} GB; last: "
    return ""


def _last_words(text: str) -> str:
    """The last line of a log that is not make's own: the flow says there why it failed."""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line and not _OF_MAKE.match(line)), "")[:300]


def _read_outcome(path: Path) -> Outcome | None:
    """How a design ended; None where nothing says so, or what does is damaged, so that it runs again."""
    try:
        return Outcome.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ReportError, ValueError, RecursionError):
        return None
