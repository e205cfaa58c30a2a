"""Rows of CSV files, each turned into a synthesis or skipped with its reason."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

from accelgen.errors import UsageError
from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.record import Synthesis

MAX_LINE = 1 << 24
"""The longest row, in characters: a stored design of 10,000 layers is shorter."""


def header(path: Path) -> tuple[str, ...]:
    """The names of a CSV file's columns; none where it has none.

    Raises:
        UsageError: the file cannot be read.
    """
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            line = file.readline(MAX_LINE)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    try:
        return tuple(name.strip() for name in next(csv.reader([line]), []))
    except csv.Error:
        return ()


def read_rows(path: Path, convert: Callable[[Fields], Synthesis]) -> Iterator[Synthesis | Skipped]:
    """Every row of a CSV file with a header, converted; rows count from 1 below the header."""
    columns = header(path)
    csv.field_size_limit(MAX_LINE)
    number = 0
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            rows = csv.reader(file, strict=True)
            next(rows, None)
            for row in rows:
                if not row:
                    continue
                number += 1
                try:
                    if len(row) != len(columns):
                        raise BadRecordError(f"{len(row)} values in {len(columns)} columns")
                    yield convert(Fields(dict(zip(columns, row, strict=True))))
                except BadRecordError as error:
                    yield Skipped(str(path), number, str(error))
    except csv.Error as error:
        yield Skipped(str(path), number + 1, f"the file is damaged from here on: {error}")
