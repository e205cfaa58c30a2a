"""Folds an `Affine` beside a linear layer into the layer's weights and bias, where these are floats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Affine, Conv, Dense, DepthwiseConv, Network, Node
from accelgen.ir.constants import compact, is_power_of_two, per_channel
from accelgen.ir.nodes import Array, Shape
from accelgen.passes.editor import Editor, apply_rules
from accelgen.passes.precision import is_float
from accelgen.passes.push_scales import linear_response

_Linear = Dense | Conv | DepthwiseConv


def fold_affine(network: Network) -> Network:
    """The same function with fewer `Affine` nodes.

    One right after a `Dense`, `Conv` or `DepthwiseConv` folds into weights and bias where the weights are
    floats, or where its scale is one power of two, which keeps quantized weights as narrow as they are; a
    bias alone always folds. One right before a layer of float weights folds too, unless the layer pads.
    """
    return apply_rules(network, fold_after, _fold_before)


def fold_after(editor: Editor, node: Node) -> bool:
    """Fold an `Affine` into the linear layer before it."""
    if not isinstance(node, Affine):
        return False
    layer = editor.source(node)
    if not isinstance(layer, _Linear) or editor.only_user(layer.name) is None:
        return False
    channels = editor.shape(layer.name)[-1]
    scale, bias = (per_channel(compact(a), channels) for a in (node.scale, node.bias))
    if scale is None or bias is None:
        return False
    shifts = is_power_of_two(scale) and np.ptp(scale) == 0
    if not shifts and not is_float(layer.weight):
        return False
    own = np.zeros(channels) if layer.bias is None else layer.bias
    total = own * scale + bias
    editor.put(replace(layer, weight=_scaled_results(layer, scale), bias=total if np.any(total) else None))
    editor.redirect(node.name, layer.name)
    return True


def _scaled_results(layer: _Linear, scale: Array) -> Array:
    if isinstance(layer, DepthwiseConv):
        return layer.weight * scale.reshape(layer.weight.shape[-2:])
    return layer.weight * scale


def _fold_before(editor: Editor, node: Node) -> bool:
    """Fold the `Affine` before a linear layer of float weights into it."""
    if not isinstance(node, _Linear):
        return False
    affine = editor.source(node)
    if not isinstance(affine, Affine) or not is_float(node.weight):
        return False
    shape = editor.shape(affine.name)
    scale = per_channel(compact(affine.scale), shape[-1])
    bias = _response(node, affine.bias, shape)
    if scale is None or bias is None:
        return False
    weight = _scaled_inputs(node, scale)
    editor.put(replace(node, inputs=affine.inputs, weight=weight, bias=bias if np.any(bias) else None))
    editor.discard(affine.name)
    return True


def _response(node: _Linear, constant: Array, shape: Shape) -> Array | None:
    """The layer's answer to a constant, one number a result channel; None where it is not that."""
    response = linear_response(node, constant, shape)
    channels = node.output_shape((shape,))[-1]
    return None if response is None else per_channel(response, channels)


def _scaled_inputs(node: _Linear, scale: Array) -> Array:
    if isinstance(node, Dense | DepthwiseConv):
        return node.weight * scale[:, None]
    n_out = node.weight.shape[-1]
    by_group = scale.reshape(node.groups, -1).T  # (n_in / groups, groups)
    return np.asarray(node.weight * np.repeat(by_group, n_out // node.groups, -1))
