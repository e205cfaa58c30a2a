"""Finds data sets on disk and the reader of each: files by their columns, projects by what they hold."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from accelgen.errors import UsageError
from accelgen.surrogates.dataset import hls4ml_project, ntorc, wa_hls4ml_csv
from accelgen.surrogates.dataset.csv_rows import header
from accelgen.surrogates.dataset.table import Skipped
from accelgen.surrogates.record import Synthesis

Reader = Callable[[Path], Iterator[Synthesis | Skipped]]

_CSV_FORMATS: tuple[tuple[str, frozenset[str], Reader], ...] = (
    ("wa-hls4ml dense chains", wa_hls4ml_csv.CHAIN_COLUMNS, wa_hls4ml_csv.read_dense_chains),
    ("wa-hls4ml single dense", wa_hls4ml_csv.SINGLE_COLUMNS, wa_hls4ml_csv.read_single_dense),
    ("N-TORC conv1d", ntorc.CONV1D_COLUMNS, ntorc.read_conv1d),
    ("N-TORC lstm", ntorc.LSTM_COLUMNS, ntorc.read_lstm),
    ("N-TORC dense", ntorc.DENSE_COLUMNS, ntorc.read_dense),
)


@dataclass(frozen=True)
class Source:
    """A file or a project's folder, and how it is read; ``read`` is None where it is in no known format."""

    path: Path
    format: str
    read: Reader | None


def find_sources(path: Path) -> Iterator[Source]:
    """The source that a path is, or those below a folder, in the order of their names.

    Raises:
        UsageError: the path is not there, or a file in no known format.
    """
    if path.is_dir():
        for folder, below, files in os.walk(path):
            project = _project(Path(folder))
            if project is not None:
                below.clear()
                yield project
                continue
            below.sort()
            yield from (_file(Path(folder) / name) for name in sorted(files) if _is_data(name))
        return
    if not path.is_file():
        raise UsageError(f"{path} is no file and no folder")
    source = _file(path)
    if source.read is None:
        known = ", ".join(name for name, _, _ in _CSV_FORMATS)
        raise UsageError(f"{path} is in no known format; known are {known}, and folders of projects")
    yield source


def _is_data(name: str) -> bool:
    return name.endswith((".csv",))


def _project(folder: Path) -> Source | None:
    if hls4ml_project.is_project(folder):
        return Source(folder, "hls4ml project", hls4ml_project.read_project)
    return None


def _file(path: Path) -> Source:
    if path.suffix == ".csv":
        columns = set(header(path))
        for name, needed, reader in _CSV_FORMATS:
            if needed <= columns:
                return Source(path, name, reader)
    return Source(path, "", None)
