"""HGQ2's layers: those of Keras with quantizers on their inputs, variables and results.

Semantics are those of hgq2 0.2.0 at inference, its own peculiarities included. Constants are computed in
float32, as the framework does, for a weight next to a rounding step to fall on the same side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import log2, prod

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_activation
from accelgen.importers.keras.core import Array, Constants, Rule, conv, dense
from accelgen.importers.keras.einsum import einsum_dense
from accelgen.importers.keras.graph import HGQ
from accelgen.importers.keras.hgq2_quantizers import numbered, read_quantizer
from accelgen.importers.keras.layer import CONVERTERS, Converter, KerasLayer, RawArray, converts
from accelgen.importers.keras.reductions import axes_of, reduce_axes
from accelgen.ir import Affine, Merge, MergeKind, PoolKind

_BACKEND_EPSILON = 1e-7
"""keras.config.epsilon(), which QEinsumDenseBatchnorm takes instead of its own option."""


def quantized(convert: Converter) -> Converter:
    """The converter of layers that compute what ``convert`` does between quantizers of inputs and result."""

    def with_quantizers(layer: KerasLayer, builder: Builder) -> str:
        inputs = quantized_inputs(layer, builder)
        return quantized_result(layer, builder, convert(replace(layer, inputs=inputs), builder))

    return with_quantizers


def quantized_inputs(layer: KerasLayer, builder: Builder) -> tuple[str, ...]:
    """The nodes of the layer's quantized inputs: ``<layer>/iq``, or ``iq0``, ``iq1`` ... of several."""
    if not layer.flag("enable_iq", True):
        return layer.inputs
    if "iq_confs" not in layer.config:
        config = layer.config.get("iq_conf")
        return (add_quantizer(layer, builder, config, "iq", layer.only_input),)
    configs = layer.config["iq_confs"]
    if not isinstance(configs, list) or len(configs) != len(layer.inputs):
        raise layer.error(f"it has {len(layer.inputs)} inputs and not as many input quantizers")
    nodes = []
    for number, (config, source) in enumerate(zip(configs, layer.inputs, strict=True)):
        path = f"iq/quantizers/quantizer{f'_{number}' if number else ''}"
        nodes.append(add_quantizer(layer, builder, config, path, source, f"iq{number}"))
    return tuple(nodes)


def quantized_result(layer: KerasLayer, builder: Builder, result: str) -> str:
    """``<layer>/oq``, the quantizer of node ``result``, where the layer has one."""
    if not layer.flag("enable_oq", False):
        return result
    return add_quantizer(layer, builder, layer.config.get("oq_conf"), "oq", result)


def add_quantizer(
    layer: KerasLayer, builder: Builder, config: object, path: str, source: str, suffix: str | None = None
) -> str:
    """Add the quantizer with variables at ``path`` as ``<layer>/<suffix>`` (by default the path)."""
    quantizer = read_quantizer(layer, config, path)
    if quantizer is None:
        return source
    name = builder.unique(f"{layer.name}/{path if suffix is None else suffix}")
    return quantizer.add(layer, builder, name, source)


def _quantized_constant(layer: KerasLayer, values: Array, option: str, path: str) -> Array:
    quantizer = read_quantizer(layer, layer.config.get(option), path)
    return values if quantizer is None else quantizer.constants(values)


def _quantized_constants(layer: KerasLayer, constants: Constants) -> Constants:
    """The rule of layers with a kernel and a bias."""
    kernel = _quantized_constant(layer, constants.kernel, "kq_conf", "kq")
    bias = constants.bias
    if bias is not None:
        bias = _quantized_constant(layer, bias, "bq_conf", "bq")
    return Constants(kernel, bias)


def _own_arrays(layer: KerasLayer) -> list[RawArray]:
    """The layer's own variables but for the scalars in which HGQ2 counts operations."""
    return [array.astype(np.float32) for array in numbered(layer) if array.ndim > 0]


def _scale_mean(layer: KerasLayer, first: int, epsilon: float) -> tuple[RawArray, RawArray]:
    """Batch normalization's gamma / sqrt(variance + epsilon), and mean, after ``first`` other variables.

    Whether there is a gamma shows in their number alone: QEinsumDenseBatchnorm does not save its ``scale``.
    """
    arrays = _own_arrays(layer)[first:]
    if len(arrays) not in (2, 3) or len({array.shape for array in arrays}) != 1:
        raise layer.error("the weights file holds no batch normalization for it")
    if not all(np.isfinite(array).all() for array in arrays) or (arrays[-1] + epsilon <= 0).any():
        raise layer.error("its batch normalization is not finite, or its variance not positive")
    *gamma, mean, variance = arrays
    scale = (gamma[0] if gamma else np.float32(1)) / np.sqrt(variance + epsilon)
    return scale, mean


def _epsilon(layer: KerasLayer) -> float:
    return layer.number("epsilon", 1e-3)


def _normalized_input(layer: KerasLayer, constants: Constants) -> Constants:
    """The rule of QBatchNormDense, which normalizes inputs, and puts their mean through the bare kernel."""
    kernel = constants.kernel.astype(np.float32)
    scale, mean = _scale_mean(layer, 2, _epsilon(layer))
    bias = _bias_of(layer, constants) - mean @ kernel
    return _quantized_constants(layer, _as_float64(scale[:, None] * kernel, bias))


def _normalized_einsum(layer: KerasLayer, constants: Constants) -> Constants:
    """The rule of QEinsumDenseBatchnorm, which normalizes the result along its ``normalize_axes``."""
    kernel, bias = constants.kernel.astype(np.float32), _bias_of(layer, constants)
    weight_axes, _, result_axes = layer.text("equation").replace(" ", "").partition(",")[2].partition("->")
    bias_axes = layer.text("bias_axes")
    axes = layer.text("normalize_axes", bias_axes)
    if not set(axes) <= set(weight_axes) & set(bias_axes) & set(result_axes):
        raise layer.error(f"normalize_axes {axes!r:.40} are no axes of its kernel, bias and result")
    scale, mean = _scale_mean(layer, 2, _BACKEND_EPSILON)
    sizes = dict(zip(weight_axes, kernel.shape, strict=True))
    if mean.shape != tuple(sizes[axis] for axis in result_axes if axis in axes):
        raise layer.unsupported(
            f"it normalizes other axes than its bias' {axes!r:.40}, and HGQ2 0.2 does not save which"
        )
    in_kernel = "".join(axis for axis in weight_axes if axis in axes)
    scaled = np.einsum(f"{weight_axes},{in_kernel}->{weight_axes}", kernel, scale)
    letters = result_axes.replace("...", "")
    elided = bias.ndim - len(letters[min(map(letters.index, bias_axes)) :])
    last = letters[min(map(letters.index, axes)) :]
    offset = (-mean * scale).reshape([sizes[axis] if axis in axes else 1 for axis in last] + [1] * elided)
    return _quantized_constants(layer, _as_float64(scaled, bias + offset))


def _bias_of(layer: KerasLayer, constants: Constants) -> RawArray:
    if constants.bias is None:
        raise layer.error("it has no bias, which its batch normalization needs")
    return constants.bias.astype(np.float32)


def _as_float64(kernel: RawArray, bias: RawArray) -> Constants:
    return Constants(kernel.astype(np.float64), bias.astype(np.float64))


_CONVERTERS: dict[str, Callable[[Rule], Converter]] = {
    "QDense": dense,
    "QEinsumDense": einsum_dense,
    "QConv1D": lambda rule: conv(1, rule),
    "QConv2D": lambda rule: conv(2, rule),
}
for _name, _make in _CONVERTERS.items():
    converts(HGQ + _name)(quantized(_make(_quantized_constants)))
converts(HGQ + "QBatchNormDense")(quantized(dense(_normalized_input)))
converts(HGQ + "QEinsumDenseBatchnorm")(quantized(einsum_dense(_normalized_einsum)))


@converts(HGQ + "QBatchNormalization")
@quantized
def _batch_normalization(layer: KerasLayer, builder: Builder) -> str:
    """``x * kq(scale) + bq(beta - mean * scale)``; where ``center`` is off, HGQ2 0.2 takes a beta of 1."""
    source = layer.only_input
    shape = builder.shapes[source]
    axis = layer.axis("axis", len(shape))
    arrays = _own_arrays(layer)
    beta: RawArray | np.float32 = np.float32(1)
    if layer.flag("center", True):
        position = int(layer.flag("scale", True))
        if len(arrays) <= position:
            raise layer.error("the weights file holds no beta for it")
        beta = arrays.pop(position)
    weights = {f"vars/{number}": array for number, array in enumerate(arrays)}
    scale, mean = _scale_mean(replace(layer, weights=weights), 0, _epsilon(layer))
    if scale.shape != (shape[axis],):
        raise layer.error(f"a batch normalization of shape {scale.shape}, expected {(shape[axis],)}")
    constants = _quantized_constants(layer, _as_float64(scale, beta - mean * scale))
    along = (-1, *(1,) * (len(shape) - 1 - axis))
    bias = np.zeros(1) if constants.bias is None else constants.bias.reshape(along)
    return builder.add(Affine(layer.name, (source,), constants.kernel.reshape(along), bias))


@converts(HGQ + "Quantizer")
def _quantizer(layer: KerasLayer, builder: Builder) -> str:
    quantizer = read_quantizer(layer, layer.config.get("config"), "")
    return (
        layer.only_input if quantizer is None else quantizer.add(layer, builder, layer.name, layer.only_input)
    )


def _like(class_name: str) -> Converter:
    """The converter of layers that do what a layer of Keras does between their quantizers."""
    return quantized(lambda layer, builder: CONVERTERS[class_name](layer, builder))


for _name in (
    *("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Dot"),
    *(
        f"{kind}Pooling{rank}D"
        for kind in ("Max", "Average", "GlobalMax", "GlobalAverage")
        for rank in (1, 2)
    ),
):
    converts(f"{HGQ}Q{_name}")(_like(_name))


@converts(HGQ + "QAveragePow2")
@quantized
def _average(layer: KerasLayer, builder: Builder) -> str:
    total = builder.add(Merge(builder.unique(f"{layer.name}/sum"), layer.inputs, MergeKind.ADD))
    scale = _power_of_two(1 / len(layer.inputs))
    return builder.add(Affine(layer.name, (total,), np.array([scale])))


@converts(HGQ + "QSum", HGQ + "QMeanPow2")
@quantized
def _sum(layer: KerasLayer, builder: Builder) -> str:
    """The sum over ``axes`` times ``scale``, which QMeanPow2 takes next to one over the number of terms."""
    source = layer.only_input
    shape = builder.shapes[source]
    axes = axes_of(layer, "axes", len(shape))
    if layer.class_name == HGQ + "QSum":
        scale = layer.number("scale", 1.0)
    else:
        scale = _power_of_two(1 / prod(shape[axis] for axis in axes))
    keepdims = layer.flag("keepdims", False)
    if scale == 1:
        return reduce_axes(builder, layer.name, source, PoolKind.SUM, axes, keepdims)
    total = reduce_axes(builder, builder.unique(f"{layer.name}/sum"), source, PoolKind.SUM, axes, keepdims)
    return builder.add(Affine(layer.name, (total,), np.array([scale])))


def _power_of_two(number: float) -> float:
    return float(2.0 ** round(log2(number)))


@converts(HGQ + "QAffinedUnaryFunctionLUT", HGQ + "QUnaryFunctionLUT")
@quantized
def _function(layer: KerasLayer, builder: Builder) -> str:
    """A function between two quantizers, which a later pass makes a table of."""
    source = layer.only_input
    if layer.class_name == HGQ + "QAffinedUnaryFunctionLUT":
        scale, bias = (layer.weight(name, number, (1,)) for number, name in enumerate(("scale", "bias")))
        source = builder.add(Affine(builder.unique(f"{layer.name}/affine"), (source,), scale, bias))
    return add_activation(layer, builder, layer.name, source, layer.config.get("activation"))
