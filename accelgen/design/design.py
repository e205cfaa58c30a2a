"""A design: how each layer of a network is to become hardware, apart from what it computes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from enum import Enum
from typing import Any

import yaml

from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.yaml_text import read_yaml

FORMAT = 1
"""The version of design.yaml."""

MAX_CHARACTERS = 1 << 20
"""The longest design.yaml; one with an entry for each of 5,000 layers is half as long."""

MIN_CLOCK_NS, MAX_CLOCK_NS = 0.1, 1000

MAX_FACTOR = (1 << 31) - 1
"""The largest factor that a C++ int of the generated code holds."""

STEPS = ("synth", "opt", "place", "phys_opt", "route")
"""What Vivado's -directive is for: synth_design, opt_design ... (AMD UG901 and UG904, "Using directives")."""

BUS_BITS = (8, 16, 32, 64, 128, 256, 512, 1024)
"""Widths of the words in which data pass between memory and a network on a board (AMD PG021, AXI DMA)."""


class IoType(Enum):
    """How data moves between layers; values are hls4ml's names."""

    PARALLEL = "io_parallel"  # whole arrays in registers
    STREAM = "io_stream"  # one pixel of all channels at a time through FIFOs


class Strategy(Enum):
    """How a layer's multiplications are built; values are hls4ml's names where hls4ml has it.

    The packed strategies are accelgen's own, for weights and activations of few bits. ``AUTO`` becomes one of
    them where it suits the layer, and ``LATENCY`` elsewhere.
    """

    AUTO = "auto"
    PACKED_UNROLLED = "packed_unrolled"  # weights in the logic, an interval of 1
    PACKED_FOLDED = "packed_folded"  # weights in a ROM, pe rows by simd inputs at once
    LATENCY = "latency"
    RESOURCE = "resource"
    RESOURCE_UNROLLED = "resource_unrolled"
    DISTRIBUTED_ARITHMETIC = "distributed_arithmetic"


class RowSharing(Enum):
    """How an unrolled packed layer computes the rows of its matrix from each other."""

    AUTO = "auto"  # whichever of the others costs least
    NONE = "none"  # each row by itself
    SPANNING_TREE = "spanning_tree"  # a row as another row and the inputs where they differ
    SUBEXPRESSIONS = "subexpressions"  # sums of inputs shared between rows
    ADDER_GRAPH = "adder_graph"  # the same, found by da4ml


class WeightMemory(Enum):
    """Where a folded packed layer keeps its weights."""

    AUTO = "auto"  # the tool decides
    LUT = "lut"
    BRAM = "bram"
    URAM = "uram"


@dataclass(frozen=True)
class LayerDesign:
    """The choices for one layer.

    ``reuse_factor`` is how many products share a multiplier; ``parallelization_factor`` how many positions
    of a convolution are computed at once (io_parallel only). The others are for packed layers: ``pe`` and
    ``simd`` are the rows and the inputs that a folded one computes at once, 0 where they follow from the
    reuse factor; ``max_depth`` bounds the additions that follow one another where rows are shared, 0 leaving
    that to accelgen. ``fifo_depth`` is how many positions of the layer's result each FIFO that holds it takes
    (io_stream only), 0 leaving it to accelgen.
    """

    strategy: Strategy = Strategy.AUTO
    reuse_factor: int = 1
    parallelization_factor: int = 1
    pe: int = 0
    simd: int = 0
    row_sharing: RowSharing = RowSharing.AUTO
    max_depth: int = 0
    weight_memory: WeightMemory = WeightMemory.AUTO
    fifo_depth: int = 0

    def __post_init__(self) -> None:
        for name in ("reuse_factor", "parallelization_factor"):
            if not 1 <= getattr(self, name) <= MAX_FACTOR:
                raise UsageError(f"{name} starts at 1 and ends at {MAX_FACTOR}, not {getattr(self, name)}")
        for name in ("pe", "simd", "max_depth", "fifo_depth"):
            if not 0 <= getattr(self, name) <= MAX_FACTOR:
                raise UsageError(f"{name} starts at 0 and ends at {MAX_FACTOR}, not {getattr(self, name)}")
        if (self.pe == 0) != (self.simd == 0):
            raise UsageError("pe and simd are given together")


@dataclass(frozen=True)
class Design:
    """Every choice for a network; ``layers`` names those that differ from ``default``.

    ``precision`` is the type of what the model does not quantize itself and ``input_precision`` that of
    inputs whose type it leaves open; None where neither was asked for. ``types`` holds what was chosen, by
    layer: "result", and "weight", "bias" ... of the constants; it comes before the two. ``narrowed`` holds
    types of fewer bits than those that the model itself quantizes to, which makes it another network.
    ``board`` names the board whose files a build writes, None for a part alone; ``bus_bits`` is the width of
    the words in which inputs and outputs reach it, 0 leaving that to the board. ``directives`` are those of
    Vivado, by step of `STEPS`: {"place": "Explore"}; it has its own for steps that are left out.
    """

    part: str = "xcvu13p-flga2577-2-e"
    clock_ns: float = 5.0
    clock_uncertainty_percent: float = 27.0
    io_type: IoType = IoType.PARALLEL
    precision: FixedType | None = None
    input_precision: FixedType | None = None
    board: str | None = None
    bus_bits: int = 0
    directives: Mapping[str, str] = field(default_factory=dict)
    default: LayerDesign = LayerDesign()
    layers: Mapping[str, LayerDesign] = field(default_factory=dict)
    narrowed: Mapping[str, Mapping[str, FixedType]] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, FixedType]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.board is not None and not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", self.board):
            raise UsageError(f"board {self.board!r} is no board's name")
        if self.bus_bits not in (0, *BUS_BITS):
            widths = ", ".join(map(str, BUS_BITS))
            raise UsageError(f"bus_bits is 0 (the board's own) or one of {widths}, not {self.bus_bits}")
        for step, directive in self.directives.items():
            if step not in STEPS:
                raise UsageError(f"directives are for {', '.join(STEPS)}, not {step!r}")
            if not re.fullmatch(r"\w+", directive, re.ASCII):
                raise UsageError(f"{directive!r} is no directive of {step}_design")
        if not self.part or not all(c.isalnum() or c in "-_" for c in self.part):
            raise UsageError(f"part {self.part!r} is no part number")
        if not MIN_CLOCK_NS <= self.clock_ns <= MAX_CLOCK_NS:
            raise UsageError(f"clock_ns is from {MIN_CLOCK_NS} to {MAX_CLOCK_NS}, not {self.clock_ns}")
        if not 0 <= self.clock_uncertainty_percent < 100:
            raise UsageError(
                f"clock_uncertainty_percent is 0 to below 100, not {self.clock_uncertainty_percent}"
            )

    @property
    def scheduled_clock_ns(self) -> float:
        """The period that a tool schedules for: the one asked for less its uncertainty."""
        return self.clock_ns * (1 - self.clock_uncertainty_percent / 100)

    def layer(self, name: str) -> LayerDesign:
        """The choices for the layer ``name``."""
        return self.layers.get(name, self.default)

    def fifo_depth(self, names: Iterable[str]) -> int:
        """The depth asked for by the first of some names of a result that has choices, or for all results."""
        named = (self.layers[name].fifo_depth for name in names if name in self.layers)
        return next(named, self.default.fifo_depth)

    def to_yaml(self) -> str:
        """The design as YAML, every field written out."""
        data: dict[str, Any] = {"format": FORMAT}
        for entry in fields(self):
            value = getattr(self, entry.name)
            if isinstance(value, LayerDesign):
                value = _layer_data(value)
            elif isinstance(value, Enum):
                value = value.value
            elif isinstance(value, FixedType):
                value = str(value)
            elif entry.name == "layers":
                value = {name: _layer_data(layer) for name, layer in value.items()}
            elif entry.name == "directives":
                value = dict(value)
            elif entry.name in ("types", "narrowed"):
                value = {name: {what: str(kind) for what, kind in own.items()} for name, own in value.items()}
            data[entry.name] = value
        return str(yaml.safe_dump(data, sort_keys=False, allow_unicode=False))

    @classmethod
    def from_yaml(cls, text: str, source: str = "design.yaml") -> Design:
        """The design that a YAML text describes; fields that it leaves out keep their defaults.

        Raises:
            UsageError: no YAML, an unknown field (with the nearest known one), or a value of the wrong kind.
        """
        if len(text) > MAX_CHARACTERS:
            raise UsageError(f"{source} is larger than any design ({MAX_CHARACTERS:,} characters)")
        try:
            data = read_yaml(text)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise UsageError(f"{source} is no YAML: {' '.join(str(error).split())[:200]}") from None
        entries = _mapping(data, source)
        found = entries.pop("format", FORMAT)
        if found != FORMAT:
            raise UsageError(f"{source}: format {found!r} is not supported, only {FORMAT}")
        _known(entries, [entry.name for entry in fields(cls)], source)
        values: dict[str, Any] = {}
        for name, value in entries.items():
            where = f"{source}: {name}"
            if name == "default":
                values[name] = _layer(value, where)
            elif name == "layers":
                layers = _mapping(value, where)
                values[name] = {
                    layer: _layer(choice, f"{where}: {layer}") for layer, choice in layers.items()
                }
            elif name == "directives":
                steps = _mapping(value, where)
                values[name] = {step: _value("str", text, f"{where}: {step}") for step, text in steps.items()}
            elif name in ("types", "narrowed"):
                values[name] = {
                    layer: _types(own, f"{where}: {layer}") for layer, own in _mapping(value, where).items()
                }
            else:
                values[name] = _value(cls.__dataclass_fields__[name].type, value, where)
        with _located(source):
            return cls(**values)


def _layer_data(layer: LayerDesign) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in vars(layer).items()}


def _layer(data: object, where: str) -> LayerDesign:
    entries = _mapping(data, where)
    _known(entries, [entry.name for entry in fields(LayerDesign)], where)
    kinds = LayerDesign.__dataclass_fields__
    values = {name: _value(kinds[name].type, value, f"{where}: {name}") for name, value in entries.items()}
    with _located(where):
        return LayerDesign(**values)


def _types(data: object, where: str) -> dict[str, FixedType]:
    types: dict[str, FixedType] = {}
    for what, text in _mapping(data, where).items():
        kind = _value("FixedType | None", text, f"{where}: {what}")
        if kind is None:
            raise UsageError(f"{where}: {what} needs a type, such as fixed<16,6>")
        types[what] = kind
    return types


@contextmanager
def _located(where: str) -> Iterator[None]:
    """Say in which entry of the file a value makes no sense."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None


def _mapping(data: object, where: str) -> dict[str, Any]:
    if not isinstance(data, dict) or not all(isinstance(key, str) for key in data):
        raise UsageError(f"{where}: names with values expected")
    return dict(data)


def _known(entries: Mapping[str, Any], names: list[str], where: str) -> None:
    for name in entries:
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
            raise UsageError(f"{where}: unknown entry {name!r}; {hint}")


_ENUMS: dict[str, type[Enum]] = {kind.__name__: kind for kind in (IoType, Strategy, RowSharing, WeightMemory)}


def _value(kind: object, value: object, where: str) -> Any:
    """The value as the kind that a field's annotation names."""
    if kind == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "float" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == "str" and isinstance(value, str):
        return value
    if kind == "str | None" and (value is None or isinstance(value, str)):
        return value
    if kind == "FixedType | None" and (value is None or isinstance(value, str)):
        with _located(where):
            return None if value is None else FixedType.parse(value)
    choices = _ENUMS.get(str(kind))
    if choices is None:
        raise UsageError(f"{where}: {value!r} is not of type {kind}")
    names = [choice.value for choice in choices]
    if value in names:
        return choices(value)
    near = get_close_matches(str(value), names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names)}"
    raise UsageError(f"{where}: {value!r} is not known; {hint}")
