"""Collects nodes while an importer walks a model file."""

from __future__ import annotations

from dataclasses import dataclass, field

from accelgen.ir import Network, Node
from accelgen.ir.nodes import Shape


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
            ModelError: a shape does not fit.
        """
        self.shapes[node.name] = node.output_shape(tuple(self.shapes[source] for source in node.inputs))
        self.nodes.append(node)
        return node.name

    def unique(self, name: str) -> str:
        """``name``, or ``name_2``, ``name_3`` ... where that is taken."""
        candidate, count = name, 1
        while candidate in self.shapes:
            count += 1
            candidate = f"{name}_{count}"
        return candidate

    def note(self, text: str) -> None:
        """Record something that the user should know: a layer dropped, a default taken."""
        self.notes.append(text)

    def build(self, outputs: tuple[str, ...], name: str) -> Network:
        """The finished network; raises ModelError where it is not a valid one."""
        return Network(tuple(self.nodes), outputs, name=name, notes=tuple(self.notes))
