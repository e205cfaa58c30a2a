"""Maximum and sum pooling (accelgen_pooling.h)."""

from __future__ import annotations

from accelgen.backend.kernels.config import constants, typedef
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Pool, PoolKind
from accelgen.ir.nodes import Shape

_REDUCTIONS = {PoolKind.MAX: "maximum", PoolKind.SUM: "sum"}


@lowers(Pool, fuses=True)
def lower_pool(node: Pool, context: Context) -> list[HlsLayer]:
    """Windows of one or two axes; global pooling is a window as large as the input."""
    *positions, channels = context.shape(node.inputs[0])
    members = constants(reuse_factor=context.choice(node).reuse_factor, n_chan=channels)
    members += pool_geometry(node, tuple(positions), context.shape(node.name)[:-1])
    # a sum may wrap on the way, a maximum must hold inputs below its own range
    accumulator = context.type(node.name) if node.kind is PoolKind.SUM else context.input_types(node)[0]
    members += typedef("accum_t", accumulator)
    members += f"    template <class T> using reduction = accelgen::{_REDUCTIONS[node.kind]}<T>;\n"
    attributes = call("accelgen_pooling.h", "pool", context.shape(node.name), members)
    return [context.layer("AccelgenKernel", node, **attributes)]


def pool_geometry(node: Pool, positions: Shape, results: Shape) -> str:
    """The members that describe windows over ``positions`` of the input, and ``results`` of them."""
    rank = len(node.size)
    members = ""
    for name, sizes in (("in", positions), ("out", results), ("size", node.size), ("stride", node.strides)):
        height, width = [1] * (2 - rank) + list(sizes)
        members += constants(**{f"{name}_height": height, f"{name}_width": width})
    (top, bottom), (left, right) = [(0, 0)] * (2 - rank) + list(node.padding)
    return members + constants(pad_top=top, pad_bottom=bottom, pad_left=left, pad_right=right)
