"""Syntheses from public data sets and finished projects, read into one table."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from accelgen.surrogates.dataset.sources import Source, find_sources
from accelgen.surrogates.dataset.table import Skipped, Table
from accelgen.surrogates.record import Synthesis

__all__ = ["Skipped", "Source", "Table", "find_sources", "read"]


def read(*paths: str | PathLike[str]) -> Table:
    """Every synthesis in files and folders; folders are searched, and what they hold besides is ignored.

    Raises:
        UsageError: a path is not there, or is a file in no known format. What is wrong inside of a file
            makes `Skipped` records instead.
    """
    rows: list[Synthesis] = []
    skipped: list[Skipped] = []
    formats: dict[str, str] = {}
    ignored: list[str] = []
    for source in _sources(paths):
        if source.read is None:
            ignored.append(str(source.path))
            continue
        formats[str(source.path)] = source.format
        for record in source.read(source.path):
            if isinstance(record, Skipped):
                skipped.append(record)
            else:
                rows.append(record)
    return Table(tuple(rows), tuple(skipped), formats, tuple(ignored))


def _sources(paths: tuple[str | PathLike[str], ...]) -> Iterator[Source]:
    for path in paths:
        yield from find_sources(Path(path))
