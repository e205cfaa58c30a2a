"""Puts a float network on fixed-point grids: one type for everything, or ranges from calibration data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen import real
from accelgen.errors import PrecisionError
from accelgen.ir import (
    Affine,
    Clip,
    Conv,
    Dense,
    DepthwiseConv,
    EinsumDense,
    Embedding,
    FixedType,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Quantize,
    QuantizeArray,
    Recurrent,
    Relu,
    Rounding,
    Threshold,
    Unary,
)
from accelgen.ir.fixed import from_real
from accelgen.ir.grid import constant_type
from accelgen.ir.nodes import Array
from accelgen.passes.adopt_input_types import integer_bits
from accelgen.passes.recurrent_types import cast_to_seen_ranges
from accelgen.passes.rename import free_name, insert_after

Linear = (Dense, EinsumDense, Conv, DepthwiseConv)
QUANTIZED_WIDTH = 20
"""Constants that fit this many bits are taken as quantized by the network itself; trained floats need 24."""
CALIBRATED_WIDTH = 16
"""Bits of every tensor and weight whose range comes from calibration data."""


def is_float(constants: Array | None) -> bool:
    """Whether constants are trained floats rather than numbers on a grid or powers of two."""
    if constants is None or not np.any(constants):
        return False
    mantissas = np.frexp(np.abs(constants[constants != 0]))[0]
    return not np.all(mantissas == 0.5) and constant_type(constants).width > QUANTIZED_WIDTH


def float_layers(network: Network) -> tuple[str, ...]:
    """The layers whose weights the network itself does not quantize, so that a precision must be given."""
    return tuple(node.name for node in network if _has_float_weights(node))


def _has_float_weights(node: Node) -> bool:
    if isinstance(node, Linear):
        return is_float(node.weight)
    if isinstance(node, Recurrent):
        return any(_has_float_weights(step) for step in node.cell)
    return isinstance(node, Embedding) and is_float(node.table)


@dataclass(frozen=True)
class ChoosePrecision:
    """Quantizes the weights and the results of a network's float layers.

    With ``precision`` every one of them gets that type. With ``calibration`` (inputs by name, (n, *shape))
    each gets `CALIBRATED_WIDTH` bits (or the precision's width) over the range that the data show. Weights
    round to nearest; results round half to even and saturate unless the precision says otherwise.

    Raises:
        PrecisionError: there are float layers, and neither is given.
    """

    precision: FixedType | None = None
    calibration: Mapping[str, npt.NDArray[Any]] | None = None

    def __call__(self, network: Network) -> Network:
        """The network with every float constant and result on a grid."""
        layers = float_layers(network)
        if not layers:
            return network
        if self.precision is None and self.calibration is None:
            raise PrecisionError(
                f"layer {layers[0]!r} has float weights: "
                "give --precision W,I (such as 16,6) or --calibration x.npz"
            )
        values = {} if self.calibration is None else _values(network, self.calibration)
        ranges = {name: (float(array.min()), float(array.max())) for name, array in values.items()}
        results = _float_results(network)
        casts: dict[str, Node] = {}
        nodes: list[Node] = []
        names = [node.name for node in network]
        for node in network:
            quantized = self._quantized(node)
            if isinstance(quantized, Recurrent) and values:
                quantized = cast_to_seen_ranges(quantized, values[node.inputs[0]], self._width)
            if node.name in results:
                kind = self._result_type(ranges.get(node.name))
                if isinstance(quantized, Unary):
                    quantized = replace(quantized, type=kind)
                else:
                    name = free_name(f"{node.name}/result", names)
                    casts[node.name] = Quantize(name, (node.name,), kind)
            nodes.append(quantized)
        return insert_after(network.with_nodes(nodes), casts)

    def _result_type(self, seen: tuple[float, float] | None) -> FixedType:
        if seen is None:
            assert self.precision is not None
            kind = self.precision
            if (kind.rounding, kind.overflow) == (Rounding.TRN, Overflow.WRAP):
                return kind.with_modes(Rounding.RND_CONV, Overflow.SAT)
            return kind
        return FixedType(self._width, integer_bits(*seen), seen[0] < 0, Rounding.RND_CONV, Overflow.SAT)

    @property
    def _width(self) -> int:
        return CALIBRATED_WIDTH if self.precision is None else self.precision.width

    def _quantized(self, node: Node) -> Node:
        """The node with its weights rounded, where they are floats; scales are `make_exact`'s affair."""
        if not _has_float_weights(node):
            return node
        if isinstance(node, Recurrent):
            return replace(node, cell=tuple(self._quantized(step) for step in node.cell))
        constants: dict[str, Any] = {
            what: self._rounded(value)
            for what, value in vars(node).items()
            if isinstance(value, np.ndarray) and is_float(value)
        }
        return replace(node, **constants)

    def _rounded(self, constants: Array) -> Array:
        """Constants rounded to nearest, on the precision's own type or over their own range."""
        if self.precision is not None and self.calibration is None:
            kind = self.precision.with_modes(Rounding.RND_CONV, Overflow.SAT)
        else:
            low, high = float(constants.min()), float(constants.max())
            kind = FixedType(self._width, integer_bits(low, high), low < 0, Rounding.RND_CONV, Overflow.SAT)
        return from_real(constants, kind).values


def _values(network: Network, calibration: Mapping[str, npt.NDArray[Any]]) -> dict[str, Array]:
    return real.evaluate(network, calibration, keep=[node.name for node in network])


_GROWING = (*Linear, Affine)


def _float_results(network: Network) -> set[str]:
    """The nodes after which a float network is cast: where results grow and the network does not cast itself.

    A rectifier or clip that alone follows is cast in their stead.
    """
    results: set[str] = set()
    for node in network:
        grows = isinstance(node, _GROWING) or (isinstance(node, Merge) and node.kind is MergeKind.MULTIPLY)
        if isinstance(node, Unary) and node.type is None:
            if not _casts(network.consumers[node.name]):
                results.add(node.name)
        elif grows:
            last: Node = node
            users = network.consumers[last.name]
            while (
                len(users) == 1
                and isinstance(users[0], Relu | Clip | Affine)
                and last.name not in network.outputs
            ):
                last = users[0]
                users = network.consumers[last.name]
            if not _casts(users) or last.name in network.outputs:
                results.add(last.name)
    return results


def _casts(users: tuple[Node, ...]) -> bool:
    return bool(users) and all(isinstance(user, Quantize | QuantizeArray | Threshold) for user in users)
