"""Moves real scales to where something takes them: into the next scale, a cast, or an output.

Weights and quantized activations lie on grids of powers of two; a real scale between them would put the
numbers of every later sum off any grid. All moves are equalities of real arithmetic, such as
``(s * x + b) @ w == s * (x @ w) + b @ w`` and ``max(s * x, 0) == s * max(x, 0)`` for positive ``s``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from accelgen import real
from accelgen.ir import (
    Affine,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    EinsumDense,
    Merge,
    MergeKind,
    Network,
    Node,
    Overflow,
    Pad,
    Pool,
    PoolKind,
    Quantize,
    Relu,
    Reshape,
    Transpose,
    UpSample,
)
from accelgen.ir.constants import compact, is_power_of_two
from accelgen.ir.nodes import Array, Shape
from accelgen.passes.editor import Editor, apply_rules
from accelgen.passes.merge_affines import merge_into_previous
from accelgen.passes.precision import is_float


def push_scales(network: Network) -> Network:
    """The same function with every scale that is no power of two as late as it can be.

    A positive scale right before a cast goes back through a rectifier into the `Affine` before that, where
    one is there, so that one scale remains instead of two.
    """
    return apply_rules(network, merge_into_previous, _push, _push_common, _pull)


def _leaves_grid(node: Affine) -> bool:
    """Whether the scale takes numbers off every grid of powers of two."""
    return not is_power_of_two(node.scale[node.scale != 0]) or is_float(node.bias)


@dataclass(frozen=True, eq=False)
class _Moved:
    """A node freed of a scale before it, and what has to follow instead."""

    node: Node
    scale: Array
    bias: Array


def _push(editor: Editor, node: Node) -> bool:
    """Move the `Affine` before a node of one input behind it."""
    mover = _MOVERS.get(type(node))
    if mover is None or len(node.inputs) != 1:
        return False
    affine = editor.source(node)
    if not isinstance(affine, Affine) or not _leaves_grid(affine):
        return False
    moved = mover(node, affine, editor.shape(affine.name))
    if moved is None:
        return False
    _replace_by(editor, node, replace(moved.node, inputs=affine.inputs), moved.scale, moved.bias)
    editor.discard(affine.name)
    return True


def _replace_by(editor: Editor, old: Node, new: Node, scale: Array, bias: Array) -> None:
    """Put ``new`` and an `Affine` after it in the place of ``old``, whose name ``new`` has."""
    editor.put(new)
    name = editor.free_name(f"{old.name}/scale")
    editor.put(Affine(name, (new.name,), compact(scale), compact(bias)))
    editor.redirect(old.name, name)


_Mover = Callable[..., "_Moved | None"]


def _linear(node: Dense | EinsumDense | Conv, affine: Affine, shape: Shape) -> _Moved | None:
    if affine.scale.size != 1:
        return None
    return _with_response(node, affine, affine.scale.reshape(-1), shape)


def _depthwise(node: DepthwiseConv, affine: Affine, shape: Shape) -> _Moved | None:
    scale = _by_channel(affine.scale)
    return None if scale is None else _with_response(node, affine, _repeated(node, scale), shape)


def _repeated(node: DepthwiseConv, scale: Array) -> Array:
    return scale if scale.size == 1 else np.repeat(scale, node.weight.shape[-1])


def _with_response(
    node: Dense | EinsumDense | Conv | DepthwiseConv, affine: Affine, scale: Array, shape: Shape
) -> _Moved | None:
    """The node without bias; its answer to the scale's bias joins its own bias behind it."""
    if np.any(affine.bias) and not np.any(affine.scale):
        return None
    bias = linear_response(node, affine.bias, shape)
    return None if bias is None else _Moved(replace(node, bias=None), scale, bias)


def linear_response(
    node: Dense | EinsumDense | Conv | DepthwiseConv, constant: Array, shape: Shape
) -> Array | None:
    """What a linear node gives for a constant input, its own bias included.

    None where a convolution's padding, which is zero, makes that vary from one position to the next.
    """
    if not np.any(constant):
        return np.zeros(1) if node.bias is None else node.bias
    result = compact(real.apply(node, [np.broadcast_to(constant, shape)[None]])[0])
    padded = isinstance(node, Conv | DepthwiseConv) and any(pad for pair in node.padding for pad in pair)
    return None if padded and _by_channel(result) is None else result


def _by_channel(values: Array) -> Array | None:
    """The values where they depend on the channel at most, else None."""
    values = compact(values)
    return values if values.ndim <= 1 else None


def _relu(node: Relu, affine: Affine, shape: Shape) -> _Moved | None:  # noqa: ARG001
    if node.upper is not None or np.any(affine.bias) or not np.all(affine.scale > 0):
        return None
    return _Moved(node, affine.scale, affine.bias)


def _pool(node: Pool, affine: Affine, shape: Shape) -> _Moved | None:  # noqa: ARG001
    scale, bias = _by_channel(affine.scale), _by_channel(affine.bias)
    if scale is None or bias is None:
        return None
    if node.kind is PoolKind.MAX:
        return _Moved(node, scale, bias) if np.all(scale > 0) else None
    if np.any(bias) and any(pad for pair in node.padding for pad in pair):
        return None
    count = prod(node.size) if node.kind is PoolKind.SUM else 1
    return _Moved(node, scale, bias * count)


def _reshape(node: Reshape, affine: Affine, shape: Shape) -> _Moved | None:
    scale, bias = (
        compact(np.broadcast_to(a, shape).reshape(node.shape)) for a in (affine.scale, affine.bias)
    )
    grows = scale.size > affine.scale.size or bias.size > affine.bias.size
    return None if grows else _Moved(node, scale, bias)


def _transpose(node: Transpose, affine: Affine, shape: Shape) -> _Moved | None:
    scale, bias = (np.broadcast_to(a, shape).transpose(node.permutation) for a in (affine.scale, affine.bias))
    return _Moved(node, scale, bias)


def _upsample(node: UpSample, affine: Affine, shape: Shape) -> _Moved | None:  # noqa: ARG001
    scale, bias = _by_channel(affine.scale), _by_channel(affine.bias)
    return None if scale is None or bias is None else _Moved(node, scale, bias)


def _pad(node: Pad, affine: Affine, shape: Shape) -> _Moved | None:  # noqa: ARG001
    if np.any(affine.bias) or affine.scale.size != 1:
        return None
    return _Moved(node, affine.scale, affine.bias)


_MOVERS: dict[type[Node], _Mover] = {
    Dense: _linear,
    EinsumDense: _linear,
    Conv: _linear,
    DepthwiseConv: _depthwise,
    Relu: _relu,
    Pool: _pool,
    Reshape: _reshape,
    Transpose: _transpose,
    UpSample: _upsample,
    Pad: _pad,
}


def _push_common(editor: Editor, node: Node) -> bool:
    """Move scales that all inputs of a node share, up to powers of two, behind it."""
    if not isinstance(node, Merge | Concatenate) or not any(
        isinstance(editor[name], Affine) for name in node.inputs
    ):
        return False
    affines = [editor[name] for name in node.inputs]
    if not all(isinstance(affine, Affine) for affine in affines):
        return False
    inputs = [affine for affine in affines if isinstance(affine, Affine)]
    if not any(map(_leaves_grid, inputs)) or any(affine.scale.size != 1 for affine in inputs):
        return False
    scales = np.array([affine.scale.item() for affine in inputs])
    if isinstance(node, Merge) and node.kind is MergeKind.MULTIPLY:
        if any(np.any(affine.bias) for affine in inputs):
            return False
        common, rest = float(np.prod(scales)), np.ones(len(inputs))
        bias = np.zeros(1)
    else:
        common = float(scales[0])
        if common == 0 or not is_power_of_two(scales / common):
            return False
        rest = scales / common
        joined = _joined_bias(node, inputs, [editor.shape(name) for name in node.inputs], common)
        if joined is None:
            return False
        bias = joined
    sources = tuple(
        _scaled(editor, affine, factor) for affine, factor in zip(inputs, rest.tolist(), strict=True)
    )
    _replace_by(editor, node, replace(node, inputs=sources), np.array([common]), bias)
    for affine in inputs:
        if affine.name in editor:
            editor.discard(affine.name)
    return True


def _joined_bias(
    node: Merge | Concatenate, inputs: list[Affine], shapes: list[Shape], common: float
) -> Array | None:
    """What the inputs' biases become behind the node; None where they cannot leave it."""
    full = [np.broadcast_to(affine.bias, shape) for affine, shape in zip(inputs, shapes, strict=True)]
    if isinstance(node, Merge) and node.kind in (MergeKind.MAXIMUM, MergeKind.MINIMUM):
        same = all(affine.bias.size == 1 and affine.bias == inputs[0].bias for affine in inputs)
        return inputs[0].bias if same and common > 0 else None
    return np.asarray(real.apply(node, [values[None] for values in full])[0])


def _scaled(editor: Editor, affine: Affine, factor: float) -> str:
    """The name of the affine's input times ``factor``, a power of two."""
    if factor == 1:
        return affine.inputs[0]
    name = editor.free_name(f"{affine.name}/shift")
    editor.put(Affine(name, affine.inputs, np.array([factor]), np.zeros(1)))
    return name


def _pull(editor: Editor, node: Node) -> bool:
    """Let an `Affine` before a rectifier do what the scale after the rectifier does."""
    if not isinstance(node, Affine) or np.any(node.bias) or node.scale.size != 1 or node.scale.item() <= 0:
        return False
    relu = editor.source(node)
    if not isinstance(relu, Relu) or editor.only_user(relu.name) is None:
        return False
    first = editor.source(relu)
    if not isinstance(first, Affine) or editor.only_user(first.name) is None:
        return False
    scale = node.scale.item()
    if relu.upper is not None and not _saturates_below(editor.only_user(node.name), relu.upper * scale):
        return False
    editor.put(replace(first, scale=first.scale * scale, bias=first.bias * scale))
    editor.put(replace(relu, upper=None))
    editor.redirect(node.name, relu.name)
    return True


def _saturates_below(user: Node | None, upper: float) -> bool:
    """Whether the user's cast saturates at or below ``upper``, so that a bound there changes nothing."""
    return (
        isinstance(user, Quantize)
        and user.type.overflow in (Overflow.SAT, Overflow.SAT_SYM)
        and user.type.max <= upper
    )
