"""Between ordinary numbers and packed words of levels, and maximum pooling of words (accelgen_packing.h)."""

from __future__ import annotations

from typing import Any

from accelgen.backend.packed import Integers, PackedTensor
from accelgen.ir import FixedType, Pool
from accelgen.ir.nodes import Shape


def pack_attributes(name: str, source: FixedType, result: PackedTensor) -> dict[str, Any]:
    """The attributes of the layer that packs numbers of type ``source``, all of them levels of ``result``.

    Its "result" has the type ``result.word_type``. In io_stream numbers may come in packs of any size that
    divides the channels.
    """
    raise NotImplementedError


def pack_thresholds_attributes(
    name: str, source: FixedType, thresholds: Integers, levels: Integers, result: PackedTensor
) -> dict[str, Any]:
    """The attributes of the layer that compares numbers with thresholds and packs the levels.

    Args:
        name: the network's, for the comment.
        source: the numbers' type.
        thresholds: (channels or 1, k), ascending: the smallest code of ``source`` that reaches each one;
            codes outside the type mean always or never.
        levels: (channels or 1, k + 1): the level of the result for each count of thresholds reached,
            ascending or descending along the last axis.
        result: of the same positions and channels as the input.

    Raises:
        ValueError: a channel's levels go both up and down.
    """
    raise NotImplementedError


def unpack_attributes(name: str, source: PackedTensor, result: FixedType, shape: Shape) -> dict[str, Any]:
    """The attributes of the layer that turns packed levels into numbers of type ``result``.

    ``shape`` is that of the network's result, channels last. In io_stream a pack holds a position's channels,
    or ``shape``'s last axis where that is smaller.
    """
    raise NotImplementedError


def packed_pool_attributes(node: Pool, in_shape: Shape, result: PackedTensor) -> dict[str, Any]:
    """The attributes of the layer that takes the maximum of packed levels over windows of 1 or 2 axes.

    ``in_shape`` is the network's, channels last; words and levels are the same before and after.
    """
    raise NotImplementedError
