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
    is_power_of_two,
    number,
    option,
    quantizer,
    saturating,
    whole,
)
from accelgen.importers.keras.quantizers.scales import EPSILON, ScaleGroups, axes, power_of_two, settle
from accelgen.importers.keras.quantizers.steps import mirrored, steps_of
from accelgen.ir import Node, Quantize, Threshold
from accelgen.ir.nodes import Array

_AUTO_ROUNDS = 5
"""How often qkeras improves an "auto_po2" scale."""
_MAX_THRESHOLD_BITS = 10


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
        source = (use.source,)
        scale = np.ones(1) if self.alpha is None else self.alpha
        if self._is_sign:
            values = np.array([-0.5, 0.5]) * self._unit
            return add_scaled(use, lambda name: Threshold(name, source, values=values), scale)
        if isinstance(scale, str):
            return add_scaled(use, Node, scale)
        if scale.size == 1 and is_power_of_two(scale) and scale.item() > 0:
            shift = self.integer + int(np.log2(scale.item()))
            kind = saturating(self.bits, shift + self.keep_negative, self.keep_negative, self.symmetric)
            return use.builder.add(Quantize(use.name, source, kind))
        step = np.asarray(scale.astype(np.float32) * np.float32(self._unit), np.float32)
        edges, values = self._thresholds(use, step)
        return add_scaled(use, lambda name: Threshold(name, source, edges, values), step.astype(np.float64))

    def _thresholds(self, use: Use, step: Float32) -> tuple[Array, Array]:
        """Where the codes change, for each step; and the codes.

        A number is divided by the step in float32, where quotients next to a half become that half.
        """
        channels = use.builder.shapes[use.source][-1]
        if self.bits > _MAX_THRESHOLD_BITS or step.size not in (1, channels) or np.any(step <= 0):
            raise self.layer.unsupported(
                "quantized_linear of activations is supported with a power of two as alpha, or up to "
                f"{_MAX_THRESHOLD_BITS} bits with one positive alpha or one for each channel"
            )
        low, high = (int(bound) for bound in self._bounds)
        reach = max(-low, high)
        edges = []
        for one in step.ravel():
            rising = _code_edges(one, reach)
            edges.append(np.concatenate([mirrored(rising[:-low] if low else rising[:0]), rising[:high]]))
        codes = np.arange(low, high + 1, dtype=np.float64)
        return (edges[0] if step.size == 1 else np.stack(edges)), codes


def _code_edges(step: np.float32, codes: int) -> Array:
    """The smallest positive numbers that divided by ``step`` round to 1, 2 ... ``codes``."""

    def code(x: Float32) -> Float32:
        return np.asarray(np.rint(np.minimum(x / step, np.float32(codes))), np.float32)

    return steps_of(code)[0]
