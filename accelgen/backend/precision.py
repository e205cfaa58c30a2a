"""hls4ml's form of accelgen's number types."""

from __future__ import annotations

from hls4ml.model.types import FixedPrecisionType, RoundingMode, SaturationMode

from accelgen.ir import FixedType


def precision(kind: FixedType) -> FixedPrecisionType:
    """hls4ml's form of a type; a new object each time, since hls4ml changes its class later."""
    return FixedPrecisionType(
        kind.width,
        kind.integer,
        kind.signed,
        RoundingMode[kind.rounding.name],
        SaturationMode[kind.overflow.name],
        0,
    )
