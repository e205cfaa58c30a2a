"""A network: a directed acyclic graph of nodes in topological order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from accelgen.errors import ModelError
from accelgen.ir.nodes import Input, Node, Shape
from accelgen.ir.types import FixedType


@dataclass(frozen=True, eq=False)
class Network:
    """Nodes in topological order, and the names of those that are the network's outputs.

    ``types`` holds the type of every node's result once `accelgen.passes.infer_types` has run, and is
    empty before. Shapes exclude the batch axis.

    Raises:
        ModelError: two nodes of one name, an input that does not come before its use, a shape that does
            not fit, a constant that is not finite, or no input or output.
    """

    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    name: str = "network"
    types: Mapping[str, FixedType] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    """What the user should know of how this network came about: layers dropped, defaults taken."""

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise ModelError(f"two layers are named {node.name!r}")
            for source in node.inputs:
                if source not in seen:
                    raise ModelError(f"layer {node.name!r} uses {source!r}, which no layer before it gives")
            if not node.inputs and not isinstance(node, Input):
                raise ModelError(f"layer {node.name!r} has no input")
            for what, constant in vars(node).items():
                if isinstance(constant, np.ndarray) and not np.isfinite(constant).all():
                    raise ModelError(f"layer {node.name!r}: {what} holds values that are not finite")
            seen.add(node.name)
        if not self.inputs:
            raise ModelError("the network has no input")
        if not self.outputs:
            raise ModelError("the network has no output")
        for name in self.outputs:
            if name not in seen:
                raise ModelError(f"the output {name!r} is no layer of the network")
        _ = self.shapes

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of every node's result, without batch."""
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            shapes[node.name] = tuple(
                int(size) for size in node.output_shape(tuple(shapes[source] for source in node.inputs))
            )
        return shapes

    @cached_property
    def inputs(self) -> tuple[Input, ...]:
        """The input nodes, in order."""
        return tuple(node for node in self.nodes if isinstance(node, Input))

    @cached_property
    def consumers(self) -> dict[str, tuple[Node, ...]]:
        """For every node, the nodes that use its result (a node that uses it twice is listed once)."""
        users: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for source in dict.fromkeys(node.inputs):
                users[source].append(node)
        return {name: tuple(nodes) for name, nodes in users.items()}

    def ancestors(self, names: Iterable[str]) -> set[str]:
        """The nodes that the named ones are computed from, themselves included."""
        found = set(names)
        for node in reversed(self.nodes):
            if node.name in found:
                found.update(node.inputs)
        return found

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    def __getitem__(self, name: str) -> Node:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def with_nodes(
        self, nodes: Iterable[Node], outputs: tuple[str, ...] | None = None, note: str | None = None
    ) -> Network:
        """The same network with other nodes, and so without types; ``note`` is added to the notes."""
        return replace(
            self,
            nodes=tuple(nodes),
            outputs=self.outputs if outputs is None else outputs,
            types={},
            notes=self.notes if note is None else (*self.notes, note),
        )
