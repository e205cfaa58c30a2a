"""Syntheses from public data sets and finished projects, read into one table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from os import PathLike
from pathlib import Path

from accelgen.surrogates.dataset.sources import Source, find_sources
from accelgen.surrogates.dataset.storage import unique
from accelgen.surrogates.dataset.storage import write as _write
from accelgen.surrogates.dataset.table import Skipped, Table, first_reason
from accelgen.surrogates.record import Synthesis

__all__ = ["Skipped", "Source", "Table", "first_reason", "read", "records", "unique", "write"]


def records(*paths: str | PathLike[str]) -> Iterator[tuple[Source, Synthesis | Skipped | None]]:
    """Every record in files and folders with its source, one at a time.

    Each source comes first with None; one that is in no known format, which only folders hold, has no more.

    Raises:
        UsageError: a path is not there, or is a file in no known format. What is wrong inside of a file
            makes `Skipped` records instead.
    """
    for path in paths:
        for source in find_sources(Path(path)):
            yield source, None
            if source.read is not None:
                for record in source.read(source.path):
                    yield source, record


def read(*paths: str | PathLike[str]) -> Table:
    """Every synthesis in files and folders; folders are searched, and what they hold besides is ignored.

    Raises:
        UsageError: as `records`.
    """
    rows: list[Synthesis] = []
    skipped: list[Skipped] = []
    formats: dict[str, str] = {}
    ignored: list[str] = []
    for source, record in records(*paths):
        if isinstance(record, Synthesis):
            rows.append(record)
        elif record is not None:
            skipped.append(record)
        elif source.read is None:
            ignored.append(str(source.path))
        else:
            formats[str(source.path)] = source.format
    return Table(tuple(rows), tuple(skipped), formats, tuple(ignored))


def write(path: str | PathLike[str], syntheses: Iterable[Synthesis]) -> int:
    """Write a table as .parquet, .csv or .jsonl and return its rows (see `storage`).

    Raises:
        UsageError: another suffix, a path that cannot be written, or what Parquet needs is missing.
    """
    return _write(Path(path), syntheses)
