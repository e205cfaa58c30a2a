"""Writes the directory of a search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accelgen.errors import UsageError
from accelgen.exploration.candidate import Exploration
from accelgen.exploration.report.page import build_command, to_html
from accelgen.exploration.report.picture import to_png
from accelgen.exploration.report.table import to_csv, to_jsonl
from accelgen.replacing import check_replaceable, replacing, write_files

CSV, JSONL, HTML, PNG, DESIGNS = "front.csv", "front.jsonl", "report.html", "front.png", "designs"


WHAT = "exploration"


def is_exploration(directory: Path) -> bool:
    """Whether a directory holds what `write_exploration` writes."""
    return (directory / JSONL).is_file() and (directory / HTML).is_file()


def check_output(directory: Path, journal: Path | None = None) -> None:
    """Make sure, before a search, that its directory may be written, and that its journal outlasts that.

    Raises:
        UsageError: ``directory`` holds something else or is the current directory, or the journal lies in it.
    """
    target = check_replaceable(directory, is_exploration, WHAT)
    if journal is not None and journal.resolve().is_relative_to(target):
        raise UsageError(f"the journal {journal} lies in {directory}, which is replaced; put it beside that")


def write_exploration(
    exploration: Exploration, directory: Path, model: Sequence[str] = ("MODEL",)
) -> tuple[str, ...]:
    """Write tables, report, picture and design files of a search, and return what is to be said of that.

    ``directory`` gets front.csv, front.jsonl, report.html, front.png and designs/NAME.yaml; an earlier
    exploration there is replaced as a whole, whatever else it holds, so a journal belongs beside it.
    ``model`` is what a command line names the model by: its path, and options such as --weights. The same
    arguments give the same bytes. Without matplotlib there is no picture, which the answer says.

    Raises:
        UsageError: ``directory`` holds something else, is the current directory or cannot be written, or
            a candidate's name is no file name or another's.
    """
    files: dict[str, bytes] = {}
    commands: dict[str, str] = {}
    for candidate in exploration.candidates:
        path = f"{DESIGNS}/{_file_name(candidate.name)}.yaml"
        if path in files:
            raise UsageError(f"two candidates are named {candidate.name!r}")
        files[path] = candidate.design_file.encode()
        commands[candidate.name] = build_command(model, str(directory / path), candidate.name)
    files[CSV] = to_csv(exploration).encode()
    files[JSONL] = to_jsonl(exploration).encode()
    files[HTML] = to_html(exploration, commands).encode()
    notes: list[str] = []
    try:
        files[PNG] = to_png(exploration)
    except ImportError:
        notes.append(f"{PNG} needs matplotlib: pip install 'accelgen[plot]'")
    with replacing(directory, is_exploration, WHAT) as temporary:
        write_files(temporary, files)
    return tuple(notes)


def _file_name(name: str) -> str:
    if not name or not all(char.isascii() and (char.isalnum() or char in "._-") for char in name):
        raise UsageError(
            f"a candidate's name is a file name of letters, digits, '.', '_' and '-', not {name!r}"
        )
    if name.startswith((".", "-")):
        raise UsageError(f"a candidate's name begins with a letter or a digit, not {name!r}")
    return name
