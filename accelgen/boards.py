"""Boards and parts: which FPGA, how large it is, which clocks and memory surround it.

A board is one file in ``boards/``; the sizes of dies stand once, in ``boards/parts.yaml``.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from accelgen.errors import UsageError
from accelgen.resources import data_dir

PARTS_FILE = "parts.yaml"

_PACKAGE = r"[il]?-?[a-z]{3,4}\d{3,4}-\d?[a-z0-9]{1,4}(-[a-z]){0,2}"
"""Package, speed and temperature grade in lower case: clg400-1, -fsvh2892-2l-e, icsg324-1l."""
_PART = re.compile(rf"x[caq](7[a-z]{{1,2}}|[a-z]{{1,2}})\d{{1,4}}[a-z]{{0,2}}{_PACKAGE}")

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Resources:
    """What a die holds; ``bram_18k`` counts 18 Kb blocks."""

    lut: int
    ff: int
    dsp: int
    bram_18k: int
    uram: int


RESOURCE_TITLES = {"lut": "LUT", "ff": "FF", "dsp": "DSP", "bram_18k": "BRAM 18K", "uram": "URAM"}
"""What people call the fields of `Resources`."""


@dataclass(frozen=True)
class Part:
    """An FPGA by its full name; family, resources and their source are None where the device is not known."""

    name: str
    family: str | None = None
    resources: Resources | None = None
    source: str | None = None


@dataclass(frozen=True)
class Board:
    """A board, its part, and the clock period that designs for it aim at unless told otherwise.

    ``clocks_mhz`` names the clocks that reach the programmable logic; ``source`` is the board's own manual.
    ``board_files`` is the name by which Vivado knows the board, ``platform`` the Vitis platform of an
    accelerator card and ``platform_memory`` its memory, HBM or DDR; None where there is none.
    """

    name: str
    title: str
    part: Part
    clock_ns: float
    clocks_mhz: Mapping[str, float]
    memory: str
    source: str
    board_files: str | None = None
    platform: str | None = None
    platform_memory: str | None = None


def nearest_names(name: str, names: Iterable[str]) -> str:
    """`` (did you mean a or b?)`` with the most similar names, or nothing where none is."""
    close = difflib.get_close_matches(name.lower(), list(names), n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(close)}?)" if close else ""


def board_names() -> list[str]:
    """The names of the boards that accelgen knows, sorted."""
    return sorted(path.stem for path in data_dir("boards").glob("*.yaml") if path.name != PARTS_FILE)


def find_board(name: str) -> Board:
    """The board of that name, in any case.

    Raises:
        UsageError: there is none, or its file is malformed.
    """
    names = board_names()
    if name.lower() not in names:
        raise UsageError(
            f"there is no board {name!r}{nearest_names(name, names)}; "
            "'accelgen boards' lists all, --part takes any FPGA"
        )
    return read_board(data_dir("boards") / f"{name.lower()}.yaml")


def read_board(path: Path) -> Board:
    """A board from its file, named after it.

    Raises:
        UsageError: the file cannot be read, a field is missing, unknown or of the wrong kind.
    """
    entry = _Fields(path.name, _read_yaml(path))
    clocks = entry.take("clocks_mhz", dict)
    board = Board(
        name=path.stem,
        title=entry.take("title", str),
        part=find_part(entry.take("part", str)),
        clock_ns=entry.positive("clock_ns"),
        clocks_mhz={str(name): _Fields(path.name, clocks).positive(name) for name in clocks},
        memory=entry.take("memory", str),
        source=entry.take("source", str),
        board_files=entry.take_if_given("board_files"),
        platform=entry.take_if_given("platform"),
        platform_memory=entry.take_if_given("platform_memory"),
    )
    entry.finish()
    return board


def find_part(name: str) -> Part:
    """The part of that full name; a device that no table lists has unknown resources.

    Raises:
        UsageError: the name does not have the form of an AMD (Xilinx) part.
    """
    devices = _devices()
    lowered = name.lower()
    if _PART.fullmatch(lowered) is None:
        if lowered in devices:
            whole = devices[lowered].name
            raise UsageError(f"{name!r} names no package; write the whole part, such as {whole}")
        known = [part.name.lower() for part in devices.values()]
        raise UsageError(f"{name!r} is not the name of a part{nearest_names(name, known)}")
    for device, part in devices.items():
        if lowered.startswith(device) and re.fullmatch(_PACKAGE, lowered[len(device) :]):
            return replace(part, name=name)
    return Part(name)


@cache
def _devices() -> dict[str, Part]:
    """Every device of the parts table, by name, as the part that is suggested for it."""
    devices: dict[str, Part] = {}
    for family, content in _read_yaml(data_dir("boards") / PARTS_FILE).items():
        group = _Fields(f"{PARTS_FILE}: {family}", content)
        source = group.take("source", str)
        for device, figures in group.take("devices", dict).items():
            entry = _Fields(f"{PARTS_FILE}: {device}", figures)
            name = entry.take("part", str)
            resources = Resources(**{field.name: entry.count(field.name) for field in fields(Resources)})
            entry.finish()
            devices[device] = Part(name, family, resources, source)
        group.finish()
    return devices


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{path.name} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UsageError(f"{path.name} must hold fields and their values")
    return content


class _Fields:
    """The fields of a file's entry, each taken once and checked; ``where`` names it in errors."""

    def __init__(self, where: str, content: object) -> None:
        if not isinstance(content, dict):
            raise UsageError(f"{where} must hold fields and their values")
        self._where = where
        self._rest = dict(content)

    def take(self, name: str, kind: type[_Value]) -> _Value:
        """The value of a field; a number may be written as an integer."""
        if name not in self._rest:
            raise UsageError(f"{self._where}: the field {name!r} is missing")
        value = self._rest.pop(name)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise UsageError(f"{self._where}: {name} must be of type {kind.__name__}, not {value!r}")
        return value

    def take_if_given(self, name: str) -> str | None:
        """The text of a field that may be left out."""
        return self.take(name, str) if name in self._rest else None

    def positive(self, name: str) -> float:
        """A finite number above 0."""
        value = self.take(name, float)
        if not 0 < value < float("inf"):
            raise UsageError(f"{self._where}: {name} must be above 0, not {value}")
        return value

    def count(self, name: str) -> int:
        """An integer from 0."""
        value = self.take(name, int)
        if value < 0:
            raise UsageError(f"{self._where}: {name} cannot be negative, not {value}")
        return value

    def finish(self) -> None:
        """Raise UsageError where a field is left that nobody took."""
        if self._rest:
            raise UsageError(f"{self._where}: unknown field {next(iter(self._rest))!r}")
