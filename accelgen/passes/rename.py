"""Edits of a network's wiring that several passes share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from accelgen.ir import Network, Node


def rewire(node: Node, sources: Mapping[str, str]) -> Node:
    """The node with its inputs renamed as ``sources`` says (names that it does not hold stay)."""
    inputs = tuple(sources.get(name, name) for name in node.inputs)
    return node if inputs == node.inputs else replace(node, inputs=inputs)


def insert_after(network: Network, additions: Mapping[str, Node], note: str | None = None) -> Network:
    """The network with ``additions[name]`` put after the node ``name``, whose users then take it instead.

    Outputs follow too. An added node's input is the node that it follows.
    """
    nodes: list[Node] = []
    moved: dict[str, str] = {}
    for node in network:
        nodes.append(rewire(node, moved))
        if node.name in additions:
            nodes.append(additions[node.name])
            moved[node.name] = additions[node.name].name
    outputs = tuple(moved.get(name, name) for name in network.outputs)
    return network.with_nodes(nodes, outputs, note)
