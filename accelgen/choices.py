"""From what a user asks for to a complete design: arguments win over a file, a file over the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from accelgen.boards import find_board, find_part
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.errors import UsageError
from accelgen.ir import FixedType

_Kind = TypeVar("_Kind", bound=Enum)


@dataclass(frozen=True)
class Choices:
    """The arguments of a build; None is nothing asked. `accelgen.api.Model.build` says what each means."""

    config: str | PathLike[str] | None = None
    board: str | None = None
    part: str | None = None
    clock_ns: float | None = None
    io_type: IoType | str | None = None
    strategy: Strategy | str | None = None
    reuse_factor: int | None = None
    layer_reuse_factors: Mapping[str, int] = field(default_factory=dict)
    precision: FixedType | str | None = None
    input_precision: FixedType | str | None = None

    def design(self) -> Design:
        """The design that these choices make of the configuration file or of the default.

        Raises:
            UsageError: no board, part or file, both board and part, an unknown name, or a bad value.
        """
        design = self._for_all_layers(replace(self._start(), **self._network_wide()))
        single = {
            name: replace(design.layer(name), reuse_factor=factor)
            for name, factor in self.layer_reuse_factors.items()
        }
        return replace(design, layers={**design.layers, **single})

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
            "io_type": _member(IoType, self.io_type, "io type"),
            "precision": number_type(self.precision),
            "input_precision": number_type(self.input_precision),
        }
        return {name: value for name, value in asked.items() if value is not None}

    def _for_all_layers(self, design: Design) -> Design:
        asked = {
            "strategy": _member(Strategy, self.strategy, "strategy"),
            "reuse_factor": self.reuse_factor,
        }
        changes: dict[str, Any] = {name: value for name, value in asked.items() if value is not None}

        def changed(layer: LayerDesign) -> LayerDesign:
            return replace(layer, **changes)

        layers = {name: changed(layer) for name, layer in design.layers.items()}
        return replace(design, default=changed(design.default), layers=layers)


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
