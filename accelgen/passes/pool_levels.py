"""Lets max pools take levels instead of numbers: of bits, the maximum is an OR.

A rising function of a maximum is the maximum of the function, and padding counts in neither; so a max pool
may follow the thresholds before which it stands. Where thresholds fall, they are made to rise, and the
layers after the pool take the change of sign.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Affine, Input, Network, Node, Pool, Reshape, Threshold
from accelgen.passes.editor import Editor, apply_rules
from accelgen.passes.fold_affine import layers_taking
from accelgen.passes.step_chains import (
    Chain,
    constants_by_channel,
    is_max_pool,
    is_rising,
    is_shared,
    only_source,
    pays,
    step_chains,
)
from accelgen.passes.weights import Linear


def pool_after_steps(network: Network) -> Network:
    """The same function with max pools, and reshapes, behind the rising chains that become thresholds.

    Where a chain falls, only the bias of the layer before the pool moves, into the chain.
    """
    editor = Editor(network)
    while any(_move(editor, chain, network) for chain in step_chains(network).values()):
        network = editor.network()
        editor = Editor(network)
    return network


def _move(editor: Editor, chain: Chain, network: Network) -> bool:
    """Move what gives the chain its input behind the chain, if it only pools or reshapes."""
    source = only_source(network, chain[0])
    if not isinstance(source, Reshape | Pool) or not pays(chain, network):
        return False
    if not all(map(is_rising, chain)):
        return _move_bias(editor, source, network)
    by_channel = [constants_by_channel(node, network.shapes[node.name]) for node in chain]
    nodes = [node for node in by_channel if node is not None]
    (name,) = source.inputs
    if isinstance(source, Reshape):
        same_channels = network.shapes[name][-1:] == source.shape[-1:]
        if isinstance(network[name], Input) or not (same_channels or all(map(is_shared, nodes))):
            return False
    elif not is_max_pool(source):
        return False
    for node in nodes:
        editor.put(replace(node, inputs=(name,)))
        name = node.name
    _follow(editor, source, name)
    return True


def _move_bias(editor: Editor, pool: Node, network: Network) -> bool:
    """Move a bias from the layer before a max pool behind the pool."""
    layer = only_source(network, pool) if is_max_pool(pool) else None
    if not isinstance(layer, Linear) or layer.bias is None or layer.bias.ndim != 1:
        return False
    editor.put(replace(layer, bias=None))
    bias = Affine(editor.free_name(f"{layer.name}/bias"), (pool.name,), np.ones(1), layer.bias)
    editor.put(bias)
    editor.redirect(pool.name, bias.name)
    return True


def _follow(editor: Editor, node: Node, name: str) -> None:
    """Put ``node`` behind the node ``name``, which no longer takes its result."""
    editor.put(replace(node, inputs=(name,)))
    editor.redirect(name, node.name)


def pool_levels(network: Network) -> Network:
    """The same function with max pools behind the thresholds that take their results, also where these fall.

    A falling channel whose values lie symmetrically is ``offset - rising``, where the layers after it can
    take that; otherwise the pool stays.
    """
    return apply_rules(network, _pool_levels)


def _pool_levels(editor: Editor, node: Node) -> bool:
    if not isinstance(node, Threshold):
        return False
    pool = editor.source(node)
    if not is_max_pool(pool) or editor.only_user(pool.name) is None:
        return False
    direction = node.directions
    if not np.all(direction):
        return False
    rising = node
    if np.any(direction < 0):
        values = np.atleast_2d(node.values)
        falls = (direction < 0)[:, None]
        offsets = values + values[:, ::-1]
        if np.any(falls & (offsets != offsets[:, :1])):
            return False
        layers = layers_taking(editor, node.name, direction, np.where(falls, offsets, 0.0)[:, 0])
        if layers is None:
            return False
        for layer in layers:
            editor.put(layer)
        rows = np.where(falls, values[:, ::-1], values)
        rising = replace(node, values=rows[0] if np.all(rows == rows[0]) else rows)
    editor.put(replace(rising, inputs=pool.inputs))
    _follow(editor, pool, node.name)
    return True
