"""Operators that move, select or repeat elements."""

from __future__ import annotations

from math import prod

import numpy as np

from accelgen.importers.onnx.op import Op, converts, without_batch
from accelgen.importers.onnx.pooling import squeezed
from accelgen.importers.onnx.values import Constant, Tensor, Value
from accelgen.ir import Concatenate, Embedding, Pad, Reshape, UpSample


def reshaped(op: Op, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``x``'s elements, in ONNX order, under another ONNX shape."""
    if [size for size in shape if size != 1] == [size for size in x.shape if size != 1]:
        return _with_ones(op, x, shape)
    x = op.in_order(x)
    axes = without_batch(shape)
    sizes = tuple(shape[axis] for axis in axes)
    return Tensor(op.add(Reshape, x, shape=sizes), shape, axes)


def _with_ones(op: Op, x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """``x`` under a shape that differs by axes of size 1 only: its layout stays."""
    large = [axis for axis in range(len(shape)) if shape[axis] != 1]
    new = dict(zip([axis for axis in range(len(x.shape)) if x.shape[axis] != 1], large, strict=True))
    kept = tuple(axis for axis in x.axes if axis in new)
    x = op.arranged(x, kept)
    axes = tuple(new[axis] for axis in kept)
    if not axes and shape:
        axes = (len(shape) - 1,)
        return Tensor(op.add(Reshape, x, shape=(1,)), shape, axes)
    return Tensor(x.node, shape, axes)


@converts("Reshape")
def _reshape(op: Op) -> Value:
    x = op.value(0)
    wanted = op.constant_integers(1)
    if wanted is None:
        wanted = op.integers("shape")
    if wanted is None:
        raise op.error("the shape is missing")
    old = x.shape if isinstance(x, Tensor) else x.codes.shape
    shape = _resolved(op, old, wanted)
    return x.reshaped(shape) if isinstance(x, Constant) else reshaped(op, x, shape)


def _resolved(op: Op, old: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with 0 (as before) and -1 (what is left) replaced."""
    sizes = list(wanted)
    if not op.integer("allowzero", 0):
        sizes = [old[axis] if size == 0 and axis < len(old) else size for axis, size in enumerate(sizes)]
    total = prod(old)
    if op.batch > 1 and sizes and sizes[0] == op.batch and _fits(sizes[1:], total):
        sizes[0] = 1
    if sizes.count(-1) > 1 or any(size < -1 for size in sizes):
        raise op.error(f"the shape {wanted}")
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known and total % known == 0:
        sizes[sizes.index(-1)] = total // known
    if prod(sizes) != total:
        raise op.error(f"an input of shape {old} cannot become {wanted}")
    return tuple(sizes)


def _fits(sizes: list[int], total: int) -> bool:
    return -1 in sizes or prod(sizes) == total


@converts("Flatten")
def _flatten(op: Op) -> Tensor:
    x = op.tensor()
    rank = len(x.shape)
    axis = op.integer("axis", 1)
    axis = rank if axis == rank else op.axis(axis, rank)
    return reshaped(op, x, (prod(x.shape[:axis]), prod(x.shape[axis:])))


@converts("Transpose")
def _transpose(op: Op) -> Value:
    x = op.value(0)
    rank = len(x.shape if isinstance(x, Tensor) else x.codes.shape)
    permutation = op.integers("perm", tuple(reversed(range(rank)))) or ()
    if sorted(permutation) != list(range(rank)):
        raise op.error(f"perm {permutation} of a tensor of {rank} axes")
    return x.transposed(permutation)


@converts("Squeeze")
def _squeeze(op: Op) -> Tensor:
    x = op.tensor()
    axes = op.integers_from("axes", 1)
    if axes is None:
        axes = tuple(axis for axis, size in enumerate(x.shape) if size == 1)
    return squeezed(op, x, op.axes(axes, len(x.shape)))


@converts("Unsqueeze")
def _unsqueeze(op: Op) -> Tensor:
    x = op.tensor()
    axes = op.integers_from("axes", 1)
    if axes is None:
        raise op.error("axes are missing")
    rank = len(x.shape) + len(axes)
    added = op.axes(axes, rank)
    left = [axis for axis in range(rank) if axis not in added]
    shape = tuple(1 if axis in added else x.shape[left.index(axis)] for axis in range(rank))
    return Tensor(x.node, shape, tuple(left[axis] for axis in x.axes))


@converts("Concat")
def _concat(op: Op) -> Tensor:
    tensors = [op.tensor(index) for index in range(len(op.inputs))]
    rank = len(tensors[0].shape)
    if any(len(x.shape) != rank for x in tensors) or "axis" not in op.attributes:
        raise op.error("its inputs do not all have the same number of axes, or axis is missing")
    axis = op.axis(op.integer("axis", 0), rank)
    axes = max((x.axes for x in tensors), key=len)
    if axis not in axes:
        axes = (axis, *axes)
    parts = [
        op.arranged(x, (*(a for a in range(rank) if a not in axes and x.shape[a] > 1), *axes))
        for x in tensors
    ]
    if len({x.axes for x in parts}) != 1:
        raise op.error(f"inputs of shapes {', '.join(str(x.shape) for x in tensors)} do not fit")
    shape = list(tensors[0].shape)
    shape[axis] = sum(x.shape[axis] for x in tensors)
    return Tensor(op.add(Concatenate, *parts, axis=axes.index(axis)), tuple(shape), axes)


@converts("Pad")
def _pad(op: Op) -> Tensor:
    x = op.tensor()
    rank = len(x.shape)
    if op.text("mode", "constant") != "constant":
        raise op.unsupported(f"the mode {op.text('mode', '')!r}; padding with zeros is supported")
    fill = op.number("value", 0.0) if op.given(2) is None else op.constant(2).reals
    if np.any(fill):
        raise op.unsupported("padding with other values than 0; zeros are supported")
    pads = op.integers_from("pads", 1)
    axes = op.constant_integers(3)
    axes = tuple(range(rank)) if axes is None else tuple(op.axis(axis, rank) for axis in axes)
    if pads is None or len(pads) != 2 * len(axes) or max(map(abs, pads), default=0) > 1 << 20:
        raise op.error(f"pads {pads} of {len(axes)} axes")
    by_axis = dict(zip(axes, zip(pads[: len(axes)], pads[len(axes) :], strict=True), strict=True))
    return padded(op, x, by_axis)


def padded(op: Op, x: Tensor, pads: dict[int, tuple[int, int]], suffix: str = "") -> Tensor:
    """``x`` with zeros (before, after) put at ONNX axes; negative numbers crop."""
    pads = {axis: pair for axis, pair in pads.items() if pair != (0, 0)}
    if not pads:
        return x
    new = tuple(axis for axis in sorted(pads) if axis not in x.axes)
    if new:
        x = op.arranged(x, (*new, *x.axes))
    name = op.add(Pad, x, suffix=suffix, padding=tuple(pads.get(axis, (0, 0)) for axis in x.axes))
    shape = tuple(size + sum(pads.get(axis, (0, 0))) for axis, size in enumerate(x.shape))
    return Tensor(name, shape, x.axes)


@converts("Slice")
def _slice(op: Op) -> Tensor:
    x = op.tensor()
    rank = len(x.shape)
    starts, ends = op.integers_from("starts", 1), op.integers_from("ends", 2)
    if starts is None or ends is None:
        raise op.error("starts or ends are missing")
    given = op.integers_from("axes", 3)
    axes = tuple(range(len(starts))) if given is None else tuple(op.axis(axis, rank) for axis in given)
    steps = op.constant_integers(4) or (1,) * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or len(axes) > rank:
        raise op.error("starts, ends, axes and steps are not equally many")
    if any(step != 1 for step in steps):
        raise op.unsupported(f"steps {steps}; slices of step 1 are supported")
    crops = {}
    for start, end, axis in zip(starts, ends, axes, strict=True):
        first, last, _ = slice(start, end).indices(x.shape[axis])
        crops[axis] = (-first, last - x.shape[axis])
    return padded(op, x, crops)


@converts("Split")
def _split(op: Op) -> tuple[Value, ...]:
    x = op.value(0)
    shape = x.shape if isinstance(x, Tensor) else x.values.shape
    axis = op.axis(op.integer("axis", 0), len(shape))
    size, parts = shape[axis], len(op.raw.outputs)
    lengths = op.integers_from("split", 1)
    if lengths is None:
        step = -(size // -parts)
        lengths = tuple(min(step, size - step * part) for part in range(parts))
    if sum(lengths) != size or len(lengths) != parts or min(lengths) < 1:
        raise op.error(f"parts of {lengths} from an axis of {size}")
    starts = [sum(lengths[:part]) for part in range(parts)]
    if isinstance(x, Constant):
        return tuple(map(Constant, np.split(x.values, starts[1:], axis)))
    return tuple(
        padded(op, x, {axis: (-start, start + length - size)}, suffix=f"/{part}")
        for part, (start, length) in enumerate(zip(starts, lengths, strict=True))
    )


@converts("Gather")
def _gather(op: Op) -> Tensor:
    data, indices = op.value(0), op.value(1)
    if isinstance(data, Constant) and isinstance(indices, Tensor):
        table = op.constant(0).reals
        if op.integer("axis", 0) != 0 or table.ndim != 2:
            raise op.unsupported("rows picked from a constant along another axis than the first of two")
        x = op.in_order(indices)
        rank = len(x.shape)
        shape = (*x.shape, table.shape[1])
        return Tensor(op.add(Embedding, x, table=table), shape, (*x.axes, rank))
    x, picked = op.tensor(0), op.constant(1).codes
    rank = len(x.shape)
    axis = op.axis(op.integer("axis", 0), rank)
    size = x.shape[axis]
    first = int(picked.reshape(-1)[0]) if picked.size else 0
    first += size if first < 0 else 0
    if (
        not np.array_equal(picked.reshape(-1) % size, np.arange(first, first + picked.size))
        or picked.ndim > 1
    ):
        raise op.unsupported("elements picked in another order; neighbours in ascending order are supported")
    if not 0 <= first < size:
        raise op.error(f"index {first} of an axis of {size}")
    part = padded(op, x, {axis: (-first, first + picked.size - size)})
    return part if picked.ndim else squeezed(op, part, (axis,))


@converts("Resize", "Upsample")
def _resize(op: Op) -> Tensor:
    x = op.channels_last(op.tensor())
    if op.text("mode", "nearest") != "nearest":
        raise op.unsupported(f"the mode {op.text('mode', '')!r}; nearest is supported")
    factors = _factors(op, x.shape)
    if factors[:2] != (1, 1):
        raise op.unsupported(f"factors {factors}; spatial axes are enlarged only")
    for axis, factor in enumerate(factors):
        if not _repeats(op, x.shape[axis], factor):
            raise op.unsupported("a sampling that does not repeat each element equally often")
    name = op.add(UpSample, x, factors=factors[2:])
    shape = tuple(size * factor for size, factor in zip(x.shape, factors, strict=True))
    return Tensor(name, shape, x.axes)


def _factors(op: Op, shape: tuple[int, ...]) -> tuple[int, ...]:
    """By how much each ONNX axis grows: whole numbers."""
    if op.raw.op_type == "Upsample" and op.given(1) is None:
        scales = np.array(op.attributes.get("scales", ()), np.float64)
    elif op.opset < 11:
        scales = op.constant(1).reals.ravel()
    else:
        scales = np.zeros(0) if op.given(2) is None else op.constant(2).reals.ravel()
        sizes = op.constant_integers(3)
        if scales.size == 0 and sizes is not None and len(sizes) == len(shape):
            scales = np.array(sizes) / np.array(shape)
    if op.integers("axes") is not None:
        raise op.unsupported("the attribute axes; factors for every axis are supported")
    if scales.size != len(shape):
        raise op.error(f"{scales.size} factors for {len(shape)} axes")
    if np.any(scales != np.round(scales)) or np.any(scales < 1) or np.any(scales > 1 << 16):
        raise op.unsupported(f"factors {scales.tolist()}; whole numbers from 1 are supported")
    return tuple(int(scale) for scale in scales)


def _repeats(op: Op, size: int, factor: int) -> bool:
    """Whether sampling an axis of ``size`` as the node says takes element ``i // factor`` for each ``i``."""
    if factor == 1 or op.opset < 11:
        return True
    result = np.arange(min(size, 64) * factor)
    where = op.text("coordinate_transformation_mode", "half_pixel")
    if where == "asymmetric":
        position = result / factor
    elif where in ("half_pixel", "pytorch_half_pixel", "half_pixel_symmetric"):
        position = (result + 0.5) / factor - 0.5
    else:
        return False
    match op.text("nearest_mode", "round_prefer_floor"):
        case "floor":
            picked = np.floor(position)
        case "ceil":
            picked = np.ceil(position)
        case "round_prefer_ceil":
            picked = np.floor(position + 0.5)
        case _:
            picked = np.ceil(position - 0.5)
    return np.array_equal(np.clip(picked, 0, min(size, 64) - 1), result // factor)
