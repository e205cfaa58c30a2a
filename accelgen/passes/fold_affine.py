"""Folds an `Affine` beside a linear layer into the layer's weights and bias, where these are floats."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Affine, Conv, Dense, DepthwiseConv, Network, Node, Reshape
from accelgen.ir.constants import compact, is_power_of_two, per_channel
from accelgen.ir.nodes import Array, Shape
from accelgen.passes.editor import Editor, apply_rules
from accelgen.passes.precision import is_float
from accelgen.passes.push_scales import linear_response
from accelgen.passes.weights import no_wider, scaled_inputs, scaled_results

_Linear = Dense | Conv | DepthwiseConv


def fold_affine(network: Network) -> Network:
    """The same function with fewer `Affine` nodes.

    One beside a `Dense`, `Conv` or `DepthwiseConv` folds into weights and bias where the weights are floats,
    or where powers of two of any sign keep quantized weights as narrow as they are (behind a layer only one
    power of two: others are better left to the next thresholds). A bias alone always folds behind a layer,
    and before one that does not pad.
    """
    return apply_rules(network, fold_after, _fold_before, fold_shift)


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
    scaled = scaled_results(layer, scale)
    if scaled is None:
        return False
    shifts = is_power_of_two(scale) and np.ptp(np.abs(scale)) == 0
    if not is_float(layer.weight) and not (shifts and no_wider(scaled, layer)):
        return False
    own = np.zeros(channels) if layer.bias is None else layer.bias
    total = own * scale + bias
    editor.put(replace(scaled, bias=total if np.any(total) else None))
    editor.redirect(node.name, layer.name)
    return True


def _fold_before(editor: Editor, node: Node) -> bool:
    """Fold the `Affine` before a linear layer into it."""
    if not isinstance(node, _Linear):
        return False
    affine = editor.source(node)
    if not isinstance(affine, Affine):
        return False
    folded = _with_inputs(node, affine.scale, affine.bias, editor.shape(affine.name))
    if folded is None:
        return False
    editor.put(replace(folded, inputs=affine.inputs))
    editor.discard(affine.name)
    return True


def _with_inputs(node: _Linear, scale: Array, bias: Array, shape: Shape) -> _Linear | None:
    """The layer of an input (of ``shape``) that was scaled and shifted; None where that does not fold."""
    by_channel = per_channel(compact(scale), shape[-1])
    response = _response(node, bias, shape)
    if by_channel is None or response is None:
        return None
    scaled = scaled_inputs(node, by_channel)
    if not is_float(node.weight) and not (is_power_of_two(by_channel) and no_wider(scaled, node)):
        return None
    return replace(scaled, bias=response if np.any(response) else None)


def _response(node: _Linear, constant: Array, shape: Shape) -> Array | None:
    """The layer's answer to a constant, one number a result channel; None where it is not that."""
    response = linear_response(node, constant, shape)
    channels = node.output_shape((shape,))[-1]
    return None if response is None else per_channel(response, channels)


def layers_taking(editor: Editor, name: str, scale: Array, bias: Array) -> list[Node] | None:
    """What all users of ``name`` become where its result times ``scale`` plus ``bias`` folds into them.

    They are linear layers, reshapes of which only such layers take the result in between. None where one
    does not take it.
    """
    if name in editor.outputs:
        return None
    shape = editor.shape(name)
    layers: list[Node] = []
    for user in editor.users(name):
        if isinstance(user, Reshape):
            full = (np.broadcast_to(a, shape).reshape(user.shape) for a in (scale, bias))
            more = layers_taking(editor, user.name, *full)
            if more is None:
                return None
            layers += more
        elif isinstance(user, _Linear):
            folded = _with_inputs(user, scale, bias, shape)
            if folded is None:
                return None
            layers.append(folded)
        else:
            return None
    return layers


def fold_shift(editor: Editor, node: Node) -> bool:
    """Fold an `Affine` of powers of two into the layers after it, also behind a reshape."""
    if not isinstance(node, Affine) or not is_power_of_two(node.scale):
        return False
    layers = layers_taking(editor, node.name, node.scale, node.bias)
    if layers is None:
        return False
    for layer in layers:
        editor.put(layer)
    editor.redirect(node.name, node.inputs[0])
    return True
