"""From what a user asks for to a complete design: arguments win over a file, a file over the defaults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import Any, TypedDict, TypeVar

from accelgen.boards import find_board, find_part
from accelgen.design import Design, IoType, LayerDesign, RowSharing, Strategy, WeightMemory
from accelgen.design.folding import Folding
from accelgen.design.packed_choice import PACKED
from accelgen.errors import UsageError
from accelgen.ir import FixedType

_Kind = TypeVar("_Kind", bound=Enum)


class Options(TypedDict, total=False):
    """The keywords of a build or an estimate; what is left out or None is not asked for.

    Attributes:
        config: a design.yaml, as a build writes it; the other options win over it.
        board: a board's name, which gives part and clock; ``accelgen boards`` lists them.
        part: an FPGA's full name, instead of a board.
        clock_ns: the clock period to aim at.
        bus_bits: on a board, the width of the words in which inputs and outputs are packed; 0 is the board's.
        io_type: io_parallel or io_stream.
        strategy: auto, packed_unrolled, packed_folded, latency, resource, resource_unrolled or
            distributed_arithmetic; auto packs layers of few bits, where latency computes the others.
        strategies: those that a search chooses each layer's from, latency, resource, packed_unrolled,
            packed_folded or distributed_arithmetic; all but the last unless given.
        reuse_factor: how many products share a multiplier, for every layer.
        layer_reuse_factors: the same for single layers, by name.
        folding: rows and inputs of a packed layer's matrix that are computed at once, "PExSIMD"; both divide
            its sides.
        layer_foldings: the same for single layers, by name, which become packed_folded.
        row_sharing: auto, none, spanning_tree, subexpressions or adder_graph: how rows of a packed_unrolled
            layer are computed from each other.
        max_depth: the most additions that follow one another where rows are shared; 0 leaves it open.
        weight_memory: auto, lut, bram or uram: where packed_folded layers keep their weights.
        fifo_depth: how many positions each FIFO of io_stream holds; 0 leaves it to accelgen.
        layer_fifo_depths: the same for the results of single layers, by name.
        precision: the type of weights and results that the model does not quantize itself.
        input_precision: the inputs' type where the model does not say.
    """

    config: str | PathLike[str] | None
    board: str | None
    part: str | None
    clock_ns: float | None
    bus_bits: int | None
    io_type: IoType | str | None
    strategy: Strategy | str | None
    strategies: Sequence[Strategy | str] | None
    reuse_factor: int | None
    layer_reuse_factors: Mapping[str, int] | None
    folding: Folding | str | None
    layer_foldings: Mapping[str, Folding | str] | None
    row_sharing: RowSharing | str | None
    max_depth: int | None
    weight_memory: WeightMemory | str | None
    fifo_depth: int | None
    layer_fifo_depths: Mapping[str, int] | None
    precision: FixedType | str | None
    input_precision: FixedType | str | None


@dataclass(frozen=True)
class Choices:
    """What was asked for; None is nothing asked. `Options` says what each means."""

    config: str | PathLike[str] | None = None
    board: str | None = None
    part: str | None = None
    clock_ns: float | None = None
    bus_bits: int | None = None
    io_type: IoType | str | None = None
    strategy: Strategy | str | None = None
    strategies: Sequence[Strategy | str] = ()
    reuse_factor: int | None = None
    layer_reuse_factors: Mapping[str, int] = field(default_factory=dict)
    folding: Folding | str | None = None
    layer_foldings: Mapping[str, Folding | str] = field(default_factory=dict)
    row_sharing: RowSharing | str | None = None
    max_depth: int | None = None
    weight_memory: WeightMemory | str | None = None
    fifo_depth: int | None = None
    layer_fifo_depths: Mapping[str, int] = field(default_factory=dict)
    precision: FixedType | str | None = None
    input_precision: FixedType | str | None = None

    @classmethod
    def of(cls, options: Options) -> Choices:
        """The choices that keywords make."""
        given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        return cls(**given)

    def design(self) -> Design:
        """The design that these choices make of the configuration file or of the default.

        Raises:
            UsageError: no board, part or file, both board and part, an unknown name, or a bad value.
        """
        design = self.for_all_layers(replace(self._start(), **self._network_wide()))
        single = dict(design.layers)
        for name, factor in self.layer_reuse_factors.items():
            single[name] = _reused(single.get(name, design.default), factor)
        for name, folding in self.layer_foldings.items():
            folded = _folded(single.get(name, design.default), _folding(folding))
            single[name] = replace(folded, strategy=Strategy.PACKED_FOLDED)
        for name, depth in self.layer_fifo_depths.items():
            single[name] = replace(single.get(name, design.default), fifo_depth=depth)
        return replace(design, layers=single)

    def _start(self) -> Design:
        if self.board is not None and self.part is not None:
            raise UsageError("give a board or a part, not both")
        if self.config is not None:
            return _read(Path(self.config))
        if self.board is None and self.part is None:
            raise UsageError("give --board NAME or --part NAME; 'accelgen boards' lists the boards")
        return Design()

    def _network_wide(self) -> dict[str, Any]:
        board = None if self.board is None else find_board(self.board)
        part = board.part if board is not None else None if self.part is None else find_part(self.part)
        clock_ns = self.clock_ns
        if clock_ns is None and board is not None and self.config is None:
            clock_ns = board.clock_ns
        asked = {
            "part": None if part is None else part.name,
            "clock_ns": clock_ns,
            "bus_bits": self.bus_bits,
            "io_type": _member(IoType, self.io_type, "io type"),
            "precision": number_type(self.precision),
            "input_precision": number_type(self.input_precision),
        }
        changes: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}
        if "part" in changes:
            changes["board"] = None if board is None else board.name
        return changes

    def for_all_layers(self, design: Design) -> Design:
        """The design with what is asked for all layers, those that it names included."""
        asked = {
            "strategy": _member(Strategy, self.strategy, "strategy"),
            "row_sharing": _member(RowSharing, self.row_sharing, "row sharing"),
            "max_depth": self.max_depth,
            "weight_memory": _member(WeightMemory, self.weight_memory, "weight memory"),
            "fifo_depth": self.fifo_depth,
        }
        changes: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}

        def changed(layer: LayerDesign) -> LayerDesign:
            if self.strategy is not None and layer.pe:
                layer = _reused(layer, 1)  # another strategy than that for which a file gives the folding
            if self.folding is not None:
                layer = _folded(layer, _folding(self.folding))
            if self.reuse_factor is not None:
                layer = (
                    replace(layer, reuse_factor=self.reuse_factor)
                    if self.folding
                    else _reused(layer, self.reuse_factor)
                )
            return replace(layer, **changes)

        layers = {name: changed(layer) for name, layer in design.layers.items()}
        return replace(design, default=changed(design.default), layers=layers)


def _reused(layer: LayerDesign, reuse_factor: int) -> LayerDesign:
    """The layer with a reuse factor instead of a folding."""
    return replace(layer, reuse_factor=reuse_factor, pe=0, simd=0)


def _folded(layer: LayerDesign, folding: Folding) -> LayerDesign:
    """The layer with a folding, from which its reuse factor follows if it is packed."""
    if layer.strategy in PACKED:
        layer = replace(layer, strategy=Strategy.PACKED_FOLDED, reuse_factor=1)
    return replace(layer, pe=folding.pe, simd=folding.simd)


def _folding(given: Folding | str) -> Folding:
    return Folding.parse(given) if isinstance(given, str) else given


def number_type(given: FixedType | str | None) -> FixedType | None:
    """A type given as such or as text; UsageError where the text is none."""
    return FixedType.parse(given) if isinstance(given, str) else given


def _member(kind: type[_Kind], given: _Kind | str | None, what: str) -> _Kind | None:
    if given is None:
        return None
    try:
        return kind(given)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise UsageError(f"there is no {what} {given!r}; choose one of {known}") from None


def _read(path: Path) -> Design:
    try:
        return Design.from_yaml(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
