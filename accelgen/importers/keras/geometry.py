"""Windows, padding and axis order of Keras' convolution and pooling layers."""

from __future__ import annotations

from dataclasses import dataclass

from accelgen.importers.builder import Builder
from accelgen.importers.keras.layer import KerasLayer
from accelgen.ir import Transpose
from accelgen.ir.nodes import Pads, Shape


@dataclass(frozen=True)
class Window:
    """A sliding window: its size, steps and explicit zero padding, one entry per spatial axis."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    padding: Pads


def explicit_pads(padding: str, shape: Shape, size: Shape, strides: Shape, dilation: Shape) -> Pads | None:
    """Zeros (before, after) that Keras adds to each spatial axis of ``shape``; None for an unknown mode.

    "same" makes ceil(size / stride) positions, with the odd zero at the end; "causal" puts all zeros in
    front (TensorFlow 2.21, tf.nn.convolution; Keras 3.15, BaseConv._compute_causal_padding).
    """
    taps = [(kernel - 1) * step + 1 for kernel, step in zip(size, dilation, strict=True)]
    if padding == "valid":
        return ((0, 0),) * len(shape)
    if padding == "causal":
        return tuple((tap - 1, 0) for tap in taps)
    if padding != "same":
        return None
    pads = []
    for length, tap, stride in zip(shape, taps, strides, strict=True):
        total = max((-(-length // stride) - 1) * stride + tap - length, 0)
        pads.append((total // 2, total - total // 2))
    return tuple(pads)


def conv_window(layer: KerasLayer, shape: Shape, default_padding: str = "valid") -> Window:
    """The window of a convolution layer over a channels-last input of ``shape`` (without batch).

    Raises:
        ModelError: an option is malformed, or the input has another rank.
    """
    rank = len(shape) - 1
    size = layer.sizes("kernel_size", rank)
    strides = layer.sizes("strides", rank, 1)
    dilation = layer.sizes("dilation_rate", rank, 1)
    return Window(size, strides, dilation, _pads(layer, shape, size, strides, dilation, default_padding))


def pool_window(layer: KerasLayer, shape: Shape) -> Window:
    """The window of a pooling layer over a channels-last input of ``shape``; strides default to its size.

    Raises:
        ModelError: an option is malformed, or the input has another rank.
    """
    rank = len(shape) - 1
    size = layer.sizes("pool_size", rank, 2)
    strides = layer.sizes("strides", rank, 1) if layer.config.get("strides") is not None else size
    dilation = (1,) * rank
    return Window(size, strides, dilation, _pads(layer, shape, size, strides, dilation, "valid"))


def _pads(
    layer: KerasLayer, shape: Shape, size: Shape, strides: Shape, dilation: Shape, default: str
) -> Pads:
    padding = layer.text("padding", default)
    pads = explicit_pads(padding, shape[:-1], size, strides, dilation)
    if pads is None:
        raise layer.error(f"padding is 'valid', 'same' or 'causal', not {padding!r:.50}")
    return pads


def channels_last_input(layer: KerasLayer, builder: Builder, rank: int) -> str:
    """The layer's only input, checked to have ``rank`` spatial axes and a channel axis, channels last.

    A channels-first input gets a Transpose named ``<layer>/channels_last``; `restore_layout` undoes it.

    Raises:
        ModelError: the layer has another number of inputs or the input another rank.
    """
    source = layer.only_input
    shape = builder.shapes[source]
    if len(shape) != rank + 1:
        raise layer.error(f"{rank} spatial axes and channels expected, the input has shape {shape}")
    if not channels_first(layer):
        return source
    permutation = (*range(1, rank + 1), 0)
    return builder.add(Transpose(builder.unique(f"{layer.name}/channels_last"), (source,), permutation))


def restore_layout(layer: KerasLayer, builder: Builder, result: str) -> str:
    """``result``, transposed back where the layer is channels-first; a vector has no layout to restore."""
    rank = len(builder.shapes[result]) - 1
    if not channels_first(layer) or rank < 1:
        return result
    permutation = (rank, *range(rank))
    return builder.add(Transpose(builder.unique(f"{layer.name}/channels_first"), (result,), permutation))


def channels_first(layer: KerasLayer) -> bool:
    """Whether the layer's option ``data_format`` puts the channels before the spatial axes."""
    data_format = layer.text("data_format", "channels_last")
    if data_format not in ("channels_last", "channels_first"):
        raise layer.error(f"data_format is 'channels_last' or 'channels_first', not {data_format!r:.50}")
    return data_format == "channels_first"
