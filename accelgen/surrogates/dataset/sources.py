"""Finds data sets on disk, and the reader of each: by a file's columns or entries, by a project's files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from accelgen.errors import UsageError
from accelgen.project_files import is_project
from accelgen.surrogates.dataset import accelgen_project, hls4ml_project, ntorc, storage, wa_hls4ml_csv
from accelgen.surrogates.dataset.csv_rows import header
from accelgen.surrogates.dataset.hls4ml_json import KEYS, read_hls4ml_json
from accelgen.surrogates.dataset.json_entries import entries
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.record import Synthesis

Reader = Callable[[Path], Iterator[Synthesis | Skipped]]

ENTRIES_LOOKED_AT = 10
"""Of a JSON file, to find out its format."""


@dataclass(frozen=True)
class Source:
    """A file or a project's folder, and how it is read; ``read`` is None where it is in no known format.

    ``format`` is the format's name, or why there is none.
    """

    path: Path
    format: str
    read: Reader | None


_CSV: tuple[tuple[str, frozenset[str], Reader], ...] = (
    ("accelgen table", storage.MARKS, storage.read_csv),
    ("wa-hls4ml dense chains", wa_hls4ml_csv.CHAIN_COLUMNS, wa_hls4ml_csv.read_dense_chains),
    ("wa-hls4ml single dense", wa_hls4ml_csv.SINGLE_COLUMNS, wa_hls4ml_csv.read_single_dense),
    ("N-TORC conv1d", ntorc.CONV1D_COLUMNS, ntorc.read_conv1d),
    ("N-TORC lstm", ntorc.LSTM_COLUMNS, ntorc.read_lstm),
    ("N-TORC dense", ntorc.DENSE_COLUMNS, ntorc.read_dense),
)
_JSON: tuple[tuple[str, frozenset[str], Reader], ...] = (
    ("accelgen table", storage.MARKS, storage.read_json_lines),
    ("wa-hls4ml or rule4ml JSON", KEYS, read_hls4ml_json),
)
_PARQUET: tuple[tuple[str, frozenset[str], Reader], ...] = (
    ("accelgen table", storage.MARKS, storage.read_parquet),
)
_PROJECTS: tuple[tuple[str, Callable[[Path], bool], Reader], ...] = (
    ("accelgen project", is_project, accelgen_project.read_project),
    ("hls4ml project", hls4ml_project.is_synthesised, hls4ml_project.read_project),
)
FORMATS = tuple(dict.fromkeys(name for name, *_ in (*_CSV, *_JSON, *_PROJECTS)))


def find_sources(path: Path) -> Iterator[Source]:
    """The source that a path is, or those below a folder, in the order of their names.

    Raises:
        UsageError: the path is not there, or is a file in no known format.
    """
    if path.is_dir():
        yield from _below(path)
        return
    if not path.is_file():
        raise UsageError(f"{path} is no file and no folder")
    source = _file(path)
    if source.read is None:
        raise UsageError(f"{path} is in no known format: {source.format}; known are {', '.join(FORMATS)}")
    yield source


def _below(path: Path) -> Iterator[Source]:
    for name, below, files in os.walk(path):
        folder = Path(name)
        project = _project(folder)
        if project is None:
            below.sort()
            yield from (_file(folder / file) for file in sorted(files) if Path(file).suffix in _COLUMNS)
        else:
            below.clear()
            yield project


def _project(folder: Path) -> Source | None:
    return next((Source(folder, name, read) for name, fits, read in _PROJECTS if fits(folder)), None)


def _file(path: Path) -> Source:
    if path.suffix not in _COLUMNS:
        return Source(path, f"files end in {', '.join(_COLUMNS)}", None)
    columns, formats = _COLUMNS[path.suffix]
    try:
        names = columns(path)
    except BadRecordError as error:
        return Source(path, str(error), None)
    for name, needed, reader in formats:
        if needed <= names:
            return Source(path, name, reader)
    return Source(path, _lack(names, formats), None)


def _lack(names: frozenset[str], formats: Sequence[tuple[str, frozenset[str], Reader]]) -> str:
    """What keeps a file from being read: the columns or entries that it lacks of the format most like it."""
    format_, needed, _ = min(formats, key=lambda own: (len(own[1] - names), -len(own[1])))
    if not needed & names:
        return "its columns or entries are no known ones"
    return f"of {format_} it lacks {', '.join(sorted(needed - names))}"


def _keys(path: Path) -> frozenset[str]:
    """The names in the first entries of a JSON file, any of which may be bad; a file of no lines is a table
    of no rows.
    """
    names: set[str] = set()
    try:
        for entry in islice(entries(path), ENTRIES_LOOKED_AT):
            names.update(entry)
    except BadRecordError:
        if not names:
            raise
    except OSError as error:
        raise BadRecordError(f"it cannot be read: {error.strerror}") from None
    return frozenset(names) or (storage.MARKS if path.suffix == ".jsonl" else frozenset())


def _header(path: Path) -> frozenset[str]:
    return frozenset(header(path))


_COLUMNS = {
    ".csv": (_header, _CSV),
    ".json": (_keys, _JSON),
    ".jsonl": (_keys, _JSON),
    ".parquet": (storage.parquet_columns, _PARQUET),
}
