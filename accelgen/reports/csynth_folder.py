"""Finds the report of a design among those that a tool has left in a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.reports.csynth import SynthesisReport, read_csynth
from accelgen.reports.csynth_text import read_csynth_text


def read_csynth_folder(folder: Path) -> SynthesisReport:
    """The report of a design from a tool's report folder (``<solution>/syn/report``).

    The top function is the one that calls the others: ``csynth.xml`` where there is one, else the file whose
    function no other file's name comes from. Functions are read from their own files, which give intervals
    that ``csynth.xml`` leaves out, and else from there. Without any XML, the text reports are read.

    Raises:
        ReportError: as `read_csynth`, or the folder holds no report.
    """
    summary = folder / "csynth.xml"
    own = sorted(path for path in folder.glob("*_csynth.xml") if path != summary)
    read = read_csynth
    if not own and not summary.is_file():
        own = sorted(folder.glob("*_csynth.rpt"))
        read = read_csynth_text
    if not own and not summary.is_file():
        raise ReportError(f"{folder} holds no csynth.xml: C synthesis did not run or did not finish")
    reports = {path.name.rpartition("_csynth.")[0]: read(path) for path in own}
    if summary.is_file():
        design = read_csynth(summary)
    else:
        # a function's report counts what it calls, so no function holds more than the top
        design = max(reports.values(), key=lambda report: sum(report.top.resources.values()))
    top = design.top.name
    functions = {**design.functions, **{name: report.top for name, report in reports.items()}}
    return replace(design, functions={name: report for name, report in functions.items() if name != top})
