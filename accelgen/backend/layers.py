"""From an exact network to the layers that hls4ml generates code for (see `accelgen.backend.lowering`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from accelgen.backend import standard  # noqa: F401  (registers its lowering functions)
from accelgen.backend.lowering import Context, HlsLayer, lowering_of
from accelgen.backend.naming import safe_names
from accelgen.backend.packed_layers import conversions, lower_packed
from accelgen.backend.packing import Packing, plan_packing
from accelgen.design import Design
from accelgen.design.kernels import STREAM_READERS, check_kernels, too_many_readers
from accelgen.ir import Input, Network, Node, Quantize, Reshape


def _fusions(network: Network, packing: Packing) -> dict[str, str]:
    fused = dict(packing.fused)
    for node in network:
        if not isinstance(node, Quantize):
            continue
        source = network[node.inputs[0]]
        entry = lowering_of(source)
        alone = len(network.consumers[source.name]) == 1 and source.name not in network.outputs
        if entry is not None and entry.fuses and alone and source.name not in packing.fused:
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
    check_kernels(network, design)
    packing = plan_packing(network, design)
    context = Context(network, design, _names(network), _fusions(network, packing), packing)
    layers: list[HlsLayer] = []
    for node in network:
        layers += _own_layers(node, context)
        layers += conversions(node, context)
    outputs: list[str] = []
    for position, name in enumerate(network.outputs):
        port = context.name(name)
        if port in outputs or isinstance(network[name], Input | Reshape):
            # an input, a second port of one result and a mere view have no array of their own to be a port
            layers.append(_copy(context, name, f"step_port{position}_{port}"))
            port = layers[-1].name
        outputs.append(port)
    if context.stream:
        _check_fan_out(layers, outputs)
    inputs = tuple(context.name(node.name) for node in network.inputs)
    return Lowered(tuple(layers), inputs, tuple(outputs), context)


def _own_layers(node: Node, context: Context) -> Sequence[HlsLayer]:
    """The layers that compute the node; none where another layer does, or only its words are read."""
    if node.name in context.fused or (
        node.name in context.packing.views and node.name not in context.packing.numbers
    ):
        return ()
    if context.packing.computes(node):
        return [lower_packed(node, context)]
    entry = lowering_of(node)
    assert entry is not None  # `check_kernels` lets no other node pass
    return entry.function(node, context)


def _check_fan_out(layers: Sequence[HlsLayer], outputs: Sequence[str]) -> None:
    readers = Counter([*(name for layer in layers for name in layer.inputs), *outputs])
    for layer in layers:
        if (count := readers[layer.name]) > STREAM_READERS:
            raise too_many_readers(layer.node or layer.name, count)


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
