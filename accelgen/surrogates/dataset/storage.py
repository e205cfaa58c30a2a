"""accelgen's own table of syntheses: one row each, as CSV, JSON lines or Parquet.

A row has a column for each of what holds for the whole design and for each target, which is empty where it
was not measured. Its layers, and the targets of single layers, are JSON text in two more columns: designs
have any number of layers, and every format keeps text as it is. Entries of a layer that have their default
are left out. What is written reads back equal, to the last bit.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from enum import Enum
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from accelgen.errors import UsageError
from accelgen.ir.types import MAX_WIDTH
from accelgen.surrogates.dataset.csv_rows import read_rows
from accelgen.surrogates.dataset.fields import MAX_COUNT, Fields
from accelgen.surrogates.dataset.json_entries import entries
from accelgen.surrogates.dataset.order import in_order
from accelgen.surrogates.dataset.table import BadRecordError, Skipped
from accelgen.surrogates.record import TARGETS, DesignRecord, LayerKind, LayerRecord, Stage, Synthesis

ROWS_AT_ONCE = 20_000
"""Rows of a Parquet row group, and so of what is in memory at once."""

MAX_LAYERS = 10_000
MAX_TEXT = 1 << 24
MAX_NAME = 1000
"""Characters of what is named: tools, parts and the like."""

_TARGETS = {name: "estimated_clock_ns" if name == "clock_ns" else name for name in TARGETS}
"""The column of each target; ``clock_ns`` is what the design asks for."""

COLUMNS = (
    *("source", "group", "tool", "version", "resource_stage", "success", "runs"),
    *(entry.name for entry in fields(DesignRecord) if entry.name != "layers"),
    *_TARGETS.values(),
    *("layers", "per_layer"),
)
MARKS = frozenset({"tool", "resource_stage", "success", "layers"})
"""The columns by which a table is known as one of accelgen's own."""

_DEFAULTS = {entry.name: entry.default for entry in fields(LayerRecord)}
_LEAST = {name: min(default, 1) for name, default in _DEFAULTS.items() if type(default) is int}
"""The least of each whole number of a layer: -1 and 0 are what stands for unknown or none."""
_MOST = dict.fromkeys(("input_bits", "weight_bits", "accum_bits", "result_bits"), MAX_WIDTH)
"""The most, where it is not `MAX_COUNT`."""


def to_row(synthesis: Synthesis) -> dict[str, Any]:
    """A synthesis as the values of `COLUMNS`: texts, numbers, truth values, and None."""
    design = synthesis.design
    values = {
        **vars(design),
        **vars(synthesis),
        **{column: synthesis.targets.get(name) for name, column in _TARGETS.items()},
    }
    values["resource_stage"] = synthesis.resource_stage.value
    values["layers"] = _json([layer_data(layer) for layer in design.layers])
    values["per_layer"] = _json(dict(synthesis.per_layer))
    return {name: values[name] for name in COLUMNS}


def from_row(row: Fields) -> Synthesis:
    """The synthesis that a row holds.

    Raises:
        BadRecordError: a value is missing or makes no sense.
    """
    try:
        stage = Stage(_text(row, "resource_stage"))
    except ValueError as error:
        raise BadRecordError(str(error)) from None
    return Synthesis(
        design=DesignRecord(
            layers=_layers(row),
            io_type=_text(row, "io_type", MAX_NAME),
            part=_text(row, "part", MAX_NAME),
            clock_ns=row.number("clock_ns", 0.1, 1000),
            clock_uncertainty_percent=row.number("clock_uncertainty_percent", maximum=99),
            backend=_text(row, "backend", MAX_NAME),
            dsp_multipliers=row.flag("dsp_multipliers"),
        ),
        tool=_text(row, "tool", MAX_NAME),
        version=_text(row, "version", MAX_NAME),
        resource_stage=stage,
        success=row.flag("success"),
        targets=row.targets(_TARGETS),
        per_layer=_per_layer(row),
        runs=row.integer("runs"),
        group=_text(row, "group"),
        source=_text(row, "source"),
    )


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def layer_data(layer: LayerRecord) -> dict[str, Any]:
    """A layer's entries that do not have their default, for JSON."""
    return {
        name: value.value if isinstance(value, Enum) else value
        for name, value in vars(layer).items()
        if value != _DEFAULTS[name]
    }


def _text(row: Fields, name: str, longest: int = MAX_TEXT) -> str:
    value = row.values.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise row.error(name, f"is {value!r:.60}, not a text of at most {longest:,} characters")
    return value


def _parsed(row: Fields, name: str) -> Any:
    try:
        return json.loads(_text(row, name))
    except (ValueError, RecursionError) as error:
        raise row.error(name, f"is no JSON: {error}") from None


def _layers(row: Fields) -> tuple[LayerRecord, ...]:
    data = _parsed(row, "layers")
    if not isinstance(data, list) or len(data) > MAX_LAYERS:
        raise row.error("layers", f"is no list of at most {MAX_LAYERS:,} layers")
    return in_order([_layer(entry, number) for number, entry in enumerate(data, 1)])


def _layer(data: object, number: int) -> LayerRecord:
    where = f"layers: entry {number}"
    if not isinstance(data, dict) or not {"name", "kind"} <= data.keys():
        raise BadRecordError(f"{where} has no name and kind")
    values: dict[str, Any] = {}
    for name, value in data.items():
        if not _fits(name, value):
            raise BadRecordError(f"{where}: {name!r:.40} is unknown or cannot be {value!r:.40}")
        values[name] = tuple(value) if name == "inputs" else value
    return LayerRecord(**{**values, "kind": LayerKind(values["kind"])})


def _fits(name: str, value: object) -> bool:
    """Whether an entry of a layer is one, and of its kind."""
    if name == "kind":
        return value in [kind.value for kind in LayerKind]
    if name == "inputs":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if name in ("name", "strategy"):
        return isinstance(value, str)
    if name not in _LEAST or type(value) is not int:
        return False
    return _LEAST[name] <= value <= _MOST.get(name, MAX_COUNT)


def _per_layer(row: Fields) -> dict[str, dict[str, float]]:
    data = _parsed(row, "per_layer")
    if not isinstance(data, dict):
        raise row.error("per_layer", "holds no named layers")
    names = {name: name for name in TARGETS}
    layers = Fields(data, "per_layer: ")
    return {layer: layers.mapping(layer).targets(names) for layer in data}


def read_csv(path: Path) -> Iterator[Synthesis | Skipped]:
    """The rows of a table in CSV."""
    return read_rows(path, from_row)


def read_json_lines(path: Path) -> Iterator[Synthesis | Skipped]:
    """The rows of a table in JSON lines, or in an array."""
    yield from _each(path, entries(path))


def read_parquet(path: Path) -> Iterator[Synthesis | Skipped]:
    """The rows of a table in Parquet, row group by row group."""
    yield from _each(path, _parquet_rows(path))


def _each(path: Path, rows: Iterator[dict[str, Any]]) -> Iterator[Synthesis | Skipped]:
    number = 0
    try:
        for number, row in enumerate(rows, 1):
            yield _converted(row, str(path), number)
    except BadRecordError as error:
        yield Skipped(str(path), number + 1, str(error))


def _converted(row: dict[str, Any], source: str, number: int) -> Synthesis | Skipped:
    try:
        return from_row(Fields(row))
    except BadRecordError as error:
        return Skipped(source, number, str(error))


def _fastparquet() -> Any:
    try:
        import fastparquet
    except ImportError:
        raise UsageError(
            "Parquet needs fastparquet, which comes with 'pip install accelgen[parquet]'; "
            "tables in .csv and .jsonl need nothing"
        ) from None
    return fastparquet


def parquet_columns(path: Path) -> frozenset[str]:
    """The names of a Parquet file's columns; BadRecordError where it is none."""
    fastparquet = _fastparquet()
    try:
        return frozenset(fastparquet.ParquetFile(str(path)).columns)
    except Exception as error:  # whatever the parser makes of a damaged file
        raise _no_parquet(error) from None


def _no_parquet(error: Exception) -> BadRecordError:
    cause = "" if isinstance(error, OSError) else f" ({' '.join(str(error).split())[:200]})"
    return BadRecordError(f"it is no Parquet file, or is damaged or cut off{cause}")


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    fastparquet = _fastparquet()
    try:
        for group in fastparquet.ParquetFile(str(path)).iter_row_groups():
            yield from group.to_dict("records")
    except Exception as error:  # whatever the parser makes of a damaged file
        raise _no_parquet(error) from None


def unique(syntheses: Iterable[Synthesis]) -> Iterator[Synthesis]:
    """Those that differ in more than where they were read from, the first of each."""
    seen: set[bytes] = set()
    for synthesis in syntheses:
        row = {**to_row(synthesis), "source": ""}
        digest = sha256(_json(row).encode()).digest()  # a row itself would take a hundred times the memory
        if digest not in seen:
            seen.add(digest)
            yield synthesis


def write(path: Path, syntheses: Iterable[Synthesis]) -> int:
    """Write a table, in the format that the path's suffix names, and return how many rows it has.

    It is written beside ``path`` and then renamed; rows are taken as they come and not kept.

    Raises:
        UsageError: another suffix, a path that cannot be written, or fastparquet is missing.
    """
    writer = _WRITERS.get(path.suffix)
    if writer is None:
        raise UsageError(f"{path}: tables are written as {', '.join(_WRITERS)}")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal count
        for synthesis in syntheses:
            count += 1
            yield to_row(synthesis)

    try:
        writer(temporary, counted())
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from None
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_csv(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)  # ends lines by CR LF, and so quotes both
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(
                [str(value).lower() if isinstance(value, bool) else value for value in row.values()]
            )


def _write_json_lines(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(_json(row) + "\n")


def _write_parquet(path: Path, rows: Iterator[Mapping[str, Any]]) -> None:
    fastparquet = _fastparquet()
    import pandas as pd  # comes with fastparquet

    types = dict.fromkeys(_TARGETS.values(), "float64")
    append = False
    while (some := list(islice(rows, ROWS_AT_ONCE))) or not append:
        frame = pd.DataFrame(some, columns=list(COLUMNS)).astype(types)
        fastparquet.write(str(path), frame, compression="ZSTD", write_index=False, append=append)
        append = True


_WRITERS: dict[str, Callable[[Path, Iterator[Mapping[str, Any]]], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_json_lines,
}
SUFFIXES = tuple(_WRITERS)
