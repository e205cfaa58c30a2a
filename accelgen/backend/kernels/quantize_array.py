"""Casts of each element to a type of its own (accelgen_quantize.h)."""

from __future__ import annotations

from math import prod

import numpy as np

from accelgen.backend.kernels.config import constants, signed_constants
from accelgen.backend.kernels.elementwise import Period, elementwise
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import FixedType, Overflow, QuantizeArray


@lowers(QuantizeArray, fuses=True)
def lower_quantize_array(node: QuantizeArray, context: Context) -> list[HlsLayer]:
    """Shifts, bounds and masks on the finest grid of the input and all the types."""
    (x,) = context.input_types(node)
    period = Period.of(context.shape(node.name), node.width, node.integer, node.signed)
    kinds = [
        FixedType(width, integer, signed, node.rounding, node.overflow) if width > 0 else None
        for width, integer, signed in zip(
            *(period.spread(array).tolist() for array in (node.width, node.integer, node.signed)), strict=True
        )
    ]
    own = [kind for kind in kinds if kind is not None]
    fraction = max([x.fraction, *(kind.fraction for kind in own)])
    drops = [0 if kind is None else fraction - kind.fraction for kind in kinds]
    # a sign and a carry above the input's bits, a sign above a result's, half a step of the coarsest grid
    width = max(
        x.width + fraction - x.fraction + 2,
        max(drops) + 2,
        *(fraction - kind.fraction + kind.width + 1 for kind in own),
        1,
    )
    tables = {
        "drop": drops,
        "low": [0 if kind is None else kind.min_code for kind in kinds],
        "high": [0 if kind is None else kind.max_code for kind in kinds],
        "wrap": [0 if kind is None else width - kind.width for kind in kinds],
    }
    members = (
        constants(
            width=width,
            saturates=node.overflow is not Overflow.WRAP,
            saturates_to_zero=node.overflow is Overflow.SAT_ZERO,
        )
        + signed_constants(fraction=fraction)
        + f"    static const ap_q_mode rounding = {node.rounding.value};\n"
        + "".join(_table(period, name, codes, context) for name, codes in tables.items())
    )
    return [elementwise(node, context, "accelgen_quantize.h", "quantize", members, period=period)]


def _table(period: Period, name: str, codes: list[int], context: Context) -> str:
    shape = period.shape if period.length == prod(period.shape) else (period.length,)
    return period.table(name, np.array(codes, object).reshape(shape), context)
