"""Signs, ternary and few-bit activations as comparisons of codes (accelgen_threshold.h)."""

from __future__ import annotations

import numpy as np

from accelgen.backend.kernels.config import constants, table
from accelgen.backend.kernels.elementwise import Period, elementwise
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.ir import FixedType, Threshold
from accelgen.ir.fixed import cast
from accelgen.ir.grid import to_fixed
from accelgen.reference import threshold_codes


@lowers(Threshold, fuses=True)
def lower_threshold(node: Threshold, context: Context) -> list[HlsLayer]:
    """Levels as codes of the input, and values that are cast to the result's type already."""
    (x,) = context.input_types(node)
    members, periods = threshold_members(node, x, context.result_type(node))
    period = Period(context.shape(node.name), periods)
    return [elementwise(node, context, "accelgen_threshold.h", "threshold", members, period=period)]


def threshold_members(node: Threshold, x: FixedType, result: FixedType) -> tuple[str, int]:
    """The members that accelgen_threshold.h asks of a config, and the number of channels with own levels."""
    edges, values = np.atleast_2d(threshold_codes(node, x.fraction)), np.atleast_2d(node.values)
    edges = np.broadcast_to(edges, (max(len(edges), len(values)), edges.shape[-1]))
    n_levels = edges.shape[-1]
    steps = max(1, n_levels.bit_length())
    # a level below the input's range is reached by its smallest code, one above it by none
    never = x.max_code + 1
    levels = [
        [min(max(int(edge), x.min_code), never) for edge in row] + [never] * ((1 << steps) - 1 - n_levels)
        for row in edges
    ]
    padded = np.pad(values, ((0, 0), (0, (1 << steps) - n_levels - 1)), mode="edge")
    members = (
        constants(steps=steps, value_stride=0 if len(values) == 1 else 1 << steps)
        + table("level", [level for row in levels for level in row])
        + table("value", cast(to_fixed(padded), result).codes.ravel().tolist())
    )
    return members, len(levels)
