"""quantized_relu: a rectifier whose result lies on a grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelgen.importers.keras.activations import Use
from accelgen.importers.keras.quantizers.base import (
    Float32,
    QuantizedWeights,
    Quantizer,
    factored,
    flag,
    float32,
    ignored,
    not_negative,
    number,
    option,
    quantizer,
    saturating,
    whole,
)
from accelgen.ir import Affine, Clip, Quantize, Relu
from accelgen.ir.fixed import from_real
from accelgen.ir.types import FixedType


def power_of_two_slope(value: object) -> float:
    """Reads a negative slope: 0 or a power of two, as qkeras demands."""
    slope = not_negative(value)
    if slope != 0 and np.frexp(slope)[0] != 0.5:
        raise ValueError("0 or a power of two")
    return slope


@quantizer("quantized_relu")
@dataclass(frozen=True, eq=False)
class QuantizedRelu(Quantizer):
    """Steps of 2**(integer - n) from 0 to just below 2**integer, n bits besides the sign.

    With a slope, negative inputs times slope lie on the same grid, down to -slope * 2**integer.
    ``relu_upper_bound`` counts only where ``is_quantized_clip`` is off, which qkeras does not save.
    """

    bits: int = option(8, whole(1))
    integer: int = option(0, whole(-64))
    use_sigmoid: bool = option(False, flag)
    negative_slope: float = option(0.0, power_of_two_slope)
    use_stochastic_rounding: object = option(False, ignored)
    relu_upper_bound: float | None = option(None, not_negative)
    is_quantized_clip: bool = option(True, flag)
    qnoise_factor: float = option(1.0, number)
    var_name: object = option(None, ignored)
    use_ste: object = option(True, ignored)
    use_variables: object = option(False, ignored)

    def __post_init__(self) -> None:
        if self.negative_slope != 0 and self.bits == 1:
            raise self.layer.error("quantized_relu with a negative slope needs 2 bits or more")
        if self.negative_slope != 0 and self.use_sigmoid:
            raise self.layer.unsupported(
                "quantized_relu with both use_sigmoid and negative_slope is not supported"
            )

    @property
    def _positive(self) -> FixedType:
        return saturating(self.bits - (self.negative_slope != 0), self.integer, signed=False)

    @property
    def _upper(self) -> float | None:
        """The bound of the quantized result, where it is below the type's own."""
        if self.is_quantized_clip or not self.relu_upper_bound or self.relu_upper_bound >= self._positive.max:
            return None
        return float(float32(self.relu_upper_bound))

    def quantize(self, values: Float32) -> QuantizedWeights:
        if self.use_sigmoid or self.negative_slope != 0 or self._upper is not None:
            raise self.layer.unsupported(
                "quantized_relu of weights is supported without its other options only"
            )
        return factored(from_real(values, self._positive).values, np.ones(1))

    def activation(self, use: Use) -> str:
        if self.use_sigmoid:
            return self._sigmoid(use)
        if self.negative_slope != 0:
            return self._leaky(use)
        if self._upper is None:
            return use.builder.add(Quantize(use.name, (use.source,), self._positive))
        cast = use.builder.add(
            Quantize(use.builder.unique(f"{use.name}/cast"), (use.source,), self._positive)
        )
        return use.builder.add(Clip(use.name, (cast,), 0.0, self._upper))

    def _leaky(self, use: Use) -> str:
        """A slope above 1 reaches below the range of the type's bits, one below 1 does not use all of it."""
        lowest = -self.negative_slope * 2.0**self.integer
        extra = max(int(np.log2(self.negative_slope)), 0)
        kind = saturating(self.bits + extra, self.integer + 1 + extra, signed=True)
        slope = np.array([self.negative_slope])
        relu = use.builder.add(Relu(use.builder.unique(f"{use.name}/slope"), (use.source,), slope))
        highest = self._positive.max if self._upper is None else self._upper
        if (lowest, highest) == (kind.min, kind.max):
            return use.builder.add(Quantize(use.name, (relu,), kind))
        cast = use.builder.add(Quantize(use.builder.unique(f"{use.name}/cast"), (relu,), kind))
        return use.builder.add(Clip(use.name, (cast,), lowest, highest))

    def _sigmoid(self, use: Use) -> str:
        """2 * round(hard_sigmoid(x / 2**integer)) - 1, from 0 to just below 1, times 2**integer."""
        one = 2.0**self.integer
        kind = saturating(self.bits + 1, 1, signed=False)
        add = use.builder.add
        unique = use.builder.unique
        line = add(Affine(unique(f"{use.name}/line"), (use.source,), np.array([0.5 / one]), np.array([0.5])))
        bounded = add(Clip(unique(f"{use.name}/bounded"), (line,), 0.0, 1.0))
        cast = add(Quantize(unique(f"{use.name}/cast"), (bounded,), kind))
        doubled = add(Affine(unique(f"{use.name}/doubled"), (cast,), np.array([2 * one]), np.array([-one])))
        highest = self._positive.max if self._upper is None else self._upper
        return add(Clip(use.name, (doubled,), 0.0, highest))
