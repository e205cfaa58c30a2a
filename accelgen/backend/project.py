"""A generated project on disk: what `build` writes and `verify` reads again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.ir.nodes import Shape
from accelgen.project_files import REPORT

FORMAT = 2
"""The version of build.json; `read_report` refuses any other."""


@dataclass(frozen=True)
class Port:
    """An input, an output or a layer's result: its name in the network, its shape and its type."""

    name: str
    shape: Shape
    type: FixedType


@dataclass(frozen=True)
class WordsReport:
    """How a layer's result is packed: see `accelgen.backend.packed.PackedTensor`.

    Level n, of ``bits``, stands for (first + step * n) * 2**-fraction. A word holds ``lanes`` levels.
    """

    bits: int
    channels: int
    lanes: int
    words: int
    first: int
    step: int
    fraction: int


@dataclass(frozen=True)
class LayerReport:
    """A layer as built: its C++ name, its kernel and what it multiplies in one inference.

    ``layer`` is the name that a design gives it. ``node`` is the network node whose value the layer computes,
    None for a step on the way to one.
    ``multiplications`` counts the products of the matrix as built, ``nonzero`` those whose weight is not 0;
    a layer of few bits multiplies nothing.
    ``strategy`` and what follows it are the design's choices, None where they mean nothing to the layer.
    ``words`` is given where the result is packed, ``costs`` (`accelgen.design.costs.Costs`) for a layer of
    few bits.
    """

    layer: str
    hls_name: str
    kernel: str
    node: str | None
    shape: Shape
    types: Mapping[str, str]
    multiplications: int = 0
    nonzero: int = 0
    strategy: str | None = None
    reuse_factor: int | None = None
    pe: int | None = None
    simd: int | None = None
    row_sharing: str | None = None
    words: WordsReport | None = None
    costs: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class BuildReport:
    """Everything that build.json holds."""

    network: str
    top: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    layers: tuple[LayerReport, ...]
    adjustments: tuple[Mapping[str, str], ...]
    notes: tuple[str, ...]
    sources: Mapping[str, str]
    versions: Mapping[str, str]
    golden_samples: int
    calibration: tuple[Mapping[str, Any], ...] = ()
    """`accelgen.calibration.TensorError` of each tensor whose type calibration data chose."""
    fifos: tuple[Mapping[str, Any], ...] = ()
    """`accelgen.backend.streams.Fifo` of each stream between layers; none in io_parallel."""

    def to_json(self) -> str:
        """The text of build.json."""
        data = {"format": FORMAT, **asdict(self)}
        for ports in (data["inputs"], data["outputs"]):
            for port, original in zip(
                ports, self.inputs if ports is data["inputs"] else self.outputs, strict=True
            ):
                port["type"] = str(original.type)
        return json.dumps(data, indent=2, sort_keys=True) + "\n"


def read_report(directory: Path) -> BuildReport:
    """The report of a project.

    Raises:
        UsageError: the directory holds no accelgen project, or one of another version, or a damaged one.
    """
    path = directory / REPORT
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{directory} is no accelgen project: it has no {REPORT}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from None
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise UsageError(f"{path} was not written by this version of accelgen; build the project again")
    try:
        for key in ("inputs", "outputs"):
            data[key] = tuple(_port(port) for port in data[key])
        data["layers"] = tuple(_layer(layer) for layer in data["layers"])
        for key in ("adjustments", "notes", "calibration"):
            data[key] = tuple(data[key])
        data["fifos"] = tuple(data.get("fifos", ()))
        return BuildReport(**data)
    except (KeyError, TypeError, ValueError, UsageError) as error:
        raise UsageError(f"{path} is damaged ({error}); build the project again") from None


def _port(data: Mapping[str, Any]) -> Port:
    return Port(str(data["name"]), tuple(int(size) for size in data["shape"]), FixedType.parse(data["type"]))


def _layer(data: Mapping[str, Any]) -> LayerReport:
    words = data["words"]
    packed = None if words is None else WordsReport(**{name: int(value) for name, value in words.items()})
    return LayerReport(**{**data, "shape": tuple(data["shape"]), "words": packed})


def is_replaceable(directory: Path) -> bool:
    """Whether a directory holds a project, of any version, in whose place another may be written."""
    return (directory / REPORT).is_file()
