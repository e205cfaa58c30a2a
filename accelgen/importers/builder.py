"""Collects nodes while an importer walks a model file."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

from accelgen.errors import ModelError
from accelgen.ir import Input, Network, Node
from accelgen.ir.names import free_name
from accelgen.ir.nodes import Shape

MAX_ELEMENTS = 1 << 26
"""The largest tensor, in elements, that a model file may ask for; far more than any FPGA streams through."""


@dataclass
class Builder:
    """A network under construction; ``source`` is the file's name for error messages."""

    source: str
    nodes: list[Node] = field(default_factory=list)
    shapes: dict[str, Shape] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, node: Node) -> str:
        """Append a node whose inputs are already there; returns its name.

        Raises:
            ModelError: a shape does not fit, or is larger than `MAX_ELEMENTS`.
        """
        try:
            shape = node.output_shape(tuple(self.shapes[source] for source in node.inputs))
        except ModelError as error:
            raise type(error)(f"{self.source}: {error}") from None
        if prod(shape) > MAX_ELEMENTS:
            raise ModelError(
                f"{self.source}: layer {node.name!r}: a result of shape {shape} is too large for hardware"
            )
        self.shapes[node.name] = shape
        self.nodes.append(node)
        return node.name

    def unique(self, name: str) -> str:
        """``name``, or ``name_2``, ``name_3`` ... where that is taken."""
        return free_name(name, self.shapes)

    def note(self, text: str) -> None:
        """Record something that the user should know: a layer dropped, a default taken."""
        self.notes.append(text)

    def build(self, outputs: tuple[str, ...], name: str) -> Network:
        """The inputs and what the outputs need of the nodes; raises ModelError where that is no network."""
        try:
            network = Network(tuple(self.nodes), outputs, name=name, notes=tuple(self.notes))
        except ModelError as error:
            raise type(error)(f"{self.source}: {error}") from None
        needed = network.ancestors(outputs)
        return network.with_nodes(node for node in network if node.name in needed or isinstance(node, Input))
