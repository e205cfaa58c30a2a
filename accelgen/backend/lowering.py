"""From the nodes of an exact network to the layers that hls4ml generates code for.

One function a node class, registered with `lowers`, turns a node into a chain of `HlsLayer`s. A node whose
only consumer is a `Quantize` may take over its cast (``fuses``): the kernel then assigns its exact value to
the quantizer's type, whose rounding and overflow modes do the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, TypeVar

from accelgen.backend.naming import safe_names
from accelgen.backend.packed import WordType
from accelgen.design import Design, IoType, LayerDesign
from accelgen.errors import DesignError, UnsupportedError
from accelgen.ir import FixedType, Input, Network, Node, Quantize, Reshape
from accelgen.ir.nodes import Shape


@dataclass(frozen=True, eq=False)
class HlsLayer:
    """One hls4ml layer.

    ``class_name`` is an hls4ml layer class or that of an own kernel; ``name`` and ``inputs`` are C++-safe
    names (`Context.name`). ``types`` gives the precision of every type the class declares: "result" always,
    "weight", "bias", "accum", "table" ... where it has them. ``attributes`` are the class's own. ``node`` is
    the network node whose value the layer's result is, None for a step on the way there.
    """

    class_name: str
    name: str
    inputs: tuple[str, ...]
    types: Mapping[str, FixedType | WordType]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    design: LayerDesign | None = None
    node: str | None = None

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
    """Nodes whose cast the node they name as value performs: quantizer name -> producer name."""

    @property
    def stream(self) -> bool:
        """Whether data moves through FIFOs (io_stream)."""
        return self.design.io_type is IoType.STREAM

    def name(self, node: str) -> str:
        """The C++-safe name of the layer that holds the node's result."""
        return self.names[self.fused.get(node, node)]

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
        target = self.network[self._represents(node)]
        return target.type if isinstance(target, Quantize) else self.type(node.name)

    def _represents(self, node: Node) -> str:
        """The node whose value the node's layer holds: a quantizer that it fuses, else itself."""
        return next(
            (quantizer for quantizer, producer in self.fused.items() if producer == node.name), node.name
        )

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
            self._represents(node),
        )


Lowering = Callable[[Any, Context], Sequence[HlsLayer]]
"""Gives the layers of a node in order; the last one is named `Context.name` of the node."""


@dataclass(frozen=True)
class _Entry:
    function: Lowering
    fuses: bool


_LOWERINGS: dict[type[Node], _Entry] = {}

_Function = TypeVar("_Function", bound=Lowering)


def lowers(*kinds: type[Node], fuses: bool = False) -> Callable[[_Function], _Function]:
    """Register the decorated function for these node classes.

    ``fuses``: the kernel computes its exact value and casts it once, to the result type, so that a
    `Quantize` that alone consumes it needs no layer of its own.
    """

    def register(function: _Function) -> _Function:
        for kind in kinds:
            _LOWERINGS[kind] = _Entry(function, fuses)
        return function

    return register


def _fusions(network: Network) -> dict[str, str]:
    fused: dict[str, str] = {}
    for node in network:
        if not isinstance(node, Quantize):
            continue
        source = network[node.inputs[0]]
        entry = _LOWERINGS.get(type(source))
        alone = len(network.consumers[source.name]) == 1 and source.name not in network.outputs
        if entry is not None and entry.fuses and alone:
            fused[node.name] = source.name
    return fused


@dataclass(frozen=True, eq=False)
class Lowered:
    """A network's layers in topological order, and the names of those that are its ports."""

    layers: tuple[HlsLayer, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    context: Context


def lower(network: Network, design: Design) -> Lowered:
    """The layers of an exact network.

    Raises:
        UnsupportedError: a node of a class that no kernel computes.
        DesignError: more readers of one result than io_stream can serve.
    """
    context = Context(network, design, _names(network), _fusions(network))
    layers: list[HlsLayer] = []
    for node in network:
        if node.name in context.fused:
            continue
        entry = _LOWERINGS.get(type(node))
        if entry is None:
            raise UnsupportedError(
                f"layer {node.name!r}: there is no kernel for {type(node).__name__} "
                f"(there is for {', '.join(sorted(kind.__name__ for kind in _LOWERINGS))})"
            )
        layers.extend(entry.function(node, context))
    outputs: list[str] = []
    for position, name in enumerate(network.outputs):
        port = context.name(name)
        if port in outputs or isinstance(network[name], Input | Reshape):
            # an input, a second port of one result and a mere view have no array of their own to be a port
            layers.append(_copy(context, name, f"step_port{position}_{port}"))
            port = layers[-1].name
        outputs.append(port)
    if context.stream:
        _check_fan_out(context, layers, outputs)
    inputs = tuple(context.name(node.name) for node in network.inputs)
    return Lowered(tuple(layers), inputs, tuple(outputs), context)


MAX_STREAM_READERS = 7
"""hls4ml copies a stream for at most as many readers (nnet_stream.h, clone_stream)."""


def _check_fan_out(context: Context, layers: Sequence[HlsLayer], outputs: Sequence[str]) -> None:
    readers = Counter([*(name for layer in layers for name in layer.inputs), *outputs])
    for node in context.network:
        count = readers[context.name(node.name)]
        if count > MAX_STREAM_READERS:
            raise DesignError(
                f"layer {node.name!r}: {count} layers read its result, which io_stream can copy "
                f"{MAX_STREAM_READERS} times; use io_parallel"
            )


def _names(network: Network) -> dict[str, str]:
    """Inputs are named apart: theirs are the only names that become C++ variables."""
    names = safe_names([node.name for node in network])
    return {name: f"in_{safe}" if isinstance(network[name], Input) else safe for name, safe in names.items()}


def _copy(context: Context, name: str, port: str) -> HlsLayer:
    return HlsLayer(
        "Activation",
        port,
        (context.name(name),),
        {"result": context.type(name)},
        {"activation": "linear", "n_in": prod(context.shape(name))},
    )
