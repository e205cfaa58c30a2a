"""QKeras' layers: those of Keras with quantized variables, and with batch normalization folded into them.

Semantics are those of qkeras-v3 1.2.1 at inference, which QKeras 0.8 and 0.9 share but for roundings in
float32's last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from accelgen.importers.builder import Builder
from accelgen.importers.keras.activations import add_activation, add_fused_activation
from accelgen.importers.keras.core import Array, Constants, Rule, conv, dense, depthwise, separable
from accelgen.importers.keras.geometry import channels_last_input, pool_window, restore_layout
from accelgen.importers.keras.layer import Converter, KerasLayer, converts
from accelgen.importers.keras.normalization import BatchNormVariables, batch_norm_variables
from accelgen.importers.keras.quantizers import QuantizedWeights, parse_quantizer, quantize_weights
from accelgen.importers.keras.quantizers.base import Float32
from accelgen.importers.keras.quantizers.functions import as_qkeras
from accelgen.ir import Affine, Node, Pool, PoolKind, Reshape


def quantize_variable(
    layer: KerasLayer, option: str, values: Array, *, kernel: bool = False, default: str | None = None
) -> QuantizedWeights:
    """A variable as the layer's quantizer ``option`` makes it; as it is where there is no quantizer.

    Args:
        layer: whose configuration holds the option.
        option: such as "kernel_quantizer".
        values: the variable.
        kernel: whether qkeras gives the quantizer a scale of its own where its alpha is None, as it does for
            kernels (not for biases).
        default: the quantizer where the configuration does not mention the option.

    Raises:
        ModelError: the quantizer is malformed or gives infinite weights.
        UnsupportedError: the quantizer is not converted, or not for weights.
    """
    quantizer = parse_quantizer(layer, layer.config.get(option, default))
    if quantizer is not None and kernel:
        quantizer = quantizer.for_kernel()
    return quantize_weights(layer, values, quantizer)


def _bias(layer: KerasLayer, values: Array | None) -> Array | None:
    return None if values is None else quantize_variable(layer, "bias_quantizer", values).product


def _scaled_per_output(weights: QuantizedWeights, channel_axes: int) -> tuple[Array, Array | None]:
    """The kernel and a factor for each output channel, (n_out,) or None.

    The last ``channel_axes`` axes of the kernel number the output channels. A scale that varies along
    another axis cannot follow the layer, so it stays in the kernel.
    """
    if weights.scale is None:
        return weights.values, None
    if np.any(np.array(weights.scale.shape[:-channel_axes]) != 1):
        return weights.product, None
    channels = weights.values.shape[-channel_axes:]
    scale = weights.scale.reshape(weights.scale.shape[-channel_axes:])
    return weights.values, np.broadcast_to(scale, channels).ravel()


def _quantized(option: str, channel_axes: int = 1) -> Rule:
    def rule(layer: KerasLayer, constants: Constants) -> Constants:
        weights = quantize_variable(layer, option, constants.kernel, kernel=True)
        kernel, scale = _scaled_per_output(weights, channel_axes)
        return Constants(_masked(layer, kernel), _bias(layer, constants.bias), scale)

    return rule


def _masked(layer: KerasLayer, kernel: Array) -> Array:
    """The kernel with the taps removed that QConv2D's option ``mask`` sets to 0."""
    mask = layer.config.get("mask")
    if mask is None:
        return kernel
    taps = np.asarray(mask, np.float64)
    if taps.size != np.prod(kernel.shape[:-2]) or not np.isin(taps, (0.0, 1.0)).all():
        raise layer.error(f"mask is a 0 or 1 for each of the kernel's {kernel.shape[:-2]} taps")
    return kernel * taps.reshape(*kernel.shape[:-2], 1, 1)


def _folded(option: str, channel_axes: int = 1) -> Rule:
    """Batch normalization folded into kernel and bias, which are quantized then.

    Both folding modes come to this at inference. Computed in float32, as the framework does, for a weight
    next to a rounding step to fall on the same side.
    """
    quantized = _quantized(option, channel_axes)

    def rule(layer: KerasLayer, constants: Constants) -> Constants:
        kernel = constants.kernel.astype(np.float32)
        channels = kernel.shape[-channel_axes:]
        own = batch_norm_variables(layer, int(np.prod(channels)), _batch_norm_prefix(layer))
        bias = np.zeros(1) if constants.bias is None else constants.bias
        inverse = _inverse_deviation(own, own.gamma, own.variance)
        folded = inverse * (bias.astype(np.float32) - own.mean.astype(np.float32))
        if own.beta is not None:
            folded = folded + own.beta.astype(np.float32)
        kernel = kernel * inverse.reshape(channels)
        return quantized(layer, Constants(kernel.astype(np.float64), folded.astype(np.float64)))

    return rule


def _inverse_deviation(own: BatchNormVariables, gamma: Array | None, variance: Array) -> Float32:
    """The factor gamma / sqrt(variance + epsilon), with qkeras' order of operations in float32."""
    inverse = np.float32(1) / np.sqrt(variance.astype(np.float32) + np.float32(own.epsilon))
    return np.asarray(inverse if gamma is None else inverse * gamma.astype(np.float32), np.float32)


def _batch_norm_prefix(layer: KerasLayer) -> str:
    """Where the variables of the batch normalization inside a layer lie; no configuration names it."""
    for path in layer.weights:
        scope, slash, name = path.rpartition("/")
        if slash and name == "moving_variance":
            return f"{scope}/"
    return "batchnorm/"


def _with_own_functions(layer: KerasLayer) -> KerasLayer:
    """The layer with an activation whose name means what qkeras makes of it."""
    return replace(layer, config={**layer.config, "activation": as_qkeras(layer.config.get("activation"))})


def _of_qkeras(convert: Converter) -> Converter:
    return lambda layer, builder: convert(_with_own_functions(layer), builder)


for _name, _converter in (
    ("QDense", dense(_quantized("kernel_quantizer"))),
    ("QConv1D", conv(1, _quantized("kernel_quantizer"))),
    ("QConv2D", conv(2, _quantized("kernel_quantizer"))),
    ("QDepthwiseConv2D", depthwise(2, _quantized("depthwise_quantizer", 2))),
    (
        "QSeparableConv1D",
        separable(1, _quantized("depthwise_quantizer", 2), _quantized("pointwise_quantizer")),
    ),
    (
        "QSeparableConv2D",
        separable(2, _quantized("depthwise_quantizer", 2), _quantized("pointwise_quantizer")),
    ),
    ("QDenseBatchnorm", dense(_folded("kernel_quantizer"))),
    ("QConv2DBatchnorm", conv(2, _folded("kernel_quantizer"))),
    ("QDepthwiseConv2DBatchnorm", depthwise(2, _folded("depthwise_quantizer", 2))),
):
    converts(_name)(_of_qkeras(_converter))


@converts("QActivation")
def _activation(layer: KerasLayer, builder: Builder) -> str:
    if layer.config.get("activation") is None:
        raise layer.error("it names no activation")
    activation = as_qkeras(layer.config["activation"])
    return add_activation(layer, builder, layer.name, layer.only_input, activation)


@converts("QAdaptiveActivation")
def _adaptive_activation(layer: KerasLayer, _: Builder) -> str:
    raise layer.unsupported(
        "its type follows the data and qkeras saves too little to restore it; replace it by a QActivation "
        "with the integer bits it has settled on"
    )


@converts("QBatchNormalization")
def _batch_normalization(layer: KerasLayer, builder: Builder) -> str:
    """An affine x * inverse + (beta - mean * inverse) of quantized variables; defaults are qkeras' own."""
    source = layer.only_input
    shape = builder.shapes[source]
    axis = layer.axis("axis", len(shape))
    own = batch_norm_variables(layer, shape[axis])

    def quantized(variable: Array | None, option: str, default: str, kernel: bool = False) -> Array | None:
        if variable is None:
            return None
        return quantize_variable(layer, option, variable, kernel=kernel, default=default).product

    gamma = quantized(own.gamma, "gamma_quantizer", "quantized_relu_po2(6, 2048)", kernel=True)
    beta = quantized(own.beta, "beta_quantizer", "quantized_po2(5)")
    mean = quantize_variable(layer, "mean_quantizer", own.mean, default="quantized_po2(5)").product
    variance = quantize_variable(
        layer,
        "variance_quantizer",
        own.variance,
        kernel=True,
        default="quantized_relu_po2(6, quadratic_approximation=True)",
    ).product
    inverse = quantize_variable(
        layer, "inverse_quantizer", _inverse_deviation(own, gamma, variance).astype(np.float64)
    ).product.astype(np.float32)
    offset = -mean.astype(np.float32) * inverse
    if beta is not None:
        offset = beta.astype(np.float32) + offset
    along = (-1, *(1,) * (len(shape) - 1 - axis))
    scale, bias = (values.astype(np.float64).reshape(along) for values in (inverse, offset))
    return builder.add(Affine(layer.name, (source,), scale, bias))


def _reciprocal(layer: KerasLayer, area: int) -> Array | None:
    """The quantized 1 / area that a pooling layer multiplies sums with; None where it does not quantize."""
    if layer.config.get("average_quantizer") is None:
        return None
    return quantize_variable(layer, "average_quantizer", np.array([1 / area])).product


def _pool(
    layer: KerasLayer, builder: Builder, area: int, make: Callable[[str, PoolKind], Node], whole: bool
) -> str:
    """An average, or with a quantizer sums times the quantized 1 / area.

    Where windows reach over the edge (not ``whole``) the average leaves the padding out, and qkeras
    multiplies that average with the area and the quantized 1 / area.
    """
    reciprocal = _reciprocal(layer, area)
    if reciprocal is None:
        return builder.add(make(layer.name, PoolKind.AVERAGE))
    kind, factor = (PoolKind.SUM, 1) if whole else (PoolKind.AVERAGE, area)
    pooled = builder.add(make(builder.unique(f"{layer.name}/unscaled"), kind))
    return builder.add(Affine(layer.name, (pooled,), reciprocal * factor))


@converts("QAveragePooling2D")
def _average_pooling(layer: KerasLayer, builder: Builder) -> str:
    source = channels_last_input(layer, builder, 2)
    window = pool_window(layer, builder.shapes[source])

    def make(name: str, kind: PoolKind) -> Node:
        return Pool(name, (source,), kind, window.size, window.strides, window.padding)

    whole = not np.any(window.padding)
    result = _pool(layer, builder, int(np.prod(window.size)), make, whole)
    return add_fused_activation(_with_own_functions(layer), builder, restore_layout(layer, builder, result))


@converts("QGlobalAveragePooling2D")
def _global_average_pooling(layer: KerasLayer, builder: Builder) -> str:
    source = channels_last_input(layer, builder, 2)
    shape = builder.shapes[source]

    def make(name: str, kind: PoolKind) -> Node:
        return Pool(name, (source,), kind, shape[:-1], (1, 1), ((0, 0),) * 2)

    result = _pool(layer, builder, shape[0] * shape[1], make, whole=True)
    if layer.flag("keepdims", False):
        result = restore_layout(layer, builder, result)
    else:
        result = builder.add(Reshape(builder.unique(f"{layer.name}/flat"), (result,), shape[-1:]))
    return add_fused_activation(_with_own_functions(layer), builder, result)
