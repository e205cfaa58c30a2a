"""Softmax, as `accelgen.ir.softmax` defines it (accelgen_softmax.h)."""

from __future__ import annotations

from math import prod

from accelgen.backend.kernels.config import constants, table, typedef
from accelgen.backend.kernels.elementwise import sharing
from accelgen.backend.kernels.layer import call
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import Softmax
from accelgen.ir.softmax import softmax_plan


@lowers(Softmax, fuses=True)
def lower_softmax(node: Softmax, context: Context) -> list[HlsLayer]:
    """Tables for the exponential and the reciprocal, all classes of a position at once."""
    *positions, classes = context.shape(node.name)
    (x,) = context.input_types(node)
    plan = softmax_plan(x.fraction, classes, context.type(node.name) if node.type is None else node.type)
    factors = len(plan.exp_table)
    products = classes * factors + 1  # of one position: between factors, the interpolation, the results
    partition = f"block factor={factors}" if factors > 1 else ""
    members = (
        constants(
            n_rows=prod(positions),
            n_classes=classes,
            size_bits=classes.bit_length(),
            drop=plan.drop,
            n_factors=factors,
            exp_bits=plan.exp_bits,
            exp_fraction=plan.exp_fraction,
            mantissa_bits=plan.mantissa_bits,
            reciprocal_bits=plan.reciprocal_bits,
            term_fraction=plan.term_fraction,
            **sharing(node, context, products if context.stream else products * prod(positions)),
        )
        + typedef("cast_t", plan.cast)
        + table("exponential", plan.exp_table.ravel().tolist(), partition)
        + table("base", plan.reciprocal_base.tolist(), partition="")
        + table("slope", plan.reciprocal_slope.tolist(), partition="")
    )
    shape = context.shape(node.name)
    attributes = call(
        "accelgen_softmax.h", "softmax", shape, members, multiplications=products * prod(positions)
    )
    return [context.layer("AccelgenKernel", node, **attributes)]
