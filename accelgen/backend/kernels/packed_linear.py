"""Matrix products of few bits: packed inputs by XNOR and popcount, numbers by signed adds (accelgen_packed.h)."""

from __future__ import annotations

from typing import Any

from accelgen.backend.packed import PackedLinear
from accelgen.ir.nodes import Shape


def packed_linear_attributes(layer: PackedLinear, name: str, shape: Shape, stream: bool) -> dict[str, Any]:
    """The attributes of the `AccelgenKernel` that computes ``layer``.

    The layer's "result" has the type `PackedTensor.word_type` where `Thresholds.result` is packed, else the
    type of its numbers: that of `Thresholds.values`, or the one to which a `Linear` result is cast.

    Args:
        layer: with every choice made.
        name: the network's, for the comment.
        shape: of the network's result, channels last.
        stream: whether data move through FIFOs (io_stream).
    """
    raise NotImplementedError
