"""Puts a float network on fixed-point grids: one type for everything, or ranges from calibration data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
from accelgen.ir.names import free_name
from accelgen.ir.nodes import Array
from accelgen.passes.adopt_input_types import integer_bits
from accelgen.passes.recurrent_types import cast_states, open_states, seen_state_types
from accelgen.passes.rename import insert_after

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


NodeTypes = Mapping[str, FixedType]
"""Types of one layer: "weight", "bias" ... of its constants, "result" of what it gives.

Within a recurrent layer, "STEP.weight" and "STEP.state" belong to the cell node STEP.
"""
Types = Mapping[str, NodeTypes]


@dataclass(frozen=True)
class ChoosePrecision:
    """Quantizes the weights and the results of a network's float layers.

    What ``given`` types (by layer) stays so. Of the rest, with ``precision`` each constant and result gets
    that type. With ``calibration`` (inputs by name, (n, *shape)) each gets `CALIBRATED_WIDTH` bits (or the
    precision's width) over the range that the data show. Constants round to nearest and saturate.
    """

    precision: FixedType | None = None
    calibration: Mapping[str, npt.NDArray[Any]] | None = None
    given: Types = field(default_factory=dict)

    def __call__(self, network: Network) -> Network:
        """The network with every float constant and result on a grid; raises what `plan` does."""
        return apply_types(network, self.plan(network))

    def plan(self, network: Network) -> dict[str, dict[str, FixedType]]:
        """The types of every float layer, without changing anything.

        Raises:
            PrecisionError: a float layer is neither typed by ``given`` nor by precision or calibration.
        """
        if not float_layers(network):
            return {}
        values = {} if self.calibration is None else _values(network, self.calibration)
        ranges = {name: (float(array.min()), float(array.max())) for name, array in values.items()}
        results = _float_results(network)
        planned: dict[str, dict[str, FixedType]] = {}
        for node in network:
            own = self.given.get(node.name, {})
            types = {
                what: own[what] if what in own else self._constant_type(node, constants)
                for what, constants in float_constants(node).items()
            }
            if node.name in results:
                types["result"] = own.get("result") or self._result_type(node, ranges.get(node.name))
            if isinstance(node, Recurrent) and _has_float_weights(node):
                types |= {what: kind for what, kind in own.items() if what.endswith(".state")}
                if values:
                    seen = seen_state_types(node, values[node.inputs[0]], self._width)
                    types |= {f"{step}.state": own.get(f"{step}.state", kind) for step, kind in seen.items()}
            if types:
                planned[node.name] = types
        return planned

    def _result_type(self, node: Node, seen: tuple[float, float] | None) -> FixedType:
        if seen is not None:
            return FixedType(self._width, integer_bits(*seen), seen[0] < 0, Rounding.RND_CONV, Overflow.SAT)
        if self.precision is None:
            raise _no_precision(node)
        return self.precision

    @property
    def _width(self) -> int:
        return CALIBRATED_WIDTH if self.precision is None else self.precision.width

    def _constant_type(self, node: Node, constants: Array) -> FixedType:
        """The precision's own type, or the constants' range where data are calibrated on."""
        if self.calibration is not None:
            low, high = float(constants.min()), float(constants.max())
            return FixedType(self._width, integer_bits(low, high), low < 0, Rounding.RND_CONV, Overflow.SAT)
        if self.precision is None:
            raise _no_precision(node)
        return self.precision.with_modes(Rounding.RND_CONV, Overflow.SAT)


def _no_precision(node: Node) -> PrecisionError:
    return PrecisionError(
        f"layer {node.name!r} has float weights: give --precision W,I (such as 16,6) or --calibration x.npz"
    )


def float_constants(node: Node) -> dict[str, Array]:
    """The float constants of a float layer by name; those of a cell as "STEP.name".

    Scales are not among them: `make_exact` puts them on a grid.
    """
    if not _has_float_weights(node):
        return {}
    if isinstance(node, Recurrent):
        return {
            f"{step.name}.{what}": constants
            for step in node.cell
            for what, constants in float_constants(step).items()
        }
    return {
        what: value for what, value in vars(node).items() if isinstance(value, np.ndarray) and is_float(value)
    }


def apply_types(network: Network, types: Types) -> Network:
    """The network with the constants and results that ``types`` names cast to its types."""
    casts: dict[str, Node] = {}
    nodes: list[Node] = []
    names = [node.name for node in network]
    for node in network:
        own = types.get(node.name, {})
        quantized = _with_constants(node, own)
        if "result" in own:
            if isinstance(quantized, Unary):
                quantized = replace(quantized, type=own["result"])
            else:
                name = free_name(f"{node.name}/result", names)
                casts[node.name] = Quantize(name, (node.name,), own["result"])
        nodes.append(quantized)
    return insert_after(network.with_nodes(nodes), casts) if types else network


def _with_constants(node: Node, types: NodeTypes) -> Node:
    if isinstance(node, Recurrent) and types:
        cell = tuple(_with_constants(step, _part(types, step.name)) for step in node.cell)
        states = {step: types[f"{step}.state"] for step in open_states(node) if f"{step}.state" in types}
        return cast_states(replace(node, cell=cell), states)
    constants: dict[str, Any] = {
        what: from_real(getattr(node, what), kind).values
        for what, kind in types.items()
        if isinstance(getattr(node, what, None), np.ndarray)
    }
    return replace(node, **constants) if constants else node


def _part(types: NodeTypes, step: str) -> NodeTypes:
    prefix = f"{step}."
    return {what[len(prefix) :]: kind for what, kind in types.items() if what.startswith(prefix)}


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
