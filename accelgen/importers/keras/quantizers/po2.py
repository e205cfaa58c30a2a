"""Powers of two: quantized_po2 and quantized_relu_po2."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from accelgen.importers.keras.activations import Use
from accelgen.importers.keras.quantizers.base import (
    Float32,
    QuantizedWeights,
    Quantizer,
    factored,
    flag,
    ignored,
    not_negative,
    number,
    one_of,
    option,
    quantizer,
    whole,
)
from accelgen.importers.keras.quantizers.rectified import power_of_two_slope
from accelgen.importers.keras.quantizers.scales import EPSILON
from accelgen.importers.keras.quantizers.steps import mirrored, steps_of
from accelgen.ir import Threshold
from accelgen.ir.nodes import Array

_MAX_BITS = 8
"""qkeras' own default; 2**63 and 2**-64 are its extremes, and 9 bits would leave float32's range."""


@dataclass(frozen=True)
class Exponents:
    """From a magnitude to the exponent of its power of two, computed in float32 as qkeras does it."""

    lowest: int
    highest: int
    max_value: float | None
    quadratic: bool
    floor: bool

    def of(self, magnitudes: Float32) -> Float32:
        """The exponents, ``lowest`` for magnitudes below epsilon (qkeras, _clip_power_of_two)."""
        x = np.maximum(magnitudes, EPSILON)
        if self.max_value is not None:
            x = np.minimum(x, np.float32(self.max_value))
        log2 = np.log(np.sqrt(x) if self.quadratic else x) / np.float32(np.log(2.0))
        rounded = np.clip(np.floor(log2) if self.floor else np.rint(log2), self.lowest, self.highest)
        exponents = rounded * np.float32(2 if self.quadratic else 1)
        return np.asarray(np.where(magnitudes < EPSILON, np.float32(self.lowest), exponents), np.float32)


@dataclass(frozen=True, eq=False)
class _PowersOfTwo(Quantizer):
    @property
    @abstractmethod
    def _exponents(self) -> Exponents:
        """The exponents that the bits can hold."""

    def _range(self, bits: int, max_value: float | None, quadratic: bool, floor: bool) -> Exponents:
        """``bits`` besides the value's sign; above 1, or without a maximum, the exponent needs a sign too."""
        if bits > _MAX_BITS:
            raise self.layer.unsupported(f"powers of two with {bits} bits leave float32's range")
        reach = 2 ** (bits - (max_value is None or max_value > 1))
        if reach < 1:
            raise self.layer.error("too few bits for a power of two")
        highest = int(reach) - 1
        return Exponents(
            -int(reach), 2 * (highest // 2) if quadratic else highest, max_value, quadratic, floor
        )


@quantizer("quantized_po2")
@dataclass(frozen=True, eq=False)
class QuantizedPo2(_PowersOfTwo):
    """sign(x) * 2**exponent, the sign of 0 being +."""

    bits: int = option(8, whole(1))
    max_value: float | None = option(None, not_negative)
    use_stochastic_rounding: object = option(False, ignored)
    quadratic_approximation: bool = option(False, flag)
    log2_rounding: str = option("rnd", one_of("rnd", "floor"))
    qnoise_factor: float = option(1.0, number)
    var_name: object = option(None, ignored)
    use_ste: object = option(True, ignored)
    use_variables: object = option(False, ignored)

    @property
    def _exponents(self) -> Exponents:
        floor = self.log2_rounding == "floor"
        return self._range(self.bits - 1, self.max_value, self.quadratic_approximation, floor)

    def quantize(self, values: Float32) -> QuantizedWeights:
        magnitudes = np.exp2(self._exponents.of(np.abs(values)).astype(np.float64))
        return factored(np.where(values >= 0, magnitudes, -magnitudes), np.ones(1))

    def activation(self, use: Use) -> str:
        edges, exponents = steps_of(self._exponents.of)
        return use.builder.add(_both_sides(use, edges, edges, exponents))


@quantizer("quantized_relu_po2")
@dataclass(frozen=True, eq=False)
class QuantizedReluPo2(_PowersOfTwo):
    """2**exponent, the smallest one for x <= 0; with a slope, -2**exponent of -x * slope below 0."""

    bits: int = option(8, whole(1))
    max_value: float | None = option(None, not_negative)
    negative_slope: float = option(0.0, power_of_two_slope)
    use_stochastic_rounding: object = option(False, ignored)
    quadratic_approximation: bool = option(False, flag)
    log2_rounding: str = option("rnd", one_of("rnd", "floor"))
    qnoise_factor: float = option(1.0, number)
    var_name: object = option(None, ignored)
    use_ste: object = option(True, ignored)
    use_variables: object = option(False, ignored)

    @property
    def _exponents(self) -> Exponents:
        floor = self.log2_rounding == "floor"
        return self._range(self.bits, self.max_value, self.quadratic_approximation, floor)

    def quantize(self, values: Float32) -> QuantizedWeights:
        exponents = self._exponents
        above = np.exp2(exponents.of(np.maximum(values, 0)).astype(np.float64))
        if self.negative_slope == 0:
            return factored(above, np.ones(1))
        scaled = np.maximum(-values, 0) * np.float32(self.negative_slope)
        below = np.exp2(exponents.of(scaled).astype(np.float64))
        return factored(np.where(values >= 0, above, -below), np.ones(1))

    def activation(self, use: Use) -> str:
        edges, exponents = steps_of(self._exponents.of)
        if self.negative_slope == 0:
            return use.builder.add(Threshold(use.name, (use.source,), edges, np.exp2(exponents)))
        return use.builder.add(_both_sides(use, edges / self.negative_slope, edges, exponents))


def _both_sides(use: Use, edges_below: Array, edges: Array, exponents: Array) -> Threshold:
    """Powers of two on both sides of 0, whose magnitudes grow at ``edges`` and at ``-edges_below``."""
    thresholds = np.concatenate([mirrored(edges_below), [0.0], edges])
    values = np.concatenate([-np.exp2(exponents[::-1]), np.exp2(exponents)])
    return Threshold(use.name, (use.source,), thresholds, values)
