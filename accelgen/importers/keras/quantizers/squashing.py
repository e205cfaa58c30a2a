"""Bent functions with a result on a grid: quantized_tanh, quantized_sigmoid and quantized_hswish."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accelgen.importers.keras.activations import Use
from accelgen.importers.keras.quantizers.base import (
    Alpha,
    Float32,
    QuantizedWeights,
    Quantizer,
    alpha,
    factored,
    flag,
    ignored,
    number,
    option,
    positive,
    quantizer,
    saturating,
    whole,
)
from accelgen.importers.keras.quantizers.linear import QuantizedBits
from accelgen.importers.keras.quantizers.scales import axes
from accelgen.ir import Affine, Clip, Quantize, Unary
from accelgen.ir.fixed import from_real


@dataclass(frozen=True, eq=False)
class _OfActivations(Quantizer):
    """A quantizer that has no meaning for weights."""

    def quantize(self, values: Float32) -> QuantizedWeights:
        raise self.layer.unsupported(f"{self.name} is supported for activations, not for weights")


@quantizer("quantized_tanh")
@dataclass(frozen=True, eq=False)
class QuantizedTanh(Quantizer):
    """clip(x, -1, 1), or tanh with ``use_real_tanh``, in steps of 2**(1 - bits)."""

    bits: int = option(8, whole(2))
    use_stochastic_rounding: object = option(False, ignored)
    symmetric: bool = option(False, flag)
    use_real_tanh: bool = option(False, flag)

    def quantize(self, values: Float32) -> QuantizedWeights:
        if self.use_real_tanh:
            raise self.layer.unsupported("quantized_tanh of weights is supported without use_real_tanh only")
        kind = saturating(self.bits, 1, signed=True, symmetric=self.symmetric)
        return factored(from_real(values, kind).values, np.ones(1))

    def activation(self, use: Use) -> str:
        source = use.source
        if self.use_real_tanh:
            source = use.builder.add(Unary(use.builder.unique(f"{use.name}/tanh"), (source,), "tanh"))
        kind = saturating(self.bits, 1, signed=True, symmetric=self.symmetric)
        return use.builder.add(Quantize(use.name, (source,), kind))


@quantizer("quantized_sigmoid")
@dataclass(frozen=True, eq=False)
class QuantizedSigmoid(_OfActivations):
    """clip(x / 2 + 1 / 2, 0, 1), or the sigmoid with ``use_real_sigmoid``, in steps of 2**-bits.

    qkeras.set_internal_sigmoid can change the former for a whole program; no file says so.
    """

    bits: int = option(8, whole(1))
    symmetric: bool = option(False, flag)
    use_real_sigmoid: bool = option(False, flag)
    use_stochastic_rounding: object = option(False, ignored)

    def activation(self, use: Use) -> str:
        add, unique = use.builder.add, use.builder.unique
        if self.use_real_sigmoid:
            source = add(Unary(unique(f"{use.name}/sigmoid"), (use.source,), "sigmoid"))
        else:
            half = np.array([0.5])
            source = add(Affine(unique(f"{use.name}/line"), (use.source,), half, half))
        kind = saturating(self.bits, 0, signed=False)
        if not self.symmetric:
            return add(Quantize(use.name, (source,), kind))
        cast = add(Quantize(unique(f"{use.name}/cast"), (source,), kind))
        return add(Clip(use.name, (cast,), kind.step, kind.max))


@quantizer("quantized_hswish")
@dataclass(frozen=True, eq=False)
class QuantizedHardSwish(_OfActivations):
    """quantized_bits of x * clip(x + relu_shift, 0, relu_upper_bound) / relu_upper_bound."""

    bits: int = option(8, whole(1))
    integer: int = option(0, whole(-64))
    symmetric: bool = option(False, flag)
    alpha: Alpha | None = option(None, alpha)
    use_stochastic_rounding: object = option(False, ignored)
    scale_axis: int | tuple[int, ...] | None = option(None, axes)
    qnoise_factor: float = option(1.0, number)
    var_name: object = option(None, ignored)
    use_variables: object = option(False, ignored)
    relu_shift: float = option(3.0, positive)
    relu_upper_bound: float = option(6.0, positive)
    use_ste: object = option(True, ignored)
    keep_negative: object = option(True, ignored)
    post_training_scale: object = option(None, ignored)

    def activation(self, use: Use) -> str:
        shape = (self.relu_shift, self.relu_upper_bound)
        name = use.builder.unique(f"{use.name}/swish")
        swish = use.builder.add(Unary(name, (use.source,), "hard_swish", shape))
        bits = QuantizedBits(self.layer, self.bits, self.integer, self.symmetric, alpha=self.alpha)
        return bits.activation(replace(use, source=swish))


@quantizer("quantized_ulaw")
@dataclass(frozen=True, eq=False)
class QuantizedMuLaw(Quantizer):
    """Refused: its values lie on no grid."""

    bits: int = option(8, whole(1))
    integer: int = option(0, whole(-64))
    symmetric: bool = option(False, flag)
    u: float = option(255.0, positive)

    def quantize(self, values: Float32) -> QuantizedWeights:
        raise self.layer.unsupported(_LOGARITHMIC)

    def activation(self, use: Use) -> str:
        raise self.layer.unsupported(_LOGARITHMIC)


_LOGARITHMIC = (
    "quantized_ulaw gives real logarithms, which have no exact fixed-point type; use quantized_bits"
)
