"""Removes nodes that change nothing, or nothing that a later one does not do too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    DepthwiseConv,
    FixedType,
    Input,
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
from accelgen.ir.nodes import Array
from accelgen.passes.editor import Editor, apply_rules
from accelgen.passes.merge_affines import remove_identity
from accelgen.passes.permute_weights import permute_weights_rule

_SATURATING = (Overflow.SAT, Overflow.SAT_SYM)


def remove_redundant(network: Network) -> Network:
    """The same function without: casts of numbers that already fit, rectifiers and bounds that the cast
    after (or before) them implies, nodes that are the identity, reshapes and transposes in a row, zero
    padding before a convolution that can pad itself, and transposes that weights can undo.
    """
    return apply_rules(
        network,
        remove_identity,
        _remove_neutral,
        _remove_bounds_before_cast,
        _remove_bounds_after_cast,
        _remove_cast,
        _merge_reshapes,
        _merge_transposes,
        _transpose_as_reshape,
        _merge_pad,
        permute_weights_rule,
    )


def _bypass(editor: Editor, node: Node) -> bool:
    editor.redirect(node.name, node.inputs[0])
    return True


def _remove_neutral(editor: Editor, node: Node) -> bool:
    """Remove a node that is the identity whatever its input."""
    shape = editor.shape(node.name)
    match node:
        case Reshape():
            neutral = editor.shape(node.inputs[0]) == shape
        case Transpose(permutation=permutation):
            neutral = permutation == tuple(range(len(shape)))
        case Pad(padding=padding):
            neutral = all(pair == (0, 0) for pair in padding)
        case UpSample(factors=factors):
            neutral = all(factor == 1 for factor in factors)
        case Pool(size=size, strides=strides, padding=padding):
            one = all(length == 1 for length in (*size, *strides))
            neutral = one and all(pair == (0, 0) for pair in padding)
        case Concatenate(inputs=inputs):
            neutral = len(inputs) == 1
        case Merge(inputs=inputs, kind=kind):
            idempotent = kind in (MergeKind.AVERAGE, MergeKind.MAXIMUM, MergeKind.MINIMUM)
            neutral = len(inputs) == 1 or (idempotent and len(set(inputs)) == 1)
        case _:
            neutral = False
    return neutral and _bypass(editor, node)


def _remove_bounds_before_cast(editor: Editor, node: Node) -> bool:
    """Let a saturating cast take what a rectifier or bound before it takes, where the cast bounds tighter.

    A positive scale may stand between the two.
    """
    if not isinstance(node, Quantize) or node.type.overflow not in _SATURATING:
        return False
    user: Node = node
    scale = np.ones(1)
    between = editor.source(node)
    if isinstance(between, Affine) and editor.only_user(between.name) is not None:
        if np.any(between.bias) or not np.all(between.scale > 0):
            return False
        user, scale = between, between.scale
    bound = editor.source(user)
    if not _implied(bound, scale, node.type):
        return False
    editor.put(replace(user, inputs=bound.inputs))
    editor.discard(bound.name)
    return True


def _implied(bound: Node, scale: Array, kind: FixedType) -> bool:
    """Whether a saturating cast to ``kind`` after ``scale`` bounds at least as tightly as ``bound``."""
    if isinstance(bound, Relu):
        unbounded = bound.upper is None or np.min(bound.upper * scale) >= kind.max
        return bool(unbounded and not np.any(bound.negative_slope) and not kind.signed)
    if isinstance(bound, Clip):
        return bool(np.max(bound.low * scale) <= kind.min and np.min(bound.high * scale) >= kind.max)
    return False


def _type_of(editor: Editor, name: str) -> FixedType | None:
    """A type that holds every value of a tensor, where a cast before it, or the input, says so."""
    node = editor[name]
    while True:
        if isinstance(node, Input | Quantize):
            return node.type
        moves = isinstance(node, Reshape | Transpose | UpSample) or (
            isinstance(node, Pool) and node.kind is PoolKind.MAX
        )
        if not moves:
            return None
        node = editor.source(node)


def _remove_bounds_after_cast(editor: Editor, node: Node) -> bool:
    """Remove a rectifier or bound of numbers that a cast already holds within it."""
    if isinstance(node, Relu):
        kind = _type_of(editor, node.inputs[0])
        inside = kind is not None and kind.min >= 0 and (node.upper is None or node.upper >= kind.max)
    elif isinstance(node, Clip):
        kind = _type_of(editor, node.inputs[0])
        inside = kind is not None and node.low <= kind.min and kind.max <= node.high
    else:
        return False
    return inside and _bypass(editor, node)


def _remove_cast(editor: Editor, node: Node) -> bool:
    """Remove a cast of numbers that its type holds already."""
    if not isinstance(node, Quantize):
        return False
    kind = _type_of(editor, node.inputs[0])
    return kind is not None and node.type.holds(kind) and _bypass(editor, node)


def _merge_reshapes(editor: Editor, node: Node) -> bool:
    if not isinstance(node, Reshape):
        return False
    first = editor.source(node)
    if not isinstance(first, Reshape):
        return False
    editor.put(replace(node, inputs=first.inputs))
    editor.discard(first.name)
    return True


def _merge_transposes(editor: Editor, node: Node) -> bool:
    if not isinstance(node, Transpose):
        return False
    first = editor.source(node)
    if not isinstance(first, Transpose):
        return False
    permutation = tuple(first.permutation[axis] for axis in node.permutation)
    editor.put(replace(node, inputs=first.inputs, permutation=permutation))
    editor.discard(first.name)
    return True


def _transpose_as_reshape(editor: Editor, node: Node) -> bool:
    """A transpose that moves only axes of size 1 leaves the elements in order."""
    if not isinstance(node, Transpose):
        return False
    sizes = editor.shape(node.inputs[0])
    kept = [axis for axis in node.permutation if sizes[axis] > 1]
    if kept != sorted(kept):
        return False
    editor.put(Reshape(node.name, node.inputs, editor.shape(node.name)))
    return True


def _merge_pad(editor: Editor, node: Node) -> bool:
    """Let a convolution do the zero padding before it."""
    if not isinstance(node, Conv | DepthwiseConv):
        return False
    pad = editor.source(node)
    if not isinstance(pad, Pad) or pad.padding[-1] != (0, 0) or min(map(min, pad.padding)) < 0:
        return False
    padding = tuple(
        (own[0] + before, own[1] + after)
        for own, (before, after) in zip(node.padding, pad.padding[:-1], strict=True)
    )
    editor.put(replace(node, inputs=pad.inputs, padding=padding))
    editor.discard(pad.name)
    return True
