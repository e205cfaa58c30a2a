"""hls4ml's form of accelgen's number types."""

from __future__ import annotations

from hls4ml.model.types import FixedPrecisionType, IntegerPrecisionType, RoundingMode, SaturationMode

from accelgen.backend.packed import WordType
from accelgen.ir import FixedType


def precision(kind: FixedType | WordType) -> FixedPrecisionType | IntegerPrecisionType:
    """hls4ml's form of a type; a new object each time, since hls4ml changes its class later."""
    if isinstance(kind, WordType):
        return IntegerPrecisionType(kind.width, signed=False)
    return FixedPrecisionType(
        kind.width,
        kind.integer,
        kind.signed,
        RoundingMode[kind.rounding.name],
        SaturationMode[kind.overflow.name],
        0,
    )
