"""MatMul, Gemm, Conv and BatchNormalization."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from accelgen.importers.onnx.op import Op, converts
from accelgen.importers.onnx.values import Constant, Tensor
from accelgen.importers.onnx.windows import Window
from accelgen.ir import Conv, Dense, DepthwiseConv
from accelgen.ir.nodes import Array


@converts("MatMul")
def _matmul(op: Op) -> Tensor:
    left, right = op.value(0), op.value(1)
    if isinstance(left, Tensor) and isinstance(right, Constant):
        return _dense(op, left, _matrix(op, op.constant(1)))
    if isinstance(left, Constant) and isinstance(right, Tensor):
        swap = (*range(len(right.shape) - 2), len(right.shape) - 1, len(right.shape) - 2)
        if len(swap) < 2:
            raise op.unsupported("a constant matrix times a vector; write it as vector times matrix")
        result = _dense(op, right.transposed(swap), _matrix(op, op.constant(0)).transposed((1, 0)))
        return result.transposed(swap)
    raise op.unsupported("a product of two computed tensors; one factor must be a constant")


def _matrix(op: Op, weight: Constant) -> Constant:
    """A constant of two axes, or of more where the others are of size 1."""
    shape = weight.codes.shape
    if len(shape) < 2 or prod(shape[:-2]) != 1:
        raise op.unsupported(f"a weight of shape {shape}; matrices are supported")
    return weight if len(shape) == 2 else weight.reshaped(shape[-2:])


def _dense(op: Op, x: Tensor, weight: Constant, bias: Array | None = None) -> Tensor:
    """``x @ weight + bias`` over the last ONNX axis; a real scale of the weights follows as an affine."""
    n_in, n_out = weight.codes.shape
    last = len(x.shape) - 1
    if not x.shape or x.shape[last] != n_in:
        raise op.error(f"{n_in} inputs expected, the input has shape {x.shape}")
    x = op.arranged(x, (*(axis for axis in x.axes if axis != last), last))
    codes, scale = weight.scale_along(1)
    direct = bias if scale is None else None
    result = Tensor(op.add(Dense, x, weight=codes, bias=direct), (*x.shape[:-1], n_out), x.axes)
    if scale is None:
        return result
    return op.affine(result, scale, 0.0 if bias is None else bias, suffix="/scale")


@converts("Gemm")
def _gemm(op: Op) -> Tensor:
    x, weight = op.tensor(0), op.constant(1)
    if len(x.shape) != 2 or weight.codes.ndim != 2:
        raise op.error(f"matrices expected, the inputs have shapes {x.shape} and {weight.codes.shape}")
    if op.integer("transA", 0):
        x = x.transposed((1, 0))
    if op.integer("transB", 0):
        weight = weight.transposed((1, 0))
    alpha, beta = op.number("alpha", 1.0), op.number("beta", 1.0)
    if alpha != 1:
        weight = Constant(weight.codes * alpha, weight.scale)
    n_out = weight.codes.shape[1]
    if op.given(2) is None:
        return _dense(op, x, weight)
    bias = op.constant(2).reals * beta
    if bias.size in (1, n_out) and bias.shape[-1:] in ((), (1,), (n_out,)):
        return _dense(op, x, weight, np.broadcast_to(bias.reshape(-1), (n_out,)))
    return op.affine(_dense(op, x, weight), 1.0, bias, suffix="/bias")


@converts("Conv")
def _conv(op: Op) -> Tensor:
    weight = op.constant(1)
    rank = weight.codes.ndim - 2
    if rank not in (1, 2):
        raise op.unsupported(f"a weight of shape {weight.codes.shape}; 1D and 2D convolutions are supported")
    x = op.channels_last(op.tensor(0))
    kernel = weight.codes.shape[2:]
    if op.integers("kernel_shape", kernel) != kernel:
        raise op.error(
            f"kernel_shape {op.integers('kernel_shape')} of a weight of shape {weight.codes.shape}"
        )
    window = Window.of(op, kernel, x.sizes[:-1])
    codes, scale = weight.scale_along(0)
    bias = None if op.given(2) is None else op.constant(2).reals
    n_out = weight.codes.shape[0]
    if bias is not None and bias.shape != (n_out,):
        raise op.error(f"a bias of shape {bias.shape} for {n_out} channels")
    groups = op.integer("group", 1)
    name = _add_conv(op, x, codes, bias if scale is None else None, groups, window)
    sizes = op.builder.shapes[name]
    result = Tensor(name, (1, n_out, *sizes[:-1]), x.axes)
    if scale is None:
        return result
    by_channel = (-1, *(1,) * rank)
    offset = np.zeros(1) if bias is None else bias
    return op.affine(result, scale.reshape(by_channel), offset.reshape(by_channel), suffix="/scale")


def _add_conv(op: Op, x: Tensor, weight: Array, bias: Array | None, groups: int, window: Window) -> str:
    """Add the convolution of a weight (n_out, n_in / groups, *kernel) in ONNX order."""
    n_in, n_out = x.sizes[-1], weight.shape[0]
    kernel = tuple(range(2, weight.ndim))
    if groups < 1 or n_out % groups or weight.shape[1] * groups != n_in:
        raise op.error(f"a weight of shape {weight.shape} in {groups} groups for {n_in} channels")
    if window.ceil_mode:
        raise op.error("ceil_mode is no option of a convolution")
    fields: dict[str, Any] = {
        "bias": bias,
        "strides": window.strides,
        "padding": window.padding,
        "dilation": window.dilation,
    }
    if groups == n_in and groups > 1:
        by_channel = weight.reshape(n_in, n_out // n_in, *weight.shape[2:])
        return op.add(DepthwiseConv, x, weight=by_channel.transpose(*kernel, 0, 1), **fields)
    return op.add(Conv, x, weight=weight.transpose(*kernel, 1, 0), groups=groups, **fields)


@converts("BatchNormalization")
def _batch_normalization(op: Op) -> Tensor:
    x = op.tensor(0)
    if len(x.shape) < 2:
        raise op.error(f"an input of shape {x.shape} has no channels")
    if op.integer("training_mode", 0):
        raise op.unsupported("training_mode; export the model for inference")
    gamma, beta, mean, variance = (op.constant(index).reals for index in range(1, 5))
    channels = x.shape[1]
    for values in (gamma, beta, mean, variance):
        if values.shape != (channels,):
            raise op.error(f"a parameter of shape {values.shape} for {channels} channels")
    spread = variance + op.number("epsilon", 1e-5)
    if np.any(spread <= 0):
        raise op.error("a variance is negative")
    scale = gamma / np.sqrt(spread)
    by_channel = (-1, *(1,) * (len(x.shape) - 2))
    return op.affine(x, scale.reshape(by_channel), (beta - mean * scale).reshape(by_channel))
