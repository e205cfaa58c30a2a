"""What turns a node of an exact network into layers that hls4ml generates code for.

One function a node class, registered with `lowers`, turns a node into a chain of `HlsLayer`s. A node whose
only consumer is a `Quantize` may take over its cast (``fuses``): the kernel then assigns its exact value to
the quantizer's type, whose rounding and overflow modes do the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from accelgen.backend.packed import PackedTensor, WordType
from accelgen.backend.packing import Packing
from accelgen.design import Design, IoType, LayerDesign
from accelgen.design.costs import Costs
from accelgen.ir import FixedType, Network, Node, Quantize
from accelgen.ir.nodes import Shape


@dataclass(frozen=True, eq=False)
class HlsLayer:
    """One hls4ml layer.

    ``class_name`` is an hls4ml layer class or that of an own kernel; ``name`` and ``inputs`` are C++-safe
    names (`Context.name`). ``types`` gives the precision of every type the class declares: "result" always,
    "weight", "bias", "accum", "table" ... where it has them. ``attributes`` are the class's own. ``node`` is
    the network node whose value the layer's result is, None for a step on the way there. ``words`` says how
    the result is packed, where it is; ``costs`` is what a packed kernel costs.
    """

    class_name: str
    name: str
    inputs: tuple[str, ...]
    types: Mapping[str, FixedType | WordType]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    design: LayerDesign | None = None
    node: str | None = None
    words: PackedTensor | None = None
    costs: Costs | None = None

    def as_step(self, name: str) -> HlsLayer:
        """The same layer as a step on the way to a node's result."""
        return replace(self, name=name, node=None)


@dataclass(frozen=True, eq=False)
class Context:
    """What a lowering function may ask about the network around its node."""

    network: Network
    design: Design
    names: Mapping[str, str]
    fused: Mapping[str, str]
    """Casts and thresholds that the layer of the node before performs: their names -> its name."""
    packing: Packing

    @property
    def stream(self) -> bool:
        """Whether data moves through FIFOs (io_stream)."""
        return self.design.io_type is IoType.STREAM

    def name(self, node: str) -> str:
        """The C++-safe name of the layer that holds the node's result as ordinary numbers."""
        if node in self.packing.unpacks:
            return self.step_name(self.network[node], "unpack")
        return self.own_name(node)

    def own_name(self, node: str) -> str:
        """The C++-safe name of the layer that computes the node's result."""
        return self.names[self.fused.get(node, node)]

    def packed(self, node: str) -> tuple[str, PackedTensor]:
        """The C++-safe name of the layer that holds the node's result as words, and their layout."""
        tensor = self.packing.tensors[node]
        if node in self.packing.views:
            return self.packed(self.packing.views[node])[0], tensor
        if node in self.packing.native:
            return self.own_name(node), tensor
        return self.step_name(self.network[node], "pack"), tensor

    def step_name(self, node: Node, step: str) -> str:
        """A C++-safe name for a layer on the way to the node's result; ``step`` is a short identifier."""
        return f"step_{step}_{self.names[node.name]}"

    def inputs(self, node: Node) -> tuple[str, ...]:
        """The C++-safe names of the layers that feed the node."""
        return tuple(self.name(source) for source in node.inputs)

    def shape(self, node: str) -> Shape:
        """The shape of a node's result."""
        return self.network.shapes[node]

    def type(self, node: str) -> FixedType:
        """The exact type of a node's result, before any fused cast: what an accumulator must hold."""
        return self.network.types[node].storage()

    def input_types(self, node: Node) -> tuple[FixedType, ...]:
        """The types in which the node's inputs arrive."""
        return tuple(self.network.types[source].storage() for source in node.inputs)

    def result_type(self, node: Node) -> FixedType:
        """The type to which the node's layer casts its exact result: a fused quantizer's, else its own."""
        target = self.represented(node)
        return target.type if isinstance(target, Quantize) else self.type(target.name)

    def represented(self, node: Node) -> Node:
        """The node whose value the node's layer holds: one that it fuses, else itself."""
        names = (fused for fused, producer in self.fused.items() if producer == node.name)
        return self.network[next(names, node.name)]

    def choice(self, node: Node) -> LayerDesign:
        """The design's choices for the node."""
        return self.design.layer(node.name)

    def layer(
        self,
        class_name: str,
        node: Node,
        types: Mapping[str, FixedType | WordType] | None = None,
        inputs: tuple[str, ...] | None = None,
        **attributes: Any,
    ) -> HlsLayer:
        """The layer that gives the node's result; ``types`` beside "result", ``inputs`` if not its own."""
        return HlsLayer(
            class_name,
            self.names[node.name],
            self.inputs(node) if inputs is None else inputs,
            {"result": self.result_type(node), **(types or {})},
            attributes,
            self.choice(node),
            self.represented(node).name,
        )


Lowering = Callable[[Any, Context], Sequence[HlsLayer]]
"""Gives the layers of a node in order; the last one is named `Context.name` of the node."""


@dataclass(frozen=True)
class LoweringEntry:
    """A lowering function, and whether it fuses casts (see `lowers`)."""

    function: Lowering
    fuses: bool


_LOWERINGS: dict[type[Node], LoweringEntry] = {}

_Function = TypeVar("_Function", bound=Lowering)


def lowers(*kinds: type[Node], fuses: bool = False) -> Callable[[_Function], _Function]:
    """Register the decorated function for these node classes.

    ``fuses``: the kernel computes its exact value and casts it once, to the result type, so that a
    `Quantize` that alone consumes it needs no layer of its own.
    """

    def register(function: _Function) -> _Function:
        for kind in kinds:
            _LOWERINGS[kind] = LoweringEntry(function, fuses)
        return function

    return register


def lowering_of(node: Node) -> LoweringEntry | None:
    """What is registered for the node's class."""
    return _LOWERINGS.get(type(node))


def lowered_kinds() -> frozenset[type[Node]]:
    """The node classes that have a lowering function: those of `accelgen.design.kernels.KINDS`."""
    return frozenset(_LOWERINGS)
