"""Dot: the product of two tensors along one axis of each (accelgen_dot.h)."""

from __future__ import annotations

from math import prod

from accelgen.backend.kernels.config import constants, typedef
from accelgen.backend.kernels.elementwise import sharing
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Dot


@lowers(Dot, fuses=True)
def lower_dot(node: Dot, context: Context) -> list[HlsLayer]:
    """Products summed along one axis of each input, wherever it lies."""
    members = ""
    products = 1
    for name, source, axis in zip("ab", node.inputs, node.axes, strict=True):
        shape = context.shape(source)
        position = axis % len(shape)
        outer, n_sum, inner = prod(shape[:position]), shape[position], prod(shape[position + 1 :])
        members += constants(**{f"{name}_outer": outer, f"{name}_inner": inner})
        products *= outer * inner
    products *= n_sum
    members += constants(n_sum=n_sum, **sharing(node, context, products))
    members += typedef("accum_t", context.type(node.name))
    shape = context.shape(node.name)
    attributes = call("accelgen_dot.h", "dot", shape, members, multiplications=products)
    return [context.layer("AccelgenKernel", node, **attributes)]
