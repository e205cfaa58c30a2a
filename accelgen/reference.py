"""The golden model: evaluates a `Network` in exact integer arithmetic, vectorised over samples.

Every tensor is a `FixedArray` of integer codes. Nothing rounds or overflows but the casts that the
network itself holds, so two evaluations of one network on one input agree in every bit, and so does
hardware that keeps the types that `accelgen.passes.infer_types` derives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import singledispatch
from string import ascii_letters
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import PrecisionError, UsageError
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
    FixedType,
    Input,
    Lookup,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
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
    UpSample,
)
from accelgen.ir.fixed import FLOAT_LIMIT, Codes, FixedArray, align, cast, from_real, hold
from accelgen.ir.grid import fraction_bits, to_fixed
from accelgen.ir.recurrent import before_steps, run
from accelgen.ir.softmax import softmax

Real = npt.NDArray[np.float64]


def quantize_inputs(network: Network, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, FixedArray]:
    """Real inputs (n, *shape) cast to the input types, as the hardware's driver does before sending them.

    Raises:
        UsageError: an input is missing, unknown, misshapen or not finite.
        PrecisionError: an input has no type yet.
    """
    unknown = set(inputs) - {node.name for node in network.inputs}
    if unknown:
        raise UsageError(f"the network has no input named {', '.join(sorted(map(repr, unknown)))}")
    quantized = {}
    for node in network.inputs:
        if node.name not in inputs:
            raise UsageError(f"no data for the input {node.name!r}")
        if node.type is None:
            raise PrecisionError(f"the input {node.name!r} has no type yet")
        values = np.asarray(inputs[node.name])
        if values.shape[1:] != node.shape:
            raise UsageError(
                f"the input {node.name!r} takes {node.shape} a sample, the data are {values.shape[1:]}"
            )
        if values.dtype.kind not in "fiub" or not np.isfinite(values.astype(np.float64)).all():
            raise UsageError(f"the data for the input {node.name!r} are not all finite numbers")
        quantized[node.name] = from_real(values, node.type)
    return quantized


def evaluate(
    network: Network,
    inputs: Mapping[str, FixedArray],
    *,
    keep: Iterable[str] | None = None,
    batch: int = 256,
) -> dict[str, FixedArray]:
    """The results of the nodes ``keep`` (the outputs, unless said otherwise) for ``inputs`` (n, *shape).

    Evaluates ``batch`` samples at a time, so that memory stays bounded for convolutions. Raises
    PrecisionError where a node is not exact yet (see `accelgen.passes.pipeline`).
    """
    wanted = tuple(network.outputs if keep is None else keep)
    samples = next(iter(inputs.values())).codes.shape[0]
    parts: list[dict[str, FixedArray]] = []
    for start in range(0, max(samples, 1), batch):
        chunk = {name: array.with_codes(array.codes[start : start + batch]) for name, array in inputs.items()}
        parts.append(_evaluate_chunk(network, chunk, wanted))
    return {name: _join([part[name] for part in parts]) for name in wanted}


def predict(network: Network, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, Real]:
    """The outputs as real numbers for real inputs (n, *shape), which are quantized first."""
    return {name: array.values for name, array in evaluate(network, quantize_inputs(network, inputs)).items()}


def _join(parts: list[FixedArray]) -> FixedArray:
    limit = max(part.limit for part in parts)
    return FixedArray(np.concatenate([hold(part.codes, limit) for part in parts]), parts[0].fraction, limit)


def _evaluate_chunk(
    network: Network, inputs: Mapping[str, FixedArray], wanted: tuple[str, ...]
) -> dict[str, FixedArray]:
    needed = network.ancestors(wanted)
    nodes = [node for node in network if node.name in needed]
    last_use = {name: index for index, node in enumerate(nodes) for name in (node.name, *node.inputs)}
    values: dict[str, FixedArray] = {}
    for index, node in enumerate(nodes):
        if isinstance(node, Input):
            result = inputs[node.name]
        else:
            result = apply(node, [values[source] for source in node.inputs])
            kind = network.types.get(node.name)
            if kind is not None:
                result = _as_typed(result, kind)
        values[node.name] = result
        for source in node.inputs:
            if last_use[source] == index and source not in wanted:
                values.pop(source, None)
    return {name: values[name] for name in wanted}


def _as_typed(result: FixedArray, kind: FixedType) -> FixedArray:
    """The result on its type's grid, with the limit that the type proves."""
    result = result.at(kind.fraction)
    limit = max(-kind.min_code, kind.max_code, 1)
    return FixedArray(hold(result.codes, limit), result.fraction, limit) if limit < result.limit else result


@singledispatch
def apply(node: Node, inputs: Sequence[FixedArray]) -> FixedArray:  # noqa: ARG001 (overloads use them)
    """One node's exact result for inputs of shape (n, *shape).

    Raises:
        PrecisionError: the node is a real function that no pass has lowered yet.
    """
    raise PrecisionError(
        f"layer {node.name!r} ({type(node).__name__}) has no exact arithmetic; run the passes first"
    )


@dataclass(frozen=True)
class _Constants:
    """A linear node's weight and bias as codes, and the result's fraction."""

    weight: FixedArray
    bias: FixedArray | None
    fraction: int


def _constants(weight: Real, bias: Real | None, x: FixedArray) -> _Constants:
    fixed = to_fixed(weight)
    fraction = x.fraction + fixed.fraction
    if bias is None:
        return _Constants(fixed, None, fraction)
    fraction = max(fraction, fraction_bits(bias))
    return _Constants(fixed, to_fixed(bias, fraction), fraction)


def _linear(
    x: FixedArray,
    weight: Real,
    bias: Real | None,
    fan_in: Codes | float,
    compute: Callable[[Codes, Codes], Codes],
) -> FixedArray:
    """``compute(x, weight) + bias``; ``fan_in`` holds the sums of the weights' magnitudes per result."""
    constants = _constants(weight, bias, x)
    shift = constants.fraction - x.fraction - constants.weight.fraction
    largest = int(np.ceil(np.ldexp(np.max(fan_in, initial=0.0), constants.weight.fraction))) + 1
    limit = (x.limit * largest << shift) + (0 if constants.bias is None else constants.bias.limit)
    codes = compute(hold(x.codes, limit), hold(constants.weight.codes, limit))
    if shift:
        codes = codes * (float(1 << shift) if limit < FLOAT_LIMIT else 1 << shift)
    if constants.bias is not None:
        codes = codes + hold(constants.bias.codes, limit)
    return FixedArray(codes, constants.fraction, limit)


@apply.register
def _(node: Dense, inputs: Sequence[FixedArray]) -> FixedArray:
    return _linear(inputs[0], node.weight, node.bias, np.abs(node.weight).sum(0), np.matmul)


@apply.register
def _(node: EinsumDense, inputs: Sequence[FixedArray]) -> FixedArray:
    equation = batched(node.equation)
    weight, result = node.equation.split(",")[1].split("->")
    fan_in = np.einsum(f"{weight}->{''.join(axis for axis in weight if axis in result)}", np.abs(node.weight))
    return _linear(
        inputs[0], node.weight, node.bias, fan_in, lambda x, w: np.asarray(np.einsum(equation, x, w))
    )


def batched(equation: str) -> str:
    """An `EinsumDense` equation with a batch axis put before its operand and its result."""
    operands, result = equation.split("->")
    operand, weight = operands.split(",")
    batch = next(letter for letter in reversed(ascii_letters) if letter not in equation)
    return f"{batch}{operand},{weight}->{batch}{result}"


def windows_of(
    x: Codes,
    size: tuple[int, ...],
    strides: tuple[int, ...],
    padding: tuple[tuple[int, int], ...],
    dilation: tuple[int, ...],
    fill: float = 0,
) -> Codes:
    """Every window of a channels-last batch: (n, *positions, channels, *size)."""
    if any(pad for pair in padding for pad in pair):
        x = np.pad(x, ((0, 0), *padding, (0, 0)), constant_values=fill)
    spans = tuple((taps - 1) * step + 1 for taps, step in zip(size, dilation, strict=True))
    axes = tuple(range(1, 1 + len(size)))
    windows = np.lib.stride_tricks.sliding_window_view(x, spans, axes)
    steps = tuple(slice(None, None, stride) for stride in strides)
    taps_steps = tuple(slice(None, None, step) for step in dilation)
    index = (slice(None), *steps, slice(None), *taps_steps)
    return windows[index]


@apply.register
def _(node: Conv, inputs: Sequence[FixedArray]) -> FixedArray:
    fan_in = np.abs(node.weight).sum(tuple(range(node.weight.ndim - 1)))
    return _linear(inputs[0], node.weight, node.bias, fan_in, lambda x, w: convolve(node, x, w))


def convolve(node: Conv, x: Codes, weight: Codes) -> Codes:
    """A `Conv` node's sums, without bias, for a batch of numbers of any kind: one matrix product a group."""
    kernel = weight.shape[:-2]
    rank = len(kernel)
    windows = windows_of(x, kernel, node.strides, node.padding, node.dilation)
    n_in, n_out = weight.shape[-2], weight.shape[-1] // node.groups
    matrix = np.moveaxis(weight, -2, 0)
    results = []
    for group in range(node.groups):
        own = np.moveaxis(np.moveaxis(windows, 1 + rank, 0)[group * n_in : (group + 1) * n_in], 0, 1 + rank)
        flat = own.reshape(*own.shape[: 1 + rank], -1)
        results.append(flat @ matrix[..., group * n_out : (group + 1) * n_out].reshape(-1, n_out))
    return results[0] if len(results) == 1 else np.concatenate(results, -1)


@apply.register
def _(node: DepthwiseConv, inputs: Sequence[FixedArray]) -> FixedArray:
    fan_in = np.abs(node.weight).sum(tuple(range(node.weight.ndim - 2)))
    fan_in = fan_in.reshape(-1)
    return _linear(inputs[0], node.weight, node.bias, fan_in, lambda x, w: convolve_depthwise(node, x, w))


def convolve_depthwise(node: DepthwiseConv, x: Codes, weight: Codes) -> Codes:
    """A `DepthwiseConv` node's sums, without bias, for a batch of numbers of any kind."""
    kernel = weight.shape[:-2]
    taps, positions = "abc"[: len(kernel)], "xyz"[: len(kernel)]
    windows = windows_of(x, kernel, node.strides, node.padding, node.dilation)
    products = np.einsum(f"n{positions}i{taps},{taps}im->n{positions}im", windows, weight)
    return np.asarray(products.reshape(*products.shape[:-2], -1))


@apply.register
def _(node: Affine, inputs: Sequence[FixedArray]) -> FixedArray:
    return _linear(inputs[0], node.scale, node.bias, np.abs(node.scale), np.multiply)


@apply.register
def _(node: Quantize, inputs: Sequence[FixedArray]) -> FixedArray:
    return cast(inputs[0], node.type)


@apply.register
def _(node: QuantizeArray, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    parts = [
        (chosen, cast(x.with_codes(x.codes[:, chosen]), kind))
        for chosen, kind in node.casts(x.codes.shape[1:])
    ]
    if not parts:
        return FixedArray(np.zeros(x.codes.shape), 0, 1)
    aligned, fraction = align([part for _, part in parts])
    limit = max(part.limit for part in aligned)
    codes: Codes = hold(np.zeros(x.codes.shape), limit)
    for (chosen, _), part in zip(parts, aligned, strict=True):
        codes[:, chosen] = hold(part.codes, limit)
    return FixedArray(codes, fraction, limit)


@apply.register
def _(node: Threshold, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    edges = threshold_codes(node, x.fraction)
    values = to_fixed(node.values)
    if edges.ndim == 1:
        reached = np.searchsorted(edges, x.codes.ravel(), side="right").reshape(x.codes.shape)
    else:
        reached = np.empty(x.codes.shape, np.int64)
        for channel in range(x.codes.shape[-1]):
            row = edges[channel if edges.shape[0] > 1 else 0]
            reached[..., channel] = np.searchsorted(row, x.codes[..., channel], side="right")
    return values.with_codes(node.value_of(reached, values.codes))


def threshold_codes(node: Threshold, fraction: int) -> Codes:
    """The smallest code on the grid ``2**-fraction`` that reaches each threshold."""
    scaled = np.ldexp(node.thresholds, fraction)
    return np.ceil(scaled) if node.inclusive else np.floor(scaled) + 1


@apply.register
def _(node: Relu, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    if np.any(node.negative_slope):
        below = _linear(x, node.negative_slope, None, np.abs(node.negative_slope), np.multiply)
        (above, below), fraction = align([x, below])
        limit = max(above.limit, below.limit)
        positive, codes = hold(above.codes, limit), hold(below.codes, limit)
        result = FixedArray(np.where(positive > 0, positive, codes), fraction, limit)
    else:
        result = x.with_codes(np.maximum(x.codes, 0))
    return result if node.upper is None else _clip(result, None, node.upper)


def _clip(x: FixedArray, low: float | None, high: float | None) -> FixedArray:
    bounds = [to_fixed(np.array(bound)) for bound in (low, high) if bound is not None]
    (x, *bounds), fraction = align([x, *bounds])
    limit = max(array.limit for array in (x, *bounds))
    codes = hold(x.codes, limit)
    edges = [bound.codes.item() for bound in bounds]
    if low is not None:
        codes = np.maximum(codes, edges.pop(0))
    if high is not None:
        codes = np.minimum(codes, edges.pop(0))
    return FixedArray(codes, fraction, limit)


@apply.register
def _(node: Clip, inputs: Sequence[FixedArray]) -> FixedArray:
    return _clip(inputs[0], node.low, node.high)


@apply.register
def _(node: Lookup, inputs: Sequence[FixedArray]) -> FixedArray:
    values = to_fixed(node.values)
    codes = inputs[0].at(node.index.fraction).codes
    return values.with_codes(values.codes[codes.astype(np.int64) % (1 << node.index.width)])


@apply.register
def _(node: Pool, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    ones = (1,) * len(node.size)
    axes = tuple(range(-len(node.size), 0))
    if node.kind is PoolKind.MAX:
        codes = hold(x.codes, x.limit)
        windows = windows_of(codes, node.size, node.strides, node.padding, ones, fill=-x.limit - 1)
        return x.with_codes(windows.max(axes))
    if node.kind is PoolKind.SUM:
        limit = x.limit * int(np.prod(node.size))
        windows = windows_of(hold(x.codes, limit), node.size, node.strides, node.padding, ones)
        return FixedArray(windows.sum(axes), x.fraction, limit)
    raise PrecisionError(f"layer {node.name!r}: an average has to be lowered to a sum and a scale first")


_MERGES: dict[MergeKind, Callable[[Codes, Codes], Codes]] = {
    MergeKind.ADD: np.add,
    MergeKind.SUBTRACT: np.subtract,
    MergeKind.MAXIMUM: np.maximum,
    MergeKind.MINIMUM: np.minimum,
}


@apply.register
def _(node: Merge, inputs: Sequence[FixedArray]) -> FixedArray:
    inputs = same_rank(inputs)
    if node.kind is MergeKind.MULTIPLY:
        result = inputs[0]
        for other in inputs[1:]:
            limit = result.limit * other.limit
            codes = hold(result.codes, limit) * hold(other.codes, limit)
            result = FixedArray(codes, result.fraction + other.fraction, limit)
        return result
    if node.kind not in _MERGES:
        raise PrecisionError(f"layer {node.name!r}: an average has to be lowered to a sum and a scale first")
    aligned, fraction = align(inputs)
    additive = node.kind in (MergeKind.ADD, MergeKind.SUBTRACT)
    limit = (sum if additive else max)(array.limit for array in aligned)
    codes = hold(aligned[0].codes, limit)
    for other in aligned[1:]:
        codes = _MERGES[node.kind](codes, hold(other.codes, limit))
    return FixedArray(codes, fraction, limit)


def same_rank(inputs: Sequence[FixedArray]) -> list[FixedArray]:
    """Inputs with axes of size 1 put after the batch axis, so that they broadcast sample by sample."""
    rank = max(array.codes.ndim for array in inputs)
    return [
        array.with_codes(
            array.codes.reshape(
                array.codes.shape[0], *(1,) * (rank - array.codes.ndim), *array.codes.shape[1:]
            )
        )
        for array in inputs
    ]


@apply.register
def _(node: Concatenate, inputs: Sequence[FixedArray]) -> FixedArray:
    aligned, fraction = align(inputs)
    limit = max(array.limit for array in aligned)
    axis = node.axis + 1 if node.axis >= 0 else node.axis
    return FixedArray(np.concatenate([hold(array.codes, limit) for array in aligned], axis), fraction, limit)


@apply.register
def _(node: Dot, inputs: Sequence[FixedArray]) -> FixedArray:
    first, second = inputs
    limit = (
        first.limit
        * second.limit
        * first.codes.shape[node.axes[0] + 1 if node.axes[0] >= 0 else node.axes[0]]
    )
    codes = contract(node, hold(first.codes, limit), hold(second.codes, limit))
    return FixedArray(codes, first.fraction + second.fraction, limit)


def contract(node: Dot, first: Codes, second: Codes) -> Codes:
    """A `Dot` node's sums of products for two batches of numbers of any kind."""
    a, b = (axis + 1 if axis >= 0 else axis for axis in node.axes)
    left, right = np.moveaxis(first, a, -1), np.moveaxis(second, b, -1)
    n, length = left.shape[0], left.shape[-1]
    products = left.reshape(n, -1, length) @ right.reshape(n, -1, length).transpose(0, 2, 1)
    return np.asarray(products.reshape(n, *((*left.shape[1:-1], *right.shape[1:-1]) or (1,))))


@apply.register
def _(node: Reshape, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    return x.with_codes(x.codes.reshape(x.codes.shape[0], *node.shape))


@apply.register
def _(node: Transpose, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    return x.with_codes(x.codes.transpose(0, *(axis + 1 for axis in node.permutation)))


@apply.register
def _(node: Pad, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    added = [(max(before, 0), max(after, 0)) for before, after in node.padding]
    codes = np.pad(x.codes, ((0, 0), *added))
    kept = tuple(
        slice(max(-before, 0), size - max(-after, 0))
        for (before, after), size in zip(node.padding, codes.shape[1:], strict=True)
    )
    index = (slice(None), *kept)
    return x.with_codes(codes[index])


@apply.register
def _(node: UpSample, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    codes = x.codes
    for axis, factor in enumerate(node.factors, start=1):
        codes = np.repeat(codes, factor, axis)
    return x.with_codes(codes)


@apply.register
def _(node: Embedding, inputs: Sequence[FixedArray]) -> FixedArray:
    table = to_fixed(node.table)
    whole = cast(inputs[0], FixedType(48, 48, overflow=Overflow.SAT)).codes.astype(np.int64)
    rows = np.clip(whole, 0, node.table.shape[0] - 1)
    return table.with_codes(table.codes[rows])


@apply.register
def _(node: Softmax, inputs: Sequence[FixedArray]) -> FixedArray:
    if node.type is None:
        raise PrecisionError(f"layer {node.name!r} (Softmax) has no result type yet")
    return softmax(inputs[0], node.type)


@apply.register
def _(node: Recurrent, inputs: Sequence[FixedArray]) -> FixedArray:
    (x,) = inputs
    known = before_steps(node, x, apply)
    sequence = [
        {name: array.with_codes(array.codes[:, step]) for name, array in known.items()}
        for step in range(x.codes.shape[1])
    ]
    zero = FixedArray(np.zeros(()), 0, 1)
    results = run(node, sequence, lambda shape: zero.with_codes(np.zeros((x.codes.shape[0], *shape))), apply)
    if not node.return_sequences:
        return results[0]
    aligned, fraction = align(results)
    limit = max(array.limit for array in aligned)
    return FixedArray(np.stack([hold(array.codes, limit) for array in aligned], 1), fraction, limit)
