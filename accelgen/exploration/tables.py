"""Search problems in CSV tables: a row for each option of a layer, with what was predicted for it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from os import PathLike
from pathlib import Path

import numpy as np

from accelgen.errors import UsageError
from accelgen.exploration.problem import Composition, LayerOptions, Problem

LAYER = "layer_name"
REUSE_FACTOR = "reuse_factor"
RESOURCES = {name: (f"predicted_{name}",) for name in ("lut", "ff", "bram", "dsp")}
LATENCY = "latency"
COLUMNS = {**RESOURCES, LATENCY: ("predicted_latency_max", "predicted_latency")}
"""The figures of rows, and the columns that hold them: the first one that a file has."""


@dataclass(frozen=True)
class TableRow:
    """An option of a layer: its reuse factor, and the file and line that it is from."""

    reuse_factor: int
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}"


@dataclass(frozen=True, eq=False)
class OptionTable:
    """The layers of a network with their options, whose ``choices`` are `TableRow`.

    Attributes:
        layers: in the order in which they come first.
        left_out: rows that cannot be chosen, since a figure of theirs is empty or no finite number.
    """

    layers: tuple[LayerOptions, ...]
    left_out: tuple[TableRow, ...]

    def problem(self, max_latency: float | None = None) -> Problem:
        """The search for the least sum of all resources, where latencies add to at most ``max_latency``."""
        return Problem(
            layers=self.layers,
            figures={name: Composition(added=name) for name in COLUMNS},
            objective=dict.fromkeys(RESOURCES, 1.0),
            limits={} if max_latency is None else {LATENCY: max_latency},
        )


def read_tables(paths: Iterable[str | PathLike[str]]) -> OptionTable:
    """The options in some CSV files, whose rows may be in any order; a layer may be in several files.

    Files have the columns ``layer_name``, ``reuse_factor``, ``predicted_lut``, ``predicted_ff``,
    ``predicted_bram``, ``predicted_dsp`` and ``predicted_latency_max`` or ``predicted_latency``; others are
    ignored.

    Raises:
        UsageError: a file cannot be read, lacks a column or holds something else than a number in one, or no
            row of a layer can be chosen. The message names the file, the line and the column.
    """
    rows: dict[str, list[tuple[TableRow, Mapping[str, float]]]] = {}
    left_out = []
    for path in paths:
        for layer, row, figures in _rows_of(Path(path)):
            own = rows.setdefault(layer, [])
            if all(map(isfinite, figures.values())):
                own.append((row, figures))
            else:
                left_out.append(row)
    if not rows:
        raise UsageError("the tables hold no rows")
    for layer, own in rows.items():
        if not own:
            raise UsageError(f"layer {layer!r}: no row of it has a number in every column that counts")
    layers = (
        LayerOptions(
            name=layer,
            choices=tuple(row for row, _ in own),
            columns={name: np.array([figures[name] for _, figures in own]) for name in COLUMNS},
        )
        for layer, own in rows.items()
    )
    return OptionTable(tuple(layers), tuple(left_out))


def _rows_of(path: Path) -> Iterator[tuple[str, TableRow, dict[str, float]]]:
    """The layer, row and figures of each line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [name.strip() for name in next(reader, [])]
            used = _used_columns(path, header)
            for entries in reader:
                if not any(entry.strip() for entry in entries):
                    continue
                where = f"{path}, line {reader.line_num}"
                if len(entries) != len(header):
                    raise UsageError(f"{where}: {len(entries)} entries, but {len(header)} columns")
                entry = dict(zip(header, map(str.strip, entries), strict=True))
                if not entry[LAYER]:
                    raise UsageError(f"{where}, column {LAYER!r}: it is empty")
                row = TableRow(_factor(entry[REUSE_FACTOR], where), str(path), reader.line_num)
                figures = {name: _figure(entry[column], where, column) for name, column in used.items()}
                yield entry[LAYER], row, figures
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no CSV file: {error}") from None


def _used_columns(path: Path, header: list[str]) -> dict[str, str]:
    """The column of each figure."""
    repeated = [name for name in header if header.count(name) > 1]
    if repeated:
        raise UsageError(f"{path}: column {repeated[0]!r} is there more than once")
    for name in (LAYER, REUSE_FACTOR):
        if name not in header:
            raise UsageError(f"{path}, line 1: there is no column {name!r}")
    used = {}
    for figure, columns in COLUMNS.items():
        found = [column for column in columns if column in header]
        if not found:
            raise UsageError(f"{path}, line 1: there is no column {' or '.join(map(repr, columns))}")
        used[figure] = found[0]
    return used


def _factor(text: str, where: str) -> int:
    value = _figure(text, where, REUSE_FACTOR)
    if not (isfinite(value) and value >= 1 and value == int(value)):
        raise UsageError(f"{where}, column {REUSE_FACTOR!r}: {text!r} is no reuse factor")
    return int(value)


def _figure(text: str, where: str, column: str) -> float:
    """The number, NaN where there is none."""
    try:
        return float(text) if text else float("nan")
    except ValueError:
        raise UsageError(f"{where}, column {column!r}: {text!r} is no number") from None
