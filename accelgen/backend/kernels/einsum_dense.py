"""EinsumDense: a matrix at every position, its operands' axes moved into place before and after."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.backend.kernels.gather import Moves, gather_step, transposed
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.backend.standard import affine_attributes, linear_types, pointwise
from accelgen.ir import Affine, Dense, EinsumDense, FixedType
from accelgen.ir.einsum import EinsumMatrix, einsum_matrix
from accelgen.ir.grid import to_fixed
from accelgen.ir.nodes import Array, Shape


@lowers(EinsumDense, fuses=True)
def lower_einsum_dense(node: EinsumDense, context: Context) -> list[HlsLayer]:
    """Axes moved, a matrix product, axes moved, and a bias that varies over positions."""
    shape, result = context.shape(node.inputs[0]), context.shape(node.name)
    plan = einsum_matrix(node, shape)
    bias = _matrix_bias(node, plan, result)
    exact = context.type(node.name)
    later = node.bias if bias is None else None
    held = exact if later is None else _without_bias(exact, later)

    layers: list[HlsLayer] = []

    def source() -> str:
        return layers[-1].name if layers else context.name(node.inputs[0])

    def move(step: str, moves: Moves, target: Shape, kind: FixedType, seen_as: Shape) -> None:
        if not moves.in_order or seen_as != target:
            layers.append(gather_step(node, context, step, source(), moves, target, kind))

    n_in, n_out = plan.matrix.shape
    product = (plan.positions, n_out)
    move(
        "from",
        transposed(shape, plan.input_axes),
        (plan.positions, n_in),
        context.input_types(node)[0],
        shape,
    )
    dense = Dense(node.name, node.inputs, plan.matrix, np.zeros(n_out) if bias is None else bias)
    types = {**linear_types(dense, context), "accum": held, "result": held}
    layers.append(
        HlsLayer(
            "Conv1D",
            context.step_name(node, "product"),
            (source(),),
            types,
            pointwise(dense, plan.positions),
            context.choice(node),
        )
    )
    move("to", transposed(plan.product_shape, plan.result_axes), result, held, product)
    if later is not None:
        types, attributes = affine_attributes(Affine(node.name, node.inputs, np.ones(1), later), result)
        layers.append(
            HlsLayer("BatchNormalization", context.step_name(node, "bias"), (source(),), types, attributes)
        )
    final = context.layer("", node)  # the last step gives the node's result, and performs its cast
    layers[-1] = replace(
        layers[-1], name=final.name, node=final.node, types={**layers[-1].types, **final.types}
    )
    return layers


def _matrix_bias(node: EinsumDense, plan: EinsumMatrix, result: tuple[int, ...]) -> Array | None:
    """The bias by column of the matrix; None where it varies over positions."""
    if node.bias is None:
        return np.zeros(plan.matrix.shape[1])
    bias = np.broadcast_to(node.bias, result)
    first = bias
    for axis in plan.position_axes:
        first = np.take(first, [0], axis)
    if not (bias == first).all():
        return None
    ordered = first.transpose(np.argsort(plan.result_axes))
    column: Array = ordered.reshape(-1)[: plan.matrix.shape[1]]
    return column


def _without_bias(exact: FixedType, bias: Array) -> FixedType:
    """A type for the sum before its bias, of which only the sum with it is known to fit ``exact``."""
    largest = int(np.max(np.abs(to_fixed(bias, exact.fraction).codes), initial=0))
    return FixedType.for_range(exact.min_code - largest, exact.max_code + largest, exact.fraction)
