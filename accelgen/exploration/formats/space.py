"""The number formats that a network's layers may have, and the exact network of each assignment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, TypeAlias

import numpy.typing as npt

from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.exploration.formats.bits import Bits
from accelgen.exploration.formats.knobs import BIAS, RESULT, WEIGHTS, Knob, find_knobs, part_of, unvaried
from accelgen.ir import FixedType, Network
from accelgen.passes.adopt_input_types import open_inputs
from accelgen.passes.pipeline import ChooseTypes, simplify
from accelgen.passes.precision import Types

Genes: TypeAlias = tuple[int, ...]
"""An assignment of formats: for each knob the position of its width."""


@dataclass(frozen=True, eq=False)
class FormatSpace:
    """Every assignment of formats to a network.

    Attributes:
        network: simplified, with real constants and inputs that are open.
        design: what is fixed; its precision holds for what no knob types.
        biases: their types, where the model leaves them open.
        knobs: what varies.
        kept: why some layers and inputs keep their formats.
    """

    network: Network
    design: Design
    biases: Types
    knobs: tuple[Knob, ...]
    kept: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        network: Network,
        design: Design,
        bits: Bits,
        calibration: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> FormatSpace:
        """The space of an imported network whose widths are those of ``bits``.

        Float layers and open inputs take their integer bits from the ranges in ``calibration``, without it
        from the types or the precision in ``design``; saturating types give up some of them for finer steps
        where that costs the least squared error. Inputs of which nothing says the range stay.

        Raises:
            PrecisionError: a float layer, and nothing says its ranges.
            UsageError: no width can vary, or ``bits`` names no layer with one.
        """
        simplified = simplify(network)
        given = design.types if calibration is None else {}
        choose = ChooseTypes(design.precision, calibration, design.input_precision, given)
        adopted = choose.adopt(simplified)
        types = choose.plan(adopted)
        left_open = set() if design.input_precision else open_inputs(simplified)
        unknown = left_open - set(given) if calibration is None else set()
        kept = [
            f"input {node.name!r} stays {node.type}: without calibration data its range is not known"
            for node in adopted.inputs
            if node.name in unknown
        ]
        kept += unvaried(adopted)
        settled = {node.name for node in adopted.inputs} - (left_open - unknown)
        planned = {name: own for name, own in types.items() if name not in settled}
        knobs = find_knobs(adopted, planned, bits, calibration)
        _check(knobs, bits, kept)
        biases = {
            name: {what: kind for what, kind in own.items() if part_of(what) == BIAS}
            for name, own in planned.items()
        }
        return cls(simplified, design, biases, tuple(knobs), tuple(kept))

    @property
    def combinations(self) -> int:
        """The number of assignments."""
        return prod(len(knob.widths) for knob in self.knobs)

    def widths(self, genes: Sequence[int]) -> tuple[int, ...]:
        """The width of each knob."""
        return tuple(knob.widths[gene] for knob, gene in zip(self.knobs, genes, strict=True))

    def uniform(self) -> list[Genes]:
        """Assignments with one width for all weights and one for all results, as far as knobs have them.

        Those with one width for both come first.
        """
        every = {
            part: sorted({width for knob in self.knobs if knob.part == part for width in knob.widths}) or [0]
            for part in (WEIGHTS, RESULT)
        }
        pairs = [(weight, result) for weight in every[WEIGHTS] for result in every[RESULT]]
        pairs.sort(key=lambda pair: pair[0] != pair[1])
        found = (
            tuple(_nearest(knob.widths, weight if knob.part == WEIGHTS else result) for knob in self.knobs)
            for weight, result in pairs
        )
        return list(dict.fromkeys(found))

    def narrowed_layers(self) -> tuple[str, ...]:
        """The layers whose trained formats some assignment narrows."""
        return tuple(dict.fromkeys(knob.layer for knob in self.knobs if knob.narrows))

    def apply(self, genes: Sequence[int]) -> tuple[Network, Design]:
        """The exact, typed network of an assignment, and the design with its types."""
        types: dict[str, dict[str, FixedType]] = {name: dict(own) for name, own in self.biases.items()}
        narrowed: dict[str, dict[str, FixedType]] = {}
        for knob, gene in zip(self.knobs, genes, strict=True):
            if knob.types[gene]:
                (narrowed if knob.narrows else types).setdefault(knob.layer, {}).update(knob.types[gene])
        choose = ChooseTypes(self.design.precision, None, self.design.input_precision, types, narrowed)
        adopted = choose.adopt(self.network)
        planned = choose.plan(adopted)
        return choose.apply(adopted, planned), replace(self.design, types=planned, narrowed=narrowed)


def _check(knobs: Sequence[Knob], bits: Bits, kept: Sequence[str]) -> None:
    known = dict.fromkeys(knob.layer for knob in knobs)
    for name in bits.layers:
        if name not in known:
            hint = f"; those that have: {', '.join(known)}" if known else ""
            raise UsageError(f"--bits: layer {name!r} has no width to choose{hint}")
    if not any(len(knob.widths) > 1 for knob in knobs):
        why = f": {kept[0]}" if kept else ""
        raise UsageError(f"--bits leaves no choice of widths{why}")


def _nearest(widths: Sequence[int], width: int) -> int:
    """The position of the narrowest width that is not below ``width``, else of the widest."""
    return next((position for position, own in enumerate(widths) if own >= width), len(widths) - 1)
