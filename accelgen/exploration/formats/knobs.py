"""The widths that can be chosen for the numbers of a network, and the type that each of them means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen import real
from accelgen.exploration.formats.bits import Bits
from accelgen.ir import FixedType, Network, Node, Overflow, QuantizeArray, Recurrent, Threshold
from accelgen.ir.fixed import from_real
from accelgen.passes.narrow_types import own_types
from accelgen.passes.precision import NodeTypes, Types, float_constants

Values = npt.NDArray[np.float64]

WEIGHTS, RESULT, BIAS = "weights", "result", "bias"
"""What of a layer has one width; biases have that which their sums ask for."""
CLIPPED_BITS = 3
"""Integer bits that a type may lack of what its range takes, where clipping costs less than coarse steps."""
CALIBRATED_SAMPLES = 500
"""Of each result, from which the least error of a type is found."""


@dataclass(frozen=True)
class Knob:
    """One width to choose: that of a layer's weights, or of its result.

    Attributes:
        layer: the layer, in the simplified network.
        part: `WEIGHTS` or `RESULT`.
        widths: ascending.
        types: what each width types of the layer; nothing where it is the model's own.
        narrows: whether the model itself quantizes this, so that fewer bits make it another network.
    """

    layer: str
    part: str
    widths: tuple[int, ...]
    types: tuple[NodeTypes, ...]
    narrows: bool


def find_knobs(
    network: Network, planned: Types, bits: Bits, calibration: Mapping[str, npt.NDArray[Any]] | None
) -> list[Knob]:
    """The knobs of a simplified network with typed inputs, in its order.

    Args:
        network: the network.
        planned: the types of what the model leaves open and may vary; their integer bits cover the ranges.
        bits: the widths.
        calibration: inputs by name, (n, *shape), on which types of results make the least error.
    """
    results: Mapping[str, Values] = {}
    if calibration is not None:
        samples = {name: array[:CALIBRATED_SAMPLES] for name, array in calibration.items()}
        results = real.evaluate(network, samples, keep=[node.name for node in network])
    knobs: list[Knob] = []
    for node in network:
        found, widths = results.get(node.name), bits.of(node.name)
        knobs += _open_knobs(node, planned.get(node.name, {}), widths, found)
        knobs += _narrowing_knobs(node, widths, found)
    return knobs


def _open_knobs(
    node: Node, planned: NodeTypes, widths: tuple[int, ...], results: Values | None
) -> Iterator[Knob]:
    """The knobs of what the model leaves open of a layer."""
    constants = float_constants(node)
    for part in (WEIGHTS, RESULT):
        types = {what: kind for what, kind in planned.items() if part_of(what) == part}
        if types:
            fitted = tuple(
                {
                    what: fit_type(results if what == "result" else constants.get(what), kind, width)
                    for what, kind in types.items()
                }
                for width in widths
            )
            yield Knob(node.name, part, widths, fitted, narrows=False)


def _narrowing_knobs(node: Node, widths: tuple[int, ...], results: Values | None) -> Iterator[Knob]:
    """The knobs of what the model itself quantizes: fewer bits, and its own up to the widest asked for."""
    for what, kind in own_types(node).items():
        values = results if what == "result" else getattr(node, what)
        fewer = tuple(width for width in widths if width < kind.width)
        types: tuple[NodeTypes, ...] = tuple({what: fit_type(values, kind, width)} for width in fewer)
        if fewer and kind.width <= max(widths):
            fewer, types = (*fewer, kind.width), (*types, {})
        if fewer:
            yield Knob(node.name, part_of(what), fewer, types, narrows=True)


def unvaried(network: Network) -> list[str]:
    """Why some layers have no knob, a sentence each."""
    reasons = []
    for node in network:
        if isinstance(node, Threshold):
            reasons.append(f"layer {node.name!r} has thresholds, which stay as trained")
        elif isinstance(node, QuantizeArray):
            reasons.append(f"layer {node.name!r} has formats of its own for its elements, which stay")
        elif isinstance(node, Recurrent) and not float_constants(node):
            reasons.append(f"layer {node.name!r} has quantized steps, which stay as trained")
    return reasons


def part_of(what: str) -> str:
    """Of which width ``what`` of a layer is: "weight", "bias", "result", "STEP.weight", "STEP.state" ..."""
    name = what.rpartition(".")[2]
    if name == BIAS:
        return BIAS
    return RESULT if name in ("result", "state") else WEIGHTS


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
