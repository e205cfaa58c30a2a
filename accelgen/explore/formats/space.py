"""The number formats that a network's layers may have, and the exact network of each assignment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from accelgen import real
from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.explore.formats.bits import Bits
from accelgen.ir import FixedType, Network, Node, Overflow, QuantizeArray, Recurrent, Threshold
from accelgen.ir.fixed import from_real
from accelgen.passes.adopt_input_types import open_inputs
from accelgen.passes.narrow_types import own_types
from accelgen.passes.pipeline import ChooseTypes, simplify
from accelgen.passes.precision import NodeTypes, Types, float_constants

Genes: TypeAlias = tuple[int, ...]
"""An assignment of formats: for each knob the position of its width."""
Values: TypeAlias = npt.NDArray[np.float64]

CLIPPED_BITS = 3
"""Integer bits that a type may lack of what its range takes, where clipping costs less than coarse steps."""
CALIBRATED_SAMPLES = 500
"""Of each result, from which the least error of a type is found."""


@dataclass(frozen=True)
class Knob:
    """One width to choose: that of a layer's weights, or of its result.

    Attributes:
        layer: the layer, in the simplified network.
        part: "weights" or "result".
        widths: ascending.
        types: what each width types of the layer; nothing where it is the model's own.
        narrows: whether the model itself quantizes this, so that fewer bits make it another network.
    """

    layer: str
    part: str
    widths: tuple[int, ...]
    types: tuple[NodeTypes, ...]
    narrows: bool


@dataclass(frozen=True, eq=False)
class FormatSpace:
    """Every assignment of formats to a network.

    Attributes:
        network: simplified, with real constants and inputs that are open.
        design: what is fixed; its precision holds for what no knob types.
        settled: the types of what no knob varies and the model leaves open, such as biases.
        knobs: what varies.
        kept: why some layers keep their formats.
    """

    network: Network
    design: Design
    settled: Types
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
        from the types or the precision in ``design``; saturating types give up to `CLIPPED_BITS` of them for
        finer steps where that costs the least squared error. Inputs of which nothing says the range stay.

        Raises:
            PrecisionError: a float layer, and nothing says its ranges.
            UsageError: no width can vary, or ``bits`` names no layer with one.
        """
        simplified = simplify(network)
        given = design.types if calibration is None else {}
        choose = ChooseTypes(design.precision, calibration, design.input_precision, given)
        adopted = choose.adopt(simplified)
        planned = choose.plan(adopted)
        finder = _Finder(adopted, bits, calibration)
        open_names = set() if design.input_precision else open_inputs(simplified)
        if calibration is None:
            finder.keep_inputs(sorted(open_names - set(given)))
            open_names &= set(given)
        inputs = {node.name for node in simplified.inputs}
        settled: dict[str, dict[str, FixedType]] = {}
        for node in adopted:
            types = planned.get(node.name, {})
            if node.name in inputs and node.name not in open_names:
                continue  # the model's own quantizer says it, or the user
            finder.open_layer(node, types)
            biases = {what: kind for what, kind in types.items() if _is_bias(what)}
            if biases:
                settled[node.name] = biases
            finder.quantized_layer(node)
        knobs = finder.knobs
        known = dict.fromkeys(knob.layer for knob in knobs)
        for name in bits.layers:
            if name not in known:
                hint = f"; those that have: {', '.join(known)}" if known else ""
                raise UsageError(f"--bits: layer {name!r} has no width to choose{hint}")
        if not any(len(knob.widths) > 1 for knob in knobs):
            why = f": {finder.kept[0]}" if finder.kept else ""
            raise UsageError(f"--bits leaves no choice for any layer of {network.name!r}{why}")
        return cls(simplified, design, settled, tuple(knobs), tuple(finder.kept))

    @property
    def combinations(self) -> int:
        """The number of assignments."""
        return prod(len(knob.widths) for knob in self.knobs)

    def widths(self, genes: Sequence[int]) -> tuple[int, ...]:
        """The width of each knob."""
        return tuple(knob.widths[gene] for knob, gene in zip(self.knobs, genes, strict=True))

    def uniform(self) -> Iterator[Genes]:
        """Assignments with one width for all weights and one for all results: the widths nearest to those."""
        parts = {part: self._part_widths(part) for part in ("weights", "result")}
        found = dict.fromkeys(
            tuple(
                _nearest(knob.widths, {"weights": weight, "result": result}[knob.part]) for knob in self.knobs
            )
            for weight in parts["weights"]
            for result in parts["result"]
        )
        yield from sorted(found, key=lambda genes: len(set(self.widths(genes))))

    def _part_widths(self, part: str) -> list[int]:
        return sorted({width for knob in self.knobs if knob.part == part for width in knob.widths}) or [0]

    def narrowed_layers(self) -> tuple[str, ...]:
        """The layers whose trained formats some assignment narrows."""
        return tuple(dict.fromkeys(knob.layer for knob in self.knobs if knob.narrows))

    def apply(self, genes: Sequence[int]) -> tuple[Network, Design]:
        """The exact, typed network of an assignment, and the design with its types."""
        types: dict[str, dict[str, FixedType]] = {name: dict(own) for name, own in self.settled.items()}
        narrowed: dict[str, dict[str, FixedType]] = {}
        for knob, gene in zip(self.knobs, genes, strict=True):
            if knob.types[gene]:
                (narrowed if knob.narrows else types).setdefault(knob.layer, {}).update(knob.types[gene])
        choose = ChooseTypes(self.design.precision, None, self.design.input_precision, types, narrowed)
        adopted = choose.adopt(self.network)
        planned = choose.plan(adopted)
        return choose.apply(adopted, planned), replace(self.design, types=planned, narrowed=narrowed)


def _nearest(widths: Sequence[int], width: int) -> int:
    """The position of the narrowest width that is not below ``width``, else of the widest."""
    return next((position for position, own in enumerate(widths) if own >= width), len(widths) - 1)


@dataclass
class _Finder:
    """Collects the knobs of a network's layers."""

    network: Network
    bits: Bits
    calibration: Mapping[str, npt.NDArray[Any]] | None
    knobs: list[Knob] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._results: dict[str, Values] = {}
        if self.calibration is not None:
            samples = {name: array[:CALIBRATED_SAMPLES] for name, array in self.calibration.items()}
            names = [node.name for node in self.network]
            self._results = real.evaluate(self.network, samples, keep=names)

    def keep_inputs(self, names: Sequence[str]) -> None:
        """Say of inputs that nothing says their range."""
        types = {node.name: node.type for node in self.network.inputs}
        self.kept += [
            f"input {name!r} stays {types[name]}: without calibration data its range is not known"
            for name in names
        ]

    def open_layer(self, node: Node, types: NodeTypes) -> None:
        """Knobs of what the model leaves open, which ``types`` types for the ranges of its values."""
        constants = float_constants(node)
        widths = self.bits.of(node.name)
        for part in ("weights", "result"):
            own = {what: kind for what, kind in types.items() if _part_of(what) == part}
            if own:
                fitted = tuple(
                    {
                        what: fit_type(self._values(node.name, what, constants), kind, width)
                        for what, kind in own.items()
                    }
                    for width in widths
                )
                self.knobs.append(Knob(node.name, part, widths, fitted, narrows=False))

    def quantized_layer(self, node: Node) -> None:
        """Knobs of what the model quantizes itself: its own width, and fewer bits."""
        if isinstance(node, QuantizeArray | Threshold | Recurrent):
            what = "has thresholds" if isinstance(node, Threshold) else "has formats of its own for its parts"
            self.kept.append(f"layer {node.name!r} {what}, which stay as trained")
            return
        for what, kind in own_types(node).items():
            widths = [width for width in self.bits.of(node.name) if width < kind.width]
            constants = {what: getattr(node, what)} if what != "result" else {}
            types: list[NodeTypes] = [
                {what: fit_type(self._values(node.name, what, constants), kind, width)} for width in widths
            ]
            if kind.width <= max(self.bits.of(node.name)) and widths:
                widths, types = [*widths, kind.width], [*types, {}]
            if widths:
                knob = Knob(node.name, _part_of(what), tuple(widths), tuple(types), narrows=True)
                self.knobs.append(knob)

    def _values(self, layer: str, what: str, constants: Mapping[str, Values]) -> Values | None:
        return self._results.get(layer) if what == "result" else constants.get(what)


def _is_bias(what: str) -> bool:
    return what.rpartition(".")[2] == "bias"


def _part_of(what: str) -> str:
    """Which width types ``what`` of a layer: biases have that which their sums ask for."""
    if _is_bias(what):
        return "bias"
    return "result" if what.rpartition(".")[2] in ("result", "state") else "weights"


def fit_type(values: Values | None, kind: FixedType, width: int) -> FixedType:
    """The type of ``width`` bits with the least squared error on ``values``, whose range ``kind`` covers.

    Types that do not saturate keep the integer bits of ``kind``, as all do where no values are known.
    """
    covering = replace(kind, width=width)
    if values is None or kind.overflow not in (Overflow.SAT, Overflow.SAT_SYM):
        return covering

    def error(candidate: FixedType) -> float:
        return float(np.square(from_real(values, candidate).values - values).sum())

    clipped = (replace(covering, integer=kind.integer - bits) for bits in range(CLIPPED_BITS + 1))
    return min(clipped, key=error)  # the first of equals: the one that covers the range
