"""Gives every tensor of an exact network its type: no overflow, no rounding, no bit to spare."""

from __future__ import annotations

from dataclasses import replace

from accelgen.ir import FixedType, Input, Network, Quantize, Softmax
from accelgen.ir.fixed import FixedArray
from accelgen.passes.bounds import bounds, type_of


def infer_bounds(network: Network) -> dict[str, FixedArray]:
    """The bounds of every tensor, (2, *shape): what interval arithmetic proves about each element.

    Raises:
        PrecisionError: a node still lacks a type or constants on a grid.
    """
    found: dict[str, FixedArray] = {}
    for node in network:
        found[node.name] = bounds(node, [found[source] for source in node.inputs], network.shapes[node.name])
    return found


def infer_types(network: Network) -> Network:
    """The network with ``types`` filled in.

    A node that casts keeps the type that it casts to; any other gets the narrowest type that holds every
    result its input types allow. Raises PrecisionError as `infer_bounds` does.
    """
    types: dict[str, FixedType] = {}
    for name, bound in infer_bounds(network).items():
        node = network[name]
        own = node.type if isinstance(node, Input | Quantize | Softmax) else None
        types[name] = type_of(bound) if own is None else own.storage()
    return replace(network, types=types)
