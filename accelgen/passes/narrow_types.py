"""Takes bits from numbers that a network quantizes itself: another network than the trained one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np

from accelgen.errors import UsageError
from accelgen.ir import FixedType, Network, Node, Overflow, Quantize, Rounding, Unary
from accelgen.ir.fixed import from_real
from accelgen.ir.grid import constant_type
from accelgen.passes.precision import Types, is_float


def own_types(node: Node) -> dict[str, FixedType]:
    """The types of a node that `narrow_types` takes bits from: "weight" or "table", "result" of a cast.

    Constants round to nearest and saturate. Empty for nodes that hold neither, for float constants, and for
    casts that differ between elements.
    """
    if isinstance(node, Quantize | Unary):
        return {} if node.type is None else {"result": node.type}
    constants = {what: getattr(node, what, None) for what in ("weight", "table")}
    return {
        what: constant_type(values).with_modes(Rounding.RND_CONV, Overflow.SAT)
        for what, values in constants.items()
        if isinstance(values, np.ndarray) and np.any(values) and not is_float(values)
    }


def narrow_types(network: Network, narrowed: Types) -> Network:
    """The network with casts and constants of the layers in ``narrowed`` on the types there, and notes of it.

    Raises:
        UsageError: ``narrowed`` names no layer, nothing that a layer quantizes itself, or as many bits as
            there are already.
    """
    if not narrowed:
        return network
    for name in narrowed:
        if name not in network:
            near = get_close_matches(name, [node.name for node in network], n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"narrowed: the network has no layer {name!r}{hint}")
    nodes, notes = [], []
    for node in network:
        types = narrowed.get(node.name, {})
        notes += [f"layer {node.name!r}: {change}" for change in _changes(node, types)]
        nodes.append(_narrowed(node, types))
    changed = network.with_nodes(nodes)
    return replace(changed, notes=(*network.notes, *notes))


def _changes(node: Node, types: Mapping[str, FixedType]) -> list[str]:
    own = own_types(node)
    for what, kind in types.items():
        if what not in own:
            raise UsageError(f"narrowed: layer {node.name!r} has no {what!r} that the model quantizes itself")
        if kind.width >= own[what].width:
            raise UsageError(
                f"narrowed: {what!r} of layer {node.name!r} has {own[what].width} bits, "
                f"no more than {kind.width}"
            )
    return [
        f"{what} has {kind.width} bits, trained with {own[what].width}, as the design says"
        for what, kind in types.items()
    ]


def _narrowed(node: Node, types: Mapping[str, FixedType]) -> Node:
    if isinstance(node, Quantize | Unary):
        return replace(node, type=types["result"]) if types else node
    constants: dict[str, Any] = {
        what: from_real(getattr(node, what), kind).values for what, kind in types.items()
    }
    return replace(node, **constants) if constants else node
