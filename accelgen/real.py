"""Evaluates a `Network` in real numbers (float64): what it computes before anything is put on a grid.

Casts that the network itself holds (`Quantize`, `QuantizeArray`, `Threshold`) act here too, so that for a
quantized network this is what its framework computes, without float32's noise. Calibration and the error
figures of float networks come from here; the hardware's own arithmetic is `accelgen.reference`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce, singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen import reference
from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    Dot,
    EinsumDense,
    Embedding,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Network,
    Node,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    QuantizeArray,
    Recurrent,
    Relu,
    Reshape,
    Softmax,
    Threshold,
    Transpose,
    Unary,
    UpSample,
)
from accelgen.ir.fixed import FixedArray, from_real
from accelgen.ir.functions import evaluate as real_function
from accelgen.ir.recurrent import before_steps, run

Real = npt.NDArray[np.float64]


def evaluate(
    network: Network,
    inputs: Mapping[str, npt.NDArray[Any]],
    *,
    keep: Iterable[str] | None = None,
    batch: int = 256,
) -> dict[str, Real]:
    """The results (n, *shape) of the nodes ``keep`` (the outputs, unless said otherwise), in float64."""
    wanted = tuple(network.outputs if keep is None else keep)
    needed = network.ancestors(wanted)
    samples = next(iter(inputs.values())).shape[0]
    parts: list[dict[str, Real]] = []
    for start in range(0, max(samples, 1), batch):
        values: dict[str, Real] = {}
        for node in (node for node in network if node.name in needed):
            if isinstance(node, Input):
                chunk = np.asarray(inputs[node.name][start : start + batch], np.float64)
                values[node.name] = chunk if node.type is None else from_real(chunk, node.type).values
            else:
                values[node.name] = apply(node, [values[source] for source in node.inputs])
        parts.append({name: values[name] for name in wanted})
    return {name: np.concatenate([part[name] for part in parts]) for name in wanted}


@singledispatch
def apply(node: Node, inputs: Sequence[Real]) -> Real:
    """One node's result on real numbers of shape (n, *shape)."""
    raise NotImplementedError(type(node).__name__)


def _without_constants(node: Node, inputs: Sequence[Real]) -> Real:
    """What moves or selects numbers does so alike for codes: the golden model's own function is used."""
    arrays = [FixedArray(values, 0, 1) for values in inputs]
    return np.asarray(reference.apply(node, arrays).codes, np.float64)


for _kind in (Concatenate, Reshape, Transpose, Pad, UpSample):
    apply.register(_kind)(_without_constants)


def _plus(values: Real, bias: Real | None) -> Real:
    return values if bias is None else values + bias


@apply.register
def _(node: Dense, inputs: Sequence[Real]) -> Real:
    return _plus(inputs[0] @ node.weight, node.bias)


@apply.register
def _(node: EinsumDense, inputs: Sequence[Real]) -> Real:
    return _plus(np.asarray(np.einsum(reference.batched(node.equation), inputs[0], node.weight)), node.bias)


@apply.register
def _(node: Conv, inputs: Sequence[Real]) -> Real:
    return _plus(reference.convolve(node, inputs[0], node.weight), node.bias)


@apply.register
def _(node: DepthwiseConv, inputs: Sequence[Real]) -> Real:
    return _plus(reference.convolve_depthwise(node, inputs[0], node.weight), node.bias)


@apply.register
def _(node: Affine, inputs: Sequence[Real]) -> Real:
    return inputs[0] * node.scale + node.bias


@apply.register
def _(node: Quantize, inputs: Sequence[Real]) -> Real:
    return from_real(inputs[0], node.type).values


@apply.register
def _(node: QuantizeArray, inputs: Sequence[Real]) -> Real:
    (x,) = inputs
    result = np.zeros(x.shape)
    for chosen, kind in node.casts(x.shape[1:]):
        result[:, chosen] = from_real(x[:, chosen], kind).values
    return result


@apply.register
def _(node: Threshold, inputs: Sequence[Real]) -> Real:
    (x,) = inputs
    reached = np.zeros(x.shape, np.int64)
    for level in range(node.thresholds.shape[-1]):
        edge = node.thresholds[..., level]
        reached += (x >= edge) if node.inclusive else (x > edge)
    return np.asarray(node.value_of(reached))


@apply.register
def _(node: Relu, inputs: Sequence[Real]) -> Real:
    (x,) = inputs
    result = np.where(x > 0, x, x * node.negative_slope)
    return result if node.upper is None else np.minimum(result, node.upper)


@apply.register
def _(node: Clip, inputs: Sequence[Real]) -> Real:
    return np.clip(inputs[0], node.low, node.high)


@apply.register
def _(node: Unary, inputs: Sequence[Real]) -> Real:
    result = real_function(node.function, node.parameters, inputs[0])
    return result if node.type is None else from_real(result, node.type).values


@apply.register
def _(node: Lookup, inputs: Sequence[Real]) -> Real:
    codes = from_real(inputs[0], node.index).codes.astype(np.int64)
    return np.asarray(node.values[codes % node.values.size])


@apply.register
def _(node: Softmax, inputs: Sequence[Real]) -> Real:  # noqa: ARG001 (the type is for hardware)
    (x,) = inputs
    powers = np.exp(x - x.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


@apply.register
def _(node: Pool, inputs: Sequence[Real]) -> Real:
    (x,) = inputs
    rank = len(node.size)
    fill = -np.inf if node.kind is PoolKind.MAX else 0.0
    axes = tuple(range(-rank, 0))
    geometry = (node.size, node.strides, node.padding, (1,) * rank)
    windows = reference.windows_of(x, *geometry, fill=fill)
    if node.kind is PoolKind.MAX:
        return np.asarray(windows.max(axes))
    if node.kind is PoolKind.SUM:
        return np.asarray(windows.sum(axes))
    return np.asarray(windows.sum(axes) / pool_counts(node, x.shape[1:]))


def pool_counts(node: Pool, shape: tuple[int, ...]) -> Real:
    """By how much an average divides at each position: (*positions, 1)."""
    rank = len(node.size)
    if node.count_padding:
        counted = np.ones((1, *(n + sum(pads) for n, pads in zip(shape, node.padding, strict=False)), 1))
        padding: tuple[tuple[int, int], ...] = ((0, 0),) * rank
    else:
        counted, padding = np.ones((1, *shape[:-1], 1)), node.padding
    windows = reference.windows_of(counted, node.size, node.strides, padding, (1,) * rank)
    return np.asarray(windows.sum(tuple(range(-rank, 0)))[0])


_MERGES: dict[MergeKind, Callable[[Real, Real], Real]] = {
    MergeKind.ADD: np.add,
    MergeKind.SUBTRACT: np.subtract,
    MergeKind.MULTIPLY: np.multiply,
    MergeKind.AVERAGE: np.add,
    MergeKind.MAXIMUM: np.maximum,
    MergeKind.MINIMUM: np.minimum,
}


@apply.register
def _(node: Merge, inputs: Sequence[Real]) -> Real:
    arrays = reference.same_rank([FixedArray(values, 0, 1) for values in inputs])
    result = reduce(_MERGES[node.kind], [np.asarray(array.codes, np.float64) for array in arrays])
    return result / len(inputs) if node.kind is MergeKind.AVERAGE else result


@apply.register
def _(node: Dot, inputs: Sequence[Real]) -> Real:
    return np.asarray(reference.contract(node, *inputs))


@apply.register
def _(node: Embedding, inputs: Sequence[Real]) -> Real:
    rows = np.clip(inputs[0].astype(np.int64), 0, node.table.shape[0] - 1)
    return np.asarray(node.table[rows])


@apply.register
def _(node: Recurrent, inputs: Sequence[Real]) -> Real:
    (x,) = inputs
    results = run_real(node, x, apply)
    return np.stack(results, 1) if node.return_sequences else results[0]


def run_real(node: Recurrent, x: Real, apply: Callable[[Node, Sequence[Real]], Real]) -> list[Real]:
    """A recurrent layer's results (n, units) over the steps of ``x`` (n, steps, n_in), by ``apply``."""
    known = before_steps(node, x, apply)
    sequence = [{name: values[:, step] for name, values in known.items()} for step in range(x.shape[1])]
    return run(node, sequence, lambda shape: np.zeros((x.shape[0], *shape)), apply)
