"""Removes the transpose before a flattened tensor by permuting the weights that take it.

Frameworks that keep channels first flatten images channel by channel; hardware that streams pixels would
have to buffer the whole image to reorder it, where reordering the rows of a weight matrix costs nothing.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from accelgen.ir import (
    Affine,
    Clip,
    Dense,
    Lookup,
    Network,
    Node,
    Quantize,
    Relu,
    Reshape,
    Threshold,
    Transpose,
    Unary,
)
from accelgen.passes.editor import Editor, apply_rules

_ELEMENTWISE = (Affine, Clip, Lookup, Quantize, Relu, Threshold, Unary)


def permute_weights(network: Network) -> Network:
    """The network with every `Transpose`, flattening `Reshape` and `Dense` in a row freed of the first.

    Element-wise nodes may stand in between; their constants are permuted too.
    """
    return apply_rules(network, permute_weights_rule)


def permute_weights_rule(editor: Editor, node: Node) -> bool:
    """Free one `Dense` of a transpose before it."""
    if not isinstance(node, Dense) or len(editor.shape(node.inputs[0])) != 1:
        return False
    between: list[Node] = []
    current = editor.source(node)
    while isinstance(current, _ELEMENTWISE) and editor.only_user(current.name) is not None:
        between.append(current)
        current = editor.source(current)
    if not isinstance(current, Reshape) or editor.only_user(current.name) is None:
        return False
    transpose = editor.source(current)
    if not isinstance(transpose, Transpose):
        return False
    shape = editor.shape(transpose.inputs[0])
    order = np.arange(prod(shape)).reshape(shape).transpose(transpose.permutation).ravel()
    position = np.argsort(order)  # where each element of the untransposed input went
    editor.put(replace(current, inputs=transpose.inputs))
    for other in between:
        editor.put(_permuted(other, position))
    editor.put(replace(node, weight=node.weight[position]))
    editor.discard(transpose.name)
    return True


def _permuted(node: Node, position: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Node:
    """An element-wise node on a flat tensor whose element ``i`` was element ``position[i]`` before."""
    if isinstance(node, Affine):
        return replace(node, scale=_taken(node.scale, position), bias=_taken(node.bias, position))
    if isinstance(node, Relu):
        return replace(node, negative_slope=_taken(node.negative_slope, position))
    if isinstance(node, Threshold):
        thresholds, values = (
            _taken(a, position) if a.ndim == 2 else a for a in (node.thresholds, node.values)
        )
        return replace(node, thresholds=thresholds, values=values)
    return node


def _taken(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    position: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return values if values.shape[0] == 1 else values[position]
