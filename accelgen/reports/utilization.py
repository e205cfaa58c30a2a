"""Reads what Vivado's ``report_utilization`` writes, of the whole design or ``-hierarchical`` (UG835, UG906).

Names differ by family: "Slice LUTs" of 7 series are "CLB LUTs" of UltraScale and Versal, "DSPs" of the
former are "DSP Slices" of the latter. Block RAM is counted in tiles of 36 Kb there, which hold two of 18 Kb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.reports.csynth import config_pattern
from accelgen.reports.text import Document, Table, count, number, read_document
from accelgen.reports.vivado import Origin, read_origin

MARK = "Utilization Design Information"

_SITES = {
    "lut": ("Slice LUTs", "CLB LUTs", "LUTs"),
    "ff": ("Slice Registers", "CLB Registers", "Registers", "Register as Flip Flop"),
    "dsp": ("DSPs", "DSP Slices", "DSP48E1", "DSP48E2", "DSP58"),
    "bram_18k": ("Block RAM Tile",),
    "uram": ("URAM",),
}
_PER_SITE = {"bram_18k": 2}
_OPTIONAL = ("uram",)
"""What some families do not have."""

_COLUMNS = {
    "lut": {"total luts": 1},
    "ff": {"ffs": 1},
    "dsp": {"dsp blocks": 1, "dsp48 blocks": 1, "dsp slices": 1},
    "bram_18k": {"ramb36": 2, "ramb18": 1},
    "uram": {"uram": 1},
}


@dataclass(frozen=True)
class UtilizationReport:
    """The resources of a design, and those that the device has.

    Both hold "lut", "ff", "dsp", "bram_18k" (18 Kb blocks) and "uram", the last where the device has it.
    """

    origin: Origin
    resources: Mapping[str, int]
    available: Mapping[str, int]


@dataclass(frozen=True)
class Instance:
    """A part of a design with all that it holds: ``depth`` is 0 for the top; resources as of the whole."""

    name: str
    module: str
    depth: int
    resources: Mapping[str, int]


@dataclass(frozen=True)
class HierarchyReport:
    """The parts of a design, the top one first, each before those that it holds."""

    origin: Origin
    instances: tuple[Instance, ...]

    @property
    def top(self) -> Instance:
        """The whole design."""
        return self.instances[0]

    def of_config(self, config: str) -> Instance | None:
        """The largest module made of a function for the struct ``config`` (`SynthesisReport.of_config`)."""
        pattern = config_pattern(config)
        found = [own for own in self.instances if pattern.fullmatch(own.module)]
        return max(found, key=lambda own: sum(own.resources.values()), default=None)


def read_utilization(path: Path) -> UtilizationReport:
    """The report of a whole design.

    Raises:
        ReportError: the file is missing, too large, half-written, or no such report.
    """
    document = read_document(path, MARK, "report of utilization")
    tables = [table for table in document.tables() if table.column("site type") == 0]
    if not tables:
        raise ReportError(f"{path} is half-written: it has no table of sites (or was made -hierarchical)")
    used: dict[str, int] = {}
    available: dict[str, int] = {}
    for key, names in _SITES.items():
        found = next(((table, row) for table in tables if (row := table.row(*names)) is not None), None)
        if found is not None:
            table, row = found
            for column, where in (("used", used), ("available", available)):
                value = number(path, row[table.need(column)])
                if value is not None:
                    where[key] = round(value * _PER_SITE.get(key, 1))
        if key not in used and key not in _OPTIONAL:
            raise ReportError(f"{path} is half-written: it does not count {names[0]}")
    return UtilizationReport(read_origin(document), used, available)


def read_hierarchy(path: Path) -> HierarchyReport:
    """The report of a design's parts.

    Raises:
        ReportError: the file is missing, too large, half-written, or no such report.
    """
    document = read_document(path, MARK, "report of utilization")
    table = next((table for table in document.tables() if table.column("instance") == 0), None)
    if table is None:
        raise ReportError(f"{path} is half-written: it has no table of instances (or is not -hierarchical)")
    module = table.need("module")
    instances = tuple(
        _instance(document, table, module, row)
        for row in table.rows
        if not row[0].strip().startswith("(")  # the logic that an instance holds besides its parts
    )
    if not instances or instances[0].depth:
        raise ReportError(f"{path} is half-written: it has no line of the top")
    return HierarchyReport(read_origin(document), instances)


def _instance(document: Document, table: Table, module: int, row: tuple[str, ...]) -> Instance:
    name = row[0].removeprefix(" ").rstrip()
    resources: dict[str, int] = {}
    for key, columns in _COLUMNS.items():
        for column, blocks in columns.items():
            at = table.column(column)
            value = None if at is None else count(document.path, row[at])
            if value is not None:
                resources[key] = resources.get(key, 0) + blocks * value
    missing = [key for key in _COLUMNS if key not in resources and key not in _OPTIONAL]
    if missing:
        raise ReportError(f"{document.path} does not count {', '.join(missing)} of {name.strip()[:60]!r}")
    indent = len(name) - len(name.lstrip())
    return Instance(name.strip(), row[module].strip(), indent // 2, resources)
