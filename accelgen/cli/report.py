"""``accelgen report``: what tools reported of projects, beside what was predicted."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from accelgen.cli.arguments import FILE, FOLDER
from accelgen.cli.output import write_json, write_line
from accelgen.console import print_table, printable, step
from accelgen.errors import AccelgenError, ReportError, UsageError

if TYPE_CHECKING:
    from accelgen.comparison import Comparison
    from accelgen.comparison.words import Grid

SUMMARY = "compare what tools report of projects with the prediction, and keep it"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "projects", metavar=FOLDER, nargs="+", help="project of accelgen or hls4ml, or a folder of some"
    )
    parser.add_argument("--html", metavar=FILE, help="write the comparison as one page")
    parser.add_argument("--no-store", action="store_true", help="do not keep the results")


def run(options: Namespace) -> int:
    """Compare, show, and keep; exit code 1 where nothing could be read."""
    failures: list[str] = []
    with step("reading reports"):
        found = [
            comparison
            for folder in dict.fromkeys(options.projects)
            for project in _projects(Path(folder), failures)
            if (comparison := _compared(project, failures)) is not None
        ]
    if options.html and found:
        from accelgen.comparison.page import to_html

        _write(Path(options.html), to_html(found, failures))
    if options.json:
        from accelgen.comparison.data import as_json

        kept = [] if options.no_store else _keep(found)
        write_json({"projects": [as_json(own) for own in found], "failures": failures, "results": kept})
    else:
        _show(found)
        if options.html and found:
            write_line(f"written: {options.html}")
        # last, since it may wait for other processes
        kept = [] if options.no_store else _keep(found)
        if kept:
            write_line(f"kept as {_numbers(kept)}: see 'accelgen results'")
    for failure in failures:
        sys.stderr.write(f"accelgen: not read: {printable(' '.join(failure.split()))}\n")
    return 0 if found else 1


def _projects(folder: Path, failures: list[str]) -> list[Path]:
    from accelgen.comparison import find_projects

    try:
        return list(find_projects(folder))
    except ReportError as error:
        failures.append(str(error))
        return []


def _compared(project: Path, failures: list[str]) -> Comparison | None:
    from accelgen.comparison import compare

    try:
        return compare(project)
    except ReportError as error:
        failures.append(str(error))
        return None


def _keep(found: Sequence[Comparison]) -> list[int]:
    """The results' numbers in the store; a comparison is shown even where it cannot be kept."""
    from accelgen.comparison import results_of
    from accelgen.results import Store

    each = [results for comparison in found if (results := results_of(comparison))]
    if not each:
        return []
    kept: set[int] = set()  # copies of a report are one result
    with _saying_not_kept(AccelgenError), Store() as store:
        for results in each:
            with _saying_not_kept(ReportError):
                kept.update(store.insert(*results))
    return sorted(kept)


@contextmanager
def _saying_not_kept(kind: type[AccelgenError]) -> Iterator[None]:
    """Go on after an error of a kind, and say on stderr that something was not kept, and why."""
    try:
        yield
    except kind as error:
        sys.stderr.write(f"accelgen: not kept: {printable(' '.join(str(error).split()))}\n")


def _numbers(kept: Sequence[int]) -> str:
    if len(kept) == 1:
        return f"result {kept[0]}"
    return f"{len(kept)} results, {min(kept)} to {max(kept)}"


def _write(path: Path, text: str) -> None:
    try:
        # names of hostile folders may hold halves of characters
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None


def _show(found: Sequence[Comparison]) -> None:
    from accelgen.comparison import words

    if len(found) > 1:
        _print("", words.summary(found))
        write_line(f"errors are predicted / measured - 1; {words.OUTSIDE} outside of the predicted interval")
        for comparison in found:
            for problem in comparison.reports.problems:
                write_line(f"not read: {problem}")
        return
    for comparison in found:
        _print(words.title(comparison), words.totals(comparison))
        if (layers := words.layers(comparison)) is not None:
            _print("", layers)
        for sentence in words.verdicts(comparison):
            write_line(sentence)


def _print(title: str, grid: Grid) -> None:
    texts = ("", "layer", "kernel", "project", "step", "verdict")
    print_table(title, grid.columns, grid.rows, right=[name for name in grid.columns if name not in texts])
