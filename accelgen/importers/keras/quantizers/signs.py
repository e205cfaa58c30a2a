"""Two and three values: binary, ternary, and the stochastic ones, which are the same at inference."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accelgen.importers.keras.activations import Use
from accelgen.importers.keras.quantizers.base import (
    Alpha,
    Float32,
    QuantizedWeights,
    Quantizer,
    add_scaled,
    alpha,
    factored,
    flag,
    float32,
    ignored,
    option,
    positive,
    quantizer,
    whole,
)
from accelgen.importers.keras.quantizers.scales import ScaleGroups, axes, power_of_two
from accelgen.ir import Threshold


@quantizer("binary")
@dataclass(frozen=True, eq=False)
class Binary(Quantizer):
    """alpha where x >= 0, else -alpha (or 0 with ``use_01``)."""

    use_01: bool = option(False, flag)
    alpha: Alpha | None = option(None, alpha)
    training: object = option(False, ignored)
    use_stochastic_rounding: object = option(False, ignored)
    scale_axis: int | tuple[int, ...] | None = option(None, axes)
    elements_per_scale: int | tuple[int, ...] | None = option(None, axes)
    min_po2_exponent: int | None = option(None, whole(-64))
    max_po2_exponent: int | None = option(None, whole(-64))

    def for_kernel(self) -> Quantizer:
        return replace(self, alpha="auto_po2") if self.alpha is None else self

    @property
    def _below(self) -> float:
        return 0.0 if self.use_01 else -1.0

    def quantize(self, values: Float32) -> QuantizedWeights:
        signs = np.where(values >= 0, np.float32(1), np.float32(self._below))
        if not isinstance(self.alpha, str):
            return factored(signs, np.ones(1) if self.alpha is None else float32(self.alpha))
        groups = ScaleGroups(
            self.scale_axis, self.elements_per_scale, self.min_po2_exponent, self.max_po2_exponent
        )
        return factored(signs, groups.least_squares(values, signs, self.alpha == "auto_po2"))

    def activation(self, use: Use) -> str:
        values = np.array([self._below, 1.0])
        return add_scaled(use, lambda name: Threshold(name, (use.source,), values=values), self.alpha)


@quantizer("stochastic_binary")
@dataclass(frozen=True, eq=False)
class StochasticBinary(Quantizer):
    """Random while training only; at inference it is ``binary(alpha=alpha)``."""

    alpha: Alpha | None = option(None, alpha)
    temperature: object = option(6.0, ignored)
    use_real_sigmoid: object = option(True, ignored)

    def for_kernel(self) -> Quantizer:
        return self._inference.for_kernel()

    @property
    def _inference(self) -> Binary:
        return Binary(self.layer, alpha=self.alpha)

    def quantize(self, values: Float32) -> QuantizedWeights:
        return self._inference.quantize(values)

    def activation(self, use: Use) -> str:
        return self._inference.activation(use)


@quantizer("ternary")
@dataclass(frozen=True, eq=False)
class Ternary(Quantizer):
    """alpha * sign(x) where abs(x) >= threshold, else 0; "auto" derives both from the weights."""

    alpha: Alpha | None = option(None, alpha)
    threshold: float = option(0.33, positive)
    use_stochastic_rounding: object = option(False, ignored)
    number_of_unrolls: int = option(5, whole(0, 1000))

    def for_kernel(self) -> Quantizer:
        return replace(self, alpha="auto_po2") if self.alpha is None else self

    def quantize(self, values: Float32) -> QuantizedWeights:
        if isinstance(self.alpha, str):
            return self._quantize_auto(values, self.alpha == "auto_po2")
        scale = np.ones(1) if self.alpha is None else float32(self.alpha)
        return factored(np.sign(values) * (np.abs(values) >= np.float32(self.threshold)), scale)

    def _quantize_auto(self, x: Float32, po2: bool) -> QuantizedWeights:
        groups = ScaleGroups()
        shared = groups.shared_axes(x.ndim) if x.ndim > 1 else None
        scale = np.float32(2) * np.max(np.abs(x), axis=shared, keepdims=True) / np.float32(3)
        if po2:
            scale = power_of_two(scale)
        signs = np.zeros_like(x)
        for _ in range(self.number_of_unrolls):
            rounded = scale * np.rint(x / scale)
            signs = np.sign(x) * (np.abs(rounded) >= scale / np.float32(2))
            scale = groups.least_squares(x, signs, po2)
        return factored(signs, scale)

    def activation(self, use: Use) -> str:
        edge = float(np.float32(self.threshold))
        edges = np.array([np.nextafter(-edge, 0.0), edge])
        values = np.array([-1.0, 0.0, 1.0])
        return add_scaled(use, lambda name: Threshold(name, (use.source,), edges, values), self.alpha)


@quantizer("stochastic_ternary")
@dataclass(frozen=True, eq=False)
class StochasticTernary(Quantizer):
    """Random while training only; at inference it is ``ternary(alpha, threshold)``."""

    alpha: Alpha | None = option(None, alpha)
    threshold: float = option(0.33, positive)
    temperature: object = option(8.0, ignored)
    use_real_sigmoid: object = option(True, ignored)
    number_of_unrolls: int = option(5, whole(0, 1000))

    def for_kernel(self) -> Quantizer:
        return self._inference.for_kernel()

    @property
    def _inference(self) -> Ternary:
        return Ternary(self.layer, self.alpha, self.threshold, number_of_unrolls=self.number_of_unrolls)

    def quantize(self, values: Float32) -> QuantizedWeights:
        return self._inference.quantize(values)

    def activation(self, use: Use) -> str:
        return self._inference.activation(use)


@quantizer("bernoulli")
@dataclass(frozen=True, eq=False)
class Bernoulli(Quantizer):
    """Refused: qkeras draws it at random at inference too."""

    alpha: Alpha | None = option(None, alpha)
    temperature: object = option(6.0, ignored)
    use_real_sigmoid: object = option(True, ignored)

    def quantize(self, values: Float32) -> QuantizedWeights:
        raise self.layer.unsupported(_RANDOM)

    def activation(self, use: Use) -> str:
        raise self.layer.unsupported(_RANDOM)


_RANDOM = (
    "bernoulli draws random values at inference too, which no circuit can repeat; use binary(use_01=True)"
)
