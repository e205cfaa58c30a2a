"""What becomes of a packed layer's sums, as C++: levels in words, levels as numbers, or scaled sums."""

from __future__ import annotations

import numpy as np

from accelgen.backend.kernels.config import constants, table, template, typedef
from accelgen.backend.kernels.packed_product import Product
from accelgen.backend.packed import Integers, Linear, PackedLinear, PackedTensor, Thresholds
from accelgen.ir import FixedType


def finish_members(layer: PackedLinear, product: Product) -> str:
    """The members that accelgen_finish.h asks of a config, for the sums as ``product`` gives them."""
    if isinstance(layer.finish, Linear):
        return _linear(layer.finish, product)
    return _thresholds(layer.finish, product)


def _thresholds(finish: Thresholds, product: Product) -> str:
    # a threshold below all sums is always reached, one above them never
    codes = np.clip(finish.codes + product.excess[:, None], product.low, product.high + 1)
    members = constants(n_levels=codes.shape[-1]) + _table("threshold", codes, product)
    if finish.result is not None:
        return members + packed_result(finish.result) + template("finish", "to_words")
    assert finish.values is not None
    return members + table("value", finish.values.tolist()) + template("finish", "to_values")


def packed_result(result: PackedTensor) -> str:
    """The layout of a position's words."""
    return constants(out_planes=result.levels.bits, out_lanes=result.lanes)


def _linear(finish: Linear, product: Product) -> str:
    offsets = finish.offsets - finish.scale * product.excess
    width = FixedType.for_range(min(-1, finish.scale), max(0, finish.scale), 0).width
    return (
        typedef("exact_t", finish.exact.storage())
        + f"    static ap_int<{width}> scale() {{ return {finish.scale}LL; }}\n"
        + _table("offset", offsets[..., None], product)
        + template("finish", "to_scaled")
    )


def _table(name: str, codes: Integers, product: Product) -> str:
    """Constants (n_classes, n_out, m): those of all lanes at once, for each class of each group of rows."""
    classes, rows, count = codes.shape
    groups = rows // product.lanes
    ordered = codes.reshape(classes, groups, product.lanes, count).transpose(1, 0, 2, 3)
    partition = "complete" if groups * classes == 1 else f"cyclic factor={product.lanes * count}"
    return table(name, ordered.ravel().tolist(), partition)
