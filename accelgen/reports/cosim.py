"""Reads the report of a C/RTL cosimulation, ``<top>_cosim.rpt``.

Vivado HLS and Vitis HLS write one line for each hardware language, of which all but the simulated one say
"NA"; newer versions add the time that all runs took together (UG902 and UG1399, "C/RTL cosimulation"). It
says "Fail", and NA of all figures, where the simulation could not be built or run, and may leave out figures
of one that passed (seen with 2022 to 2024.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.reports.text import Table, count, read_document

LANGUAGES = ("Verilog", "VHDL", "SystemC")


@dataclass(frozen=True)
class CosimReport:
    """What a simulation of the hardware measured, in cycles.

    ``language`` is that of the simulated hardware, ``passed`` whether its results were those of the C code.
    Intervals are None where one inference was simulated, and ``total_cycles`` where the tool does not say.
    """

    language: str
    passed: bool
    latency_cycles: int | None
    latency_mean_cycles: int | None
    latency_max_cycles: int | None
    interval_cycles: int | None
    interval_mean_cycles: int | None
    interval_max_cycles: int | None
    total_cycles: int | None


def read_cosim(path: Path) -> CosimReport:
    """The report of a cosimulation.

    Raises:
        ReportError: the file is missing, too large, half-written, no such report, or says of no language
            that it was simulated.
    """
    document = read_document(path, "Latency", "report of a cosimulation")
    table = next((table for table in document.tables() if table.column("rtl") is not None), None)
    if table is None:
        raise ReportError(f"{path} is half-written: it has no table of simulated hardware")
    status = table.need("status")
    for language in LANGUAGES:
        row = table.row(language)
        if row is not None and row[status].strip() not in ("NA", ""):
            return _report(table, language, row)
    raise ReportError(f"{path} reports no simulation: the hardware was not simulated, or that failed")


def _report(table: Table, language: str, row: tuple[str, ...]) -> CosimReport:
    def cycles(what: str, end: str) -> int | None:
        return count(table.path, row[table.need(f"{what}(clock cycles) {end}", f"{what} {end}")])

    total = table.column("total execution time (clock cycles)")
    return CosimReport(
        language=language,
        passed=row[table.need("status")].strip().lower() == "pass",
        latency_cycles=cycles("latency", "min"),
        latency_mean_cycles=cycles("latency", "avg"),
        latency_max_cycles=cycles("latency", "max"),
        interval_cycles=cycles("interval", "min"),
        interval_mean_cycles=cycles("interval", "avg"),
        interval_max_cycles=cycles("interval", "max"),
        total_cycles=None if total is None else count(table.path, row[total]),
    )
