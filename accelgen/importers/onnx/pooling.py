"""Pooling, and reductions over axes."""

from __future__ import annotations

from math import prod
from typing import Any

from accelgen.importers.onnx.op import Op, converts
from accelgen.importers.onnx.values import Tensor
from accelgen.importers.onnx.windows import Window
from accelgen.ir import Pool, PoolKind, Reshape


@converts("MaxPool", "AveragePool")
def _pool(op: Op) -> Tensor:
    x = op.channels_last(op.tensor())
    spatial = x.sizes[:-1]
    size = op.integers("kernel_shape")
    if size is None:
        raise op.error("kernel_shape is missing")
    window = Window.of(op, size, spatial)
    if any(step != 1 for step in window.dilation):
        raise op.unsupported(f"dilations {window.dilation}; pooling is supported without")
    average = op.raw.op_type == "AveragePool"
    count_padding = bool(op.integer("count_include_pad", 0))
    padding = window.rounded_up(spatial)
    if average and count_padding and padding != window.padding:
        raise op.unsupported("ceil_mode together with count_include_pad; one of them is supported")
    name = op.add(
        Pool,
        x,
        kind=PoolKind.AVERAGE if average else PoolKind.MAX,
        size=size,
        strides=window.strides,
        padding=padding,
        count_padding=count_padding,
    )
    return Tensor(name, (1, x.shape[1], *op.builder.shapes[name][:-1]), x.axes)


@converts("GlobalAveragePool", "GlobalMaxPool")
def _global_pool(op: Op) -> Tensor:
    x = op.channels_last(op.tensor())
    kind = PoolKind.AVERAGE if op.raw.op_type == "GlobalAveragePool" else PoolKind.MAX
    return _pool_all(op, x, tuple(range(2, len(x.shape))), kind)


_REDUCTIONS = {"ReduceMean": PoolKind.AVERAGE, "ReduceMax": PoolKind.MAX, "ReduceSum": PoolKind.SUM}


@converts(*_REDUCTIONS)
def _reduce(op: Op) -> Tensor:
    x = op.tensor()
    rank = len(x.shape)
    axes = op.integers_from("axes", 1)
    if not axes:
        if op.integer("noop_with_empty_axes", 0):
            return x
        axes = tuple(range(rank))
    axes = op.axes(axes, rank)
    result = _pool_all(op, x, tuple(axis for axis in axes if x.shape[axis] > 1), _REDUCTIONS[op.raw.op_type])
    return result if op.integer("keepdims", 1) else squeezed(op, result, axes)


def _pool_all(op: Op, x: Tensor, axes: tuple[int, ...], kind: PoolKind) -> Tensor:
    """``x`` reduced over all of ``axes``, which stay with size 1."""
    if not axes:
        return x
    kept = tuple(axis for axis in x.axes if axis not in axes)
    x = op.arranged(x, (*axes, *kept))
    size = tuple(x.shape[axis] for axis in axes)
    channels = prod(x.shape[axis] for axis in kept)
    if len(axes) > 2 or len(kept) != 1:
        size = (prod(size),)
        x = Tensor(op.add(Reshape, x, suffix="/rows", shape=(*size, channels)), x.shape, x.axes)
    fields: dict[str, Any] = {"kind": kind, "size": size, "strides": size, "padding": ((0, 0),) * len(size)}
    pooled = Tensor(op.add(Pool, x, **fields), x.shape, x.axes)
    shape = tuple(1 if axis in axes else length for axis, length in enumerate(x.shape))
    sizes = tuple(shape[axis] for axis in kept)
    return Tensor(op.add(Reshape, pooled, suffix="/squeeze", shape=sizes), shape, kept)


def squeezed(op: Op, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """``x`` without ``axes``, which are of size 1."""
    if any(x.shape[axis] != 1 for axis in axes):
        raise op.error(f"axes {axes} of a tensor of shape {x.shape} are not all of size 1")
    x = op.arranged(x, tuple(axis for axis in x.axes if axis not in axes))
    left = [axis for axis in range(len(x.shape)) if axis not in axes]
    return Tensor(x.node, tuple(x.shape[axis] for axis in left), tuple(map(left.index, x.axes)))
