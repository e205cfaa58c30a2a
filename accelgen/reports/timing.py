"""Reads what Vivado's ``report_timing_summary`` writes: slacks, whether constraints are met, clocks (UG906).

Its tables have no frames: columns stand under names that are underlined.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.reports.text import MAX_COLUMNS, number, read_document
from accelgen.reports.vivado import Origin, read_origin

_UNDERLINES = re.compile(r"\s*-{2,}(?:\s+-{2,})*\s*")
_WIDE_GAP = re.compile(r"\s{2,}")
_MAX_CLOCKS = 10_000
_VERDICTS = {
    "All user specified timing constraints are met.": True,
    "Timing constraints are not met.": False,
    "There are no user specified timing constraints.": None,
}


@dataclass(frozen=True)
class TimingReport:
    """The slacks of a design, in nanoseconds.

    Attributes:
        wns_ns, tns_ns: worst and total negative slack of setup; None where no path is constrained.
        whs_ns, ths_ns: the same of hold.
        wpws_ns: worst slack of pulse widths.
        failing_endpoints: of setup, hold and pulse widths together.
        met: whether all constraints are; None where there are none.
        clocks: the period of each clock, by name, in nanoseconds.
    """

    origin: Origin
    wns_ns: float | None
    tns_ns: float | None
    whs_ns: float | None
    ths_ns: float | None
    wpws_ns: float | None
    failing_endpoints: int
    met: bool | None
    clocks: Mapping[str, float]

    @property
    def clock_ns(self) -> float | None:
        """The shortest period that the design would meet; None where it has no clock, or several."""
        if len(self.clocks) != 1 or self.wns_ns is None:
            return None
        return next(iter(self.clocks.values())) - self.wns_ns


def read_timing(path: Path) -> TimingReport:
    """The summary of a design's timing.

    Raises:
        ReportError: the file is missing, too large, half-written, or no such report.
    """
    document = read_document(path, "Design Timing Summary", "summary of timing")
    lines = document.text.splitlines()
    # in a table of contents the titles stand too, but nothing below them
    summary = next(_rows(lines, "Design Timing Summary", "WNS(ns)"), None)
    verdict = next((text for text in _VERDICTS if text in document.text), None)
    if summary is None or verdict is None:
        missing = "table of slacks" if summary is None else "verdict on the constraints"
        raise ReportError(f"{path} is half-written: it has no {missing}")

    def slack(name: str) -> float | None:
        return number(path, summary.get(name, "-"))

    failing = [slack(f"{kind} Failing Endpoints") or 0.0 for kind in ("TNS", "THS", "TPWS")]
    return TimingReport(
        origin=read_origin(document),
        wns_ns=slack("WNS(ns)"),
        tns_ns=slack("TNS(ns)"),
        whs_ns=slack("WHS(ns)"),
        ths_ns=slack("THS(ns)"),
        wpws_ns=slack("WPWS(ns)"),
        failing_endpoints=int(sum(failing)),
        met=_VERDICTS[verdict],
        clocks=_clocks(path, lines),
    )


def _clocks(path: Path, lines: list[str]) -> dict[str, float]:
    if not any(line.strip(" |") == "Intra Clock Table" for line in lines):
        return {}  # which follows: the table of clocks may not be whole
    rows = islice(_rows(lines, "Clock Summary", "Clock"), _MAX_CLOCKS)
    periods = {row.get("Clock", ""): number(path, row.get("Period(ns)", "-")) for row in rows}
    return {name: period for name, period in periods.items() if period is not None}


def _rows(lines: list[str], title: str, first: str) -> Iterator[dict[str, str]]:
    """The lines of the table under a title whose first column is ``first``, until an empty one."""
    titles = (number for number, line in enumerate(lines) if line.strip(" |") == title)
    for start in titles:
        for at in range(start, min(start + 8, len(lines) - 1)):
            names = _WIDE_GAP.split(lines[at].strip())
            if names[0] == first and _UNDERLINES.fullmatch(lines[at + 1]) and len(names) <= MAX_COLUMNS:
                for line in lines[at + 2 :]:
                    cells = _WIDE_GAP.split(line.strip())
                    if len(cells) != len(names):
                        return
                    yield dict(zip(names, cells, strict=True))
                return
