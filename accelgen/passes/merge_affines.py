"""Merges an `Affine` into the one before it and drops those that change nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from accelgen.ir import Affine, Network, Node
from accelgen.ir.constants import compact
from accelgen.passes.editor import Editor, apply_rules


def merge_affines(network: Network) -> Network:
    """``(x * a + b) * c + d`` as ``x * (a * c) + (b * c + d)``; identities are removed."""
    return apply_rules(network, merge_into_previous, remove_identity)


def merge_into_previous(editor: Editor, node: Node) -> bool:
    """Let an `Affine` do what the one before it does too."""
    if not isinstance(node, Affine):
        return False
    first = editor.source(node)
    if not isinstance(first, Affine):
        return False
    editor.put(followed_by(first, node, name=node.name))
    editor.discard(first.name)
    return True


def followed_by(first: Affine, second: Affine, name: str) -> Affine:
    """One `Affine` that does what ``first`` and then ``second`` do."""
    scale = first.scale * second.scale
    bias = first.bias * second.scale + second.bias
    return replace(first, name=name, scale=compact(scale), bias=compact(bias))


def remove_identity(editor: Editor, node: Node) -> bool:
    """Remove an `Affine` of scale 1 and bias 0."""
    if isinstance(node, Affine) and np.all(node.scale == 1) and not np.any(node.bias):
        editor.redirect(node.name, node.inputs[0])
        return True
    return False
