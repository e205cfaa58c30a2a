"""Reads the XML reports of C synthesis: ``csynth.xml`` and ``<function>_csynth.xml``.

Vivado HLS 2018 to 2020.1 and Vitis HLS 2020.1 on write the same elements (UG902 and UG1399, "Report files");
Vivado HLS calls a DSP block DSP48E and counts no URAM. Elements are found by name, never by position.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from xml.etree import ElementTree

from accelgen.errors import ReportError
from accelgen.reports.files import read_bytes

RESOURCES = {
    "lut": ("LUT",),
    "ff": ("FF",),
    "dsp": ("DSP", "DSP48E"),
    "bram_18k": ("BRAM_18K",),
    "uram": ("URAM",),
}
"""What the tools call each resource, in XML and in text."""

_COUNT = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True)
class FunctionReport:
    """One function as synthesised, with what it calls.

    Cycles are None where the tool could not bound them ("undef" or "?"), and so is what the report leaves
    out. ``clock_ns`` is the period that the tool estimates to be possible. ``resources`` holds "lut", "ff",
    "dsp", "bram_18k" (18 Kb blocks) and "uram".
    """

    name: str
    latency_cycles: int | None
    latency_max_cycles: int | None
    interval_cycles: int | None
    interval_max_cycles: int | None
    clock_ns: float | None
    resources: Mapping[str, int]

    def figures(self) -> dict[str, float]:
        """What was measured, by the names of `accelgen.surrogates.record.TARGETS`."""
        figures: dict[str, float] = {key: float(count) for key, count in self.resources.items()}
        for key in ("latency_cycles", "latency_max_cycles", "interval_cycles", "clock_ns"):
            if (value := getattr(self, key)) is not None:
                figures[key] = float(value)
        return figures


@dataclass(frozen=True)
class SynthesisReport:
    """The top function, those it calls, and what was asked of the tool.

    ``target_clock_ns`` and ``clock_uncertainty_ns`` are what the design was scheduled for; ``available`` are
    the part's resources, named as a function's.
    """

    tool: str
    version: str
    part: str
    target_clock_ns: float
    clock_uncertainty_ns: float
    top: FunctionReport
    functions: Mapping[str, FunctionReport]
    available: Mapping[str, int]

    def of_config(self, config: str) -> FunctionReport | None:
        """The function instantiated with the struct ``config`` as its last template argument.

        The tool names functions after their arguments: dense_ap_fixed_16_6_5_3_0_config2_s. Of several, one
        calls the others, and so has the largest resources.
        """
        pattern = config_pattern(config)
        found = [own for name, own in self.functions.items() if pattern.fullmatch(name)]
        return max(found, key=lambda own: sum(own.resources.values()), default=None)


def config_pattern(config: str) -> re.Pattern[str]:
    """What the names of functions match whose last template argument is the struct ``config``."""
    return re.compile(rf"(?:.*_)?{re.escape(config)}(?:_s)*(?:_\d+)?")


def clock_period(path: Path, target_ns: float) -> float:
    """The period that a design was scheduled for, in nanoseconds.

    Raises:
        ReportError: it is none.
    """
    if not target_ns > 0:
        raise ReportError(f"{path} is damaged: it is for a clock period of {target_ns:g} ns")
    return target_ns


def read_csynth(path: Path) -> SynthesisReport:
    """The report in one file: a function's own, or ``csynth.xml``, which holds every function's.

    Raises:
        ReportError: the file is missing, too large, half-written, no XML or no such report, or declares a
            document type (which reports never do, and attacks on parsers need).
    """
    root = _Element(path, _parse(path))
    user = root.child("UserAssignments")
    vitis = user.optional("FlowTarget") is not None  # Vivado HLS does not write it
    modules = root.node.findall("ModuleInformation/Module")
    functions = [_function(_Element(path, module)) for module in modules]
    return SynthesisReport(
        tool="Vitis HLS" if vitis else "Vivado HLS",
        version=root.child("ReportVersion").text("Version"),
        part=user.text("Part"),
        target_clock_ns=clock_period(path, user.number("TargetClockPeriod")),
        clock_uncertainty_ns=user.number("ClockUncertainty"),
        top=_function(root, user.text("TopModelName")),
        functions={function.name: function for function in functions},
        available=_resources(root.child("AreaEstimates/AvailableResources")),
    )


class _RefusingBuilder(ElementTree.TreeBuilder):
    """Builds elements and refuses document types, and with them every kind of entity."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:  # noqa: ARG002
        raise ValueError("it declares a document type, which no report does")


def _parse(path: Path) -> ElementTree.Element:
    parser = ElementTree.XMLParser(target=_RefusingBuilder())
    try:
        parser.feed(read_bytes(path))
        element: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ReportError(f"{path} is half-written or no XML: {error}") from None
    if element.tag != "profile":
        raise ReportError(f"{path} is no report of C synthesis: it starts with <{element.tag[:50]}>")
    return element


@dataclass(frozen=True)
class _Element:
    """An element, with the file that it stands in for errors."""

    path: Path
    node: ElementTree.Element

    def child(self, name: str) -> _Element:
        found = self.node.find(name)
        if found is None:
            raise ReportError(f"{self.path} is half-written: it has no {name}")
        return _Element(self.path, found)

    def optional(self, name: str) -> str | None:
        return (self.node.findtext(name) or "").strip() or None

    def text(self, name: str) -> str:
        found = self.optional(name)
        if found is None:
            raise ReportError(f"{self.path} is half-written: it has no {name}")
        return found

    def number(self, name: str) -> float:
        text = self.text(name)
        try:
            number = float(text)
        except ValueError:
            number = nan
        if not isfinite(number) or number < 0:
            raise ReportError(f"{self.path}: {name} is {text[:50]!r}, which is no time")
        return number

    def count(self, name: str) -> int:
        text = self.text(name)
        if not _COUNT.fullmatch(text):
            raise ReportError(f"{self.path}: {name} is {text[:50]!r}, which is no count")
        return int(text)

    def cycles(self, *names: str) -> int | None:
        """The first of the entries that is a number of cycles; tools write "undef" or "?" for others."""
        texts = (self.optional(name) for name in names)
        return next((int(text) for text in texts if text is not None and _COUNT.fullmatch(text)), None)


def _function(element: _Element, name: str | None = None) -> FunctionReport:
    estimates = element.child("PerformanceEstimates")
    latency = estimates.child("SummaryOfOverallLatency")
    clock = "SummaryOfTimingAnalysis/EstimatedClockPeriod"
    return FunctionReport(
        name=element.text("Name") if name is None else name,
        latency_cycles=latency.cycles("Best-caseLatency"),
        latency_max_cycles=latency.cycles("Worst-caseLatency"),
        interval_cycles=latency.cycles("Interval-min", "PipelineInitiationInterval"),
        interval_max_cycles=latency.cycles("Interval-max", "PipelineInitiationInterval"),
        clock_ns=None if estimates.optional(clock) is None else estimates.number(clock),
        resources=_resources(element.child("AreaEstimates/Resources")),
    )


def _resources(element: _Element) -> dict[str, int]:
    return {
        key: element.count(name)
        for key, names in RESOURCES.items()
        for name in names
        if element.optional(name) is not None
    }
