"""The FIFOs of a generated io_stream project: its layers as processes, and the depth of every stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from accelgen.backend.graph import build_graph
from accelgen.backend.kernels.registry import load_kernels
from accelgen.backend.layers import Lowered, lower
from accelgen.backend.stream_kernels import StreamKernels
from accelgen.design import Design, IoType
from accelgen.design.reuse import legalize
from accelgen.design.streaming import Channel, Dataflow, Process, automatic_depths, simulate, walks
from accelgen.design.streaming.depths import INFERENCES
from accelgen.design.streaming.schedule import earliest
from accelgen.errors import DesignError
from accelgen.ir import Network


def design_dataflow(network: Network, design: Design) -> Dataflow:
    """The processes and streams that an exact network becomes in io_stream; the code is generated for it.

    Raises:
        DesignError: a choice that the network cannot have.
        UnsupportedError: a node that no kernel computes.
    """
    return _streams(network, design)[1]


def layer_streams(network: Network, design: Design) -> tuple[Dataflow, dict[str, tuple[str, ...]]]:
    """`design_dataflow`, and by layer the FIFOs whose depth is its ``fifo_depth``; raises as that does."""
    lowered, dataflow = _streams(network, design)
    owners = _owners(lowered, dataflow)
    streams: dict[str, tuple[str, ...]] = {}
    for fifo in dataflow.fifos:
        for layer in owners[fifo.source].results[:1]:
            streams[layer] = (*streams.get(layer, ()), fifo.name)
    return dataflow, streams


def _streams(network: Network, design: Design) -> tuple[Lowered, Dataflow]:
    load_kernels()
    lowered = lower(network, legalize(network, replace(design, io_type=IoType.STREAM))[0])
    return lowered, stream_dataflow(lowered, build_graph(lowered, "top"))


def stream_dataflow(lowered: Lowered, graph: Any) -> Dataflow:
    """The layers of a generated graph as processes, its streams as channels by their C++ names."""
    layers = {layer.name: layer for layer in lowered.layers}
    kernels = StreamKernels(lowered.context)
    streams: dict[str, Any] = {}
    views: dict[str, str] = {}
    sources: dict[str, str] = {}
    targets: dict[str, str] = {}
    processes: list[Process] = []
    for layer in graph.get_layers():
        variables = {variable.name: variable for variable in layer.get_variables()}
        if layer.class_name == "Input":
            streams |= variables
            continue
        read = [layer.get_input_variable(name).name for name in layer.inputs]
        read = [views.get(name, name) for name in read]
        if _is_view(layer):
            views |= dict.fromkeys(variables, read[0])
            continue
        streams |= variables
        sources |= dict.fromkeys(variables, layer.name)
        targets |= dict.fromkeys(read, layer.name)
        inputs, (result, *_) = [_tokens(streams[name]) for name in read], map(_tokens, variables.values())
        if layer.name in layers:
            own = layers[layer.name]
            walk, timing = kernels.walk(own, inputs, result), kernels.timing(own)
        else:  # a clone, which only the graph has
            walk, timing = walks.regroup(inputs, result), walks.Timing()
        processes.append(walks.process(layer.name, walk, timing, read, list(variables)))
    channels = (
        Channel(name, sources.get(name, ""), targets.get(name, ""), _tokens(stream), _bits(stream))
        for name, stream in streams.items()
    )
    return Dataflow(tuple(processes), tuple(channels))


def _is_view(layer: Any) -> bool:
    """Whether a layer is another name for the stream that it reads: a flatten, which has no function."""
    return bool(layer.class_name == "Reshape")


def _tokens(stream: Any) -> int:
    return int(stream.size()) // int(stream.type.n_elem)


def _bits(stream: Any) -> int:
    return int(stream.type.n_elem) * int(stream.type.precision.width)


@dataclass(frozen=True)
class Fifo:
    """A FIFO of a project.

    Attributes:
        stream: its name in the C++ code.
        layer: the layer whose result it holds, as the design names it, or a step on the way to one.
        reader: the layer in the C++ code that reads it.
        tokens: of one inference; a token is one position's channels.
        bits: of a token.
        depth: tokens that it holds.
        automatic: whether accelgen chose the depth.
    """

    stream: str
    layer: str
    reader: str
    tokens: int
    bits: int
    depth: int
    automatic: bool


def plan_fifos(lowered: Lowered, graph: Any) -> tuple[tuple[Fifo, ...], tuple[str, ...]]:
    """The FIFOs of a generated graph, whose pragmas get their depths, and what there is to say about them.

    Depths are the design's where it gives some, else those of `automatic_depths`.

    Raises:
        DesignError: with the design's depths it stops, whatever its cycles are.
    """
    dataflow = stream_dataflow(lowered, graph)
    owners = _owners(lowered, dataflow)
    chosen = automatic_depths(dataflow)
    asked = {fifo.name: depth for fifo in dataflow.fifos if (depth := _asked(lowered, owners[fifo.source]))}
    depths = chosen | asked
    fifos = tuple(
        Fifo(
            stream=channel.name,
            layer=owners[channel.source].layer,
            reader=channel.target,
            tokens=channel.tokens,
            bits=channel.bits,
            depth=depths[channel.name],
            automatic=channel.name not in asked,
        )
        for channel in dataflow.fifos
    )
    shallow = [fifo for fifo in fifos if fifo.depth < chosen[fifo.stream]]
    notes = _check(dataflow, shallow, chosen, depths) if shallow else ()
    for layer in graph.get_layers():
        for variable in layer.get_variables():
            if variable.name in depths:
                variable.pragma = ("stream", depths[variable.name])
    return fifos, notes


@dataclass(frozen=True)
class _Owner:
    """Whose result a process gives: the layer's name, a step's own, and the nodes for which it stands."""

    layer: str
    results: tuple[str, ...] = ()


def _owners(lowered: Lowered, dataflow: Dataflow) -> dict[str, _Owner]:
    """By process; a clone hands on the result of what it reads."""
    kernels = StreamKernels(lowered.context)
    owners: dict[str, _Owner] = {}
    for layer in lowered.layers:
        node = kernels.node(layer)
        if node is None or layer.node is None:
            owners[layer.name] = _Owner(layer.name)
        else:
            owners[layer.name] = _Owner(node.name, (layer.node, node.name))
    for channel in dataflow.channels:
        if channel.target and channel.target not in owners:
            owners[channel.target] = owners[channel.source or channel.name]
    return owners


def _asked(lowered: Lowered, owner: _Owner) -> int:
    """The depth that the design gives for a layer's result, 0 for none."""
    return lowered.context.design.fifo_depth(owner.results) if owner.results else 0


_NAMED = 4
"""FIFOs that a message names."""


def _check(
    dataflow: Dataflow, shallow: Sequence[Fifo], automatic: Mapping[str, int], depths: Mapping[str, int]
) -> tuple[str, ...]:
    """Notes on FIFOs that are less deep than they would be if left to accelgen."""
    given = ", ".join(
        f"{fifo.layer!r} {fifo.depth} (automatic: {automatic[fifo.stream]})" for fifo in shallow[:_NAMED]
    )
    if len(shallow) > _NAMED:
        given += f" and {len(shallow) - _NAMED} more"
    in_order = dataflow.with_in_flight({process.name: 0 for process in dataflow.processes})
    if stopped := simulate(in_order, depths).deadlock:
        raise DesignError(
            f"the design stops with FIFOs of these depths: {given}; {stopped[0]} for ever. "
            "Give deeper ones, or none to leave them to accelgen"
        )
    run = simulate(dataflow, depths, INFERENCES)
    if run.deadlock:
        return (f"simulation says that the design stops with FIFOs of these depths: {given}",)
    *_, last, latest = fastest = earliest(dataflow, INFERENCES).finished.tolist()
    if list(run.finished) == fastest:
        return ()
    slower = (
        f"FIFOs of these depths slow the design down: {given}. Simulated, its latency is {run.latency:,} "
        f"instead of {fastest[0]:,} cycles, its interval {run.interval:,} instead of {latest - last:,}"
    )
    return (slower,)
