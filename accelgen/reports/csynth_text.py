"""Reads the text reports of C synthesis: ``<function>_csynth.rpt``, and the summary ``csynth.rpt``.

The first are of Vivado HLS and Vitis HLS, one for each function, and hold what the function's XML does. The
second is written since Vitis HLS 2020.1 and lists all functions with their loops, each with one latency.
Before 2019.2, clocks and latencies have no units of their own, but their headings do (UG902, UG1399).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.reports.csynth import RESOURCES, FunctionReport, SynthesisReport, clock_period
from accelgen.reports.text import Document, Table, count, number, read_document, time_ns

_OF = re.compile(r"== .*? Report (?:for|of) '(.{1,1000})'")
_VERSION = re.compile(r"[0-9]{4}\.[0-9]+(?:\.[0-9]+)?")


def read_csynth_text(path: Path) -> SynthesisReport:
    """The report of one function, with no others.

    Raises:
        ReportError: the file is missing, too large, half-written, or no such report.
    """
    document = read_document(path, "HLS Report for '", "text report of C synthesis")
    found = {table.section: table for table in document.tables()}
    clock = _section(document, found, "Performance Estimates", "Timing", "Summary")
    clock_row = _first(document, clock)
    utilization = _section(document, found, "Utilization Estimates", "Summary")
    return SynthesisReport(
        tool="Vitis HLS" if "== Vitis HLS Report" in document.text else "Vivado HLS",
        version=_version(document),
        part=document.fact("target device"),
        target_clock_ns=clock_period(path, time_ns(path, clock_row[clock.need("target")])),
        clock_uncertainty_ns=time_ns(path, clock_row[clock.need("uncertainty")]),
        top=_function(
            document,
            clock_row[clock.need("estimated")],
            _section(document, found, "Performance Estimates", "Latency", "Summary"),
            _resources(path, utilization, "Total"),
        ),
        functions={},
        available=_resources(path, utilization, "Available"),
    )


@dataclass(frozen=True)
class ModuleSummary:
    """A function in the summary; what the summary leaves open is None.

    ``depth`` counts the functions and loops around it, ``latency_cycles`` is the largest, and ``slack_ns``
    is what the estimated clock leaves of the target less its uncertainty.
    """

    name: str
    depth: int
    slack_ns: float | None
    latency_cycles: int | None
    interval_cycles: int | None
    resources: Mapping[str, int]


@dataclass(frozen=True)
class SynthesisSummary:
    """The summary of a design: its functions, the top one first, each before those that it calls."""

    version: str
    part: str
    modules: tuple[ModuleSummary, ...]


def read_csynth_summary(path: Path) -> SynthesisSummary:
    """The summary ``csynth.rpt``.

    Raises:
        ReportError: the file is missing, too large, half-written, or no such summary.
    """
    document = read_document(path, "Synthesis Summary Report of '", "summary of C synthesis")
    for table in document.tables():
        if table.column("modules & loops") is not None:
            break
    else:
        raise ReportError(f"{path} is half-written: it has no table of modules and loops")
    modules = tuple(_module(table, row) for row in table.rows if row[0].lstrip().startswith("+"))
    if not modules:
        raise ReportError(f"{path} is half-written: its table of modules is empty")
    return SynthesisSummary(_version(document), document.fact("target device"), modules)


def _section(document: Document, found: Mapping[tuple[str, ...], Table], *section: str) -> Table:
    if section not in found:
        raise ReportError(f"{document.path} is half-written: it has no table {' / '.join(section)}")
    return found[section]


def _first(document: Document, table: Table) -> tuple[str, ...]:
    if not table.rows:
        raise ReportError(f"{document.path} is half-written: {' / '.join(table.section)} is empty")
    return table.rows[0]


def _version(document: Document) -> str:
    match = _VERSION.match(document.fact("version"))
    if match is None:
        raise ReportError(f"{document.path} names no version of the tool that is one")
    return match[0]


def _function(document: Document, clock: str, latency: Table, resources: Mapping[str, int]) -> FunctionReport:
    name = _OF.search(document.text)
    if name is None:
        raise ReportError(f"{document.path} is half-written: it does not name its function")
    row = _first(document, latency)

    def cycles(column: str, *others: str) -> int | None:
        return count(document.path, row[latency.need(column, *others)])

    return FunctionReport(
        name=name[1],
        latency_cycles=cycles("latency (cycles) min", "latency min"),
        latency_max_cycles=cycles("latency (cycles) max", "latency max"),
        interval_cycles=cycles("interval min"),
        interval_max_cycles=cycles("interval max"),
        clock_ns=None if clock.strip() in ("-", "") else time_ns(document.path, clock),
        resources=resources,
    )


def _resources(path: Path, table: Table, name: str) -> dict[str, int]:
    row = table.row(name)
    if row is None:
        raise ReportError(f"{path} is half-written: {' / '.join(table.section)} has no line {name!r}")
    found = {
        key: count(path, row[column])
        for key, names in RESOURCES.items()
        if (column := table.column(*(entry.lower() for entry in names))) is not None
    }
    return {key: value for key, value in found.items() if value is not None}


def _module(table: Table, row: tuple[str, ...]) -> ModuleSummary:
    name = row[0].rstrip()
    indent = len(name) - len(name.lstrip())

    def cell(column: str) -> str:
        return row[table.need(column)]

    names = {"bram_18k": "bram", "dsp": "dsp", "ff": "ff", "lut": "lut", "uram": "uram"}
    slack = table.column("slack", "distance")
    return ModuleSummary(
        name=name.lstrip(" +").rstrip("*"),
        depth=indent,
        slack_ns=None if slack is None else number(table.path, row[slack]),
        latency_cycles=count(table.path, cell("latency (cycles)")),
        interval_cycles=count(table.path, cell("interval")),
        # a dash stands for none here
        resources={
            key: count(table.path, row[at]) or 0
            for key, column in names.items()
            if (at := table.column(column)) is not None
        },
    )
