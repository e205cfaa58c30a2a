"""Evenly spaced values: quantized_bits and its successor quantized_linear."""

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
    array,
    factored,
    flag,
    float32,
    ignored,
    number,
    option,
    quantizer,
    saturating,
    whole,
    without_batch,
)
from accelgen.importers.keras.quantizers.scales import EPSILON, ScaleGroups, axes, power_of_two, settle
from accelgen.ir import Affine, Quantize, Threshold
from accelgen.ir.nodes import Array

_AUTO_ROUNDS = 5
"""How often qkeras improves an "auto_po2" scale."""


@quantizer("quantized_bits")
@dataclass(frozen=True, eq=False)
class QuantizedBits(Quantizer):
    """alpha * clip(round(x * 2**n / 2**integer), ...) * 2**integer / 2**n, with n bits besides the sign."""

    bits: int = option(8, whole(1))
    integer: int = option(0, whole(-64))
    symmetric: bool = option(False, flag)
    keep_negative: bool = option(True, flag)
    alpha: Alpha | None = option(None, alpha)
    use_stochastic_rounding: object = option(False, ignored)
    scale_axis: int | tuple[int, ...] | None = option(None, axes)
    qnoise_factor: float = option(1.0, number)
    var_name: object = option(None, ignored)
    use_ste: object = option(True, ignored)
    use_variables: object = option(False, ignored)
    elements_per_scale: int | tuple[int, ...] | None = option(None, axes)
    min_po2_exponent: int | None = option(None, whole(-64))
    max_po2_exponent: int | None = option(None, whole(-64))
    post_training_scale: Array | None = option(None, array)

    def for_kernel(self) -> Quantizer:
        return replace(self, alpha="auto_po2") if self.alpha is None else self

    @property
    def _step(self) -> float:
        return 2.0 ** (self.integer - (self.bits - self.keep_negative))

    @property
    def _is_sign(self) -> bool:
        return self.bits == 1 and self.keep_negative

    def quantize(self, values: Float32) -> QuantizedWeights:
        if isinstance(self.alpha, str):
            return self._quantize_auto(values, self.alpha)
        scale = np.ones(1) if self.alpha is None else float32(self.alpha)
        if self._is_sign:
            return factored(np.where(values >= 0, 1.0, -1.0), scale)
        kind = saturating(self.bits, self.integer + self.keep_negative, self.keep_negative, self.symmetric)
        codes = np.clip(np.rint(values / np.float32(self._step)), kind.min_code, kind.max_code)
        return factored(codes * self._step, scale)

    def _quantize_auto(self, values: Float32, mode: str) -> QuantizedWeights:
        """Symmetric codes, ties away from zero, and a scale from the largest weight of each group."""
        one = np.float32(2.0**self.integer)
        steps = np.float32(2.0 ** (self.bits - self.keep_negative))
        largest = np.float32(2.0 ** (self.bits - 1) - 1)
        x = values / one

        def codes(scale: Float32) -> Float32:
            magnitude = np.floor(np.abs(x) / scale + np.float32(0.5))
            return np.asarray(np.sign(x) * np.where(magnitude < largest, magnitude, largest), np.float32)

        if self.post_training_scale is not None:
            scale = self.post_training_scale.astype(np.float32) / steps
        else:
            groups = self._groups()
            shared = groups.shared_axes(x.ndim) if x.ndim > 1 else None
            scale = np.max(np.abs(x), axis=shared, keepdims=True) * np.float32(2) / (2 * largest)
            if mode == "auto_po2":
                scale = power_of_two(scale)
                for _ in range(_AUTO_ROUNDS):
                    scale = groups.least_squares(x, codes(scale), po2=True)
        return factored(codes(scale) * self._step, scale * steps)

    def _groups(self) -> ScaleGroups:
        return ScaleGroups(
            self.scale_axis, self.elements_per_scale, self.min_po2_exponent, self.max_po2_exponent
        )

    def activation(self, use: Use) -> str:
        source = (use.source,)
        if self._is_sign:
            return add_scaled(use, lambda name: Threshold(name, source), self.alpha)
        kind = saturating(self.bits, self.integer + self.keep_negative, self.keep_negative, self.symmetric)
        return add_scaled(use, lambda name: Quantize(name, source, kind), self.alpha)


@quantizer("quantized_linear")
@dataclass(frozen=True, eq=False)
class QuantizedLinear(Quantizer):
    """round(clip(x / step)) * step with step = alpha * 2**(integer - bits + keep_negative)."""

    bits: int = option(8, whole(1))
    integer: int = option(0, whole(-64))
    symmetric: bool = option(True, flag)
    keep_negative: bool = option(True, flag)
    alpha: Alpha | None = option(None, alpha)
    use_stochastic_rounding: object = option(False, ignored)
    scale_axis: int | tuple[int, ...] | None = option(None, axes)
    qnoise_factor: float = option(1.0, number)
    var_name: object = option(None, ignored)
    use_variables: object = option(False, ignored)

    def for_kernel(self) -> Quantizer:
        return replace(self, alpha="auto_po2", symmetric=True) if self.alpha is None else self

    @property
    def _unit(self) -> float:
        return 2.0 ** (self.integer - self.bits + self.keep_negative)

    @property
    def _is_sign(self) -> bool:
        return self.bits == 1 and self.keep_negative

    @property
    def _bounds(self) -> tuple[float, float]:
        if self._is_sign:
            return -0.5, 0.5
        top = 2.0 ** (self.bits - self.keep_negative)
        return (self.symmetric - top if self.keep_negative else 0.0), top - 1

    def _codes(self, x: Float32, step: Float32) -> Float32:
        if self._is_sign:
            return np.asarray(np.where(x >= 0, 0.5, -0.5), np.float32)
        return np.asarray(np.rint(np.clip(x / step, *map(np.float32, self._bounds))), np.float32)

    def quantize(self, values: Float32) -> QuantizedWeights:
        if isinstance(self.alpha, str):
            step = self._auto_step(values, self.alpha)
        else:
            factor = np.float32(1) if self.alpha is None else self.alpha.astype(np.float32)
            step = np.asarray(factor * np.float32(self._unit), np.float32)
        return factored(self._codes(values, step), step)

    def _auto_step(self, x: Float32, mode: str) -> Float32:
        """The smallest step that clips no weight of its group, or a power of two improved from there."""
        groups = ScaleGroups(self.scale_axis)
        low, high = self._bounds
        magnitude = np.abs(x) * np.float32(2) if self.keep_negative else x
        largest = np.max(magnitude, axis=groups.shared_axes(x.ndim), keepdims=True)
        step = np.maximum(largest / np.float32(high - low), EPSILON)
        if mode == "auto":
            return np.asarray(step, np.float32)

        def improve(step: Float32) -> Float32:
            return groups.least_squares(x, self._codes(x, step), po2=True)

        return settle(power_of_two(step), improve, 1 if self._is_sign else _AUTO_ROUNDS)

    def activation(self, use: Use) -> str:
        scale = self.alpha
        if isinstance(scale, str) or scale is None or self._is_sign:
            return self._add(use, use.source, scale)
        inverse = use.builder.unique(f"{use.name}/unscale")
        source = use.builder.add(Affine(inverse, (use.source,), 1 / without_batch(use, scale)))
        return self._add(use, source, scale)

    def _add(self, use: Use, source: str, scale: Alpha | None) -> str:
        if self._is_sign:
            values = np.array([-0.5, 0.5]) * self._unit
            return add_scaled(use, lambda name: Threshold(name, (source,), values=values), scale)
        kind = saturating(self.bits, self.integer + self.keep_negative, self.keep_negative, self.symmetric)
        return add_scaled(use, lambda name: Quantize(name, (source,), kind), scale)
