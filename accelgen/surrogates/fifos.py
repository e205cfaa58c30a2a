"""FIFOs of io_stream as estimates count them.

Depths are `accelgen.design.streaming.automatic_depths` of a network whose layers with weights all end one
position before the next, as in Resource strategy, with no factor and no few-bit kernel. So all designs of one
network share them: a sweep works them out once, and what a layer costs does not depend on what others are
chosen to be. Those of a build follow its own strategies and factors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from weakref import WeakKeyDictionary

from accelgen.design import Design
from accelgen.design.streaming import Channel, Dataflow, Process, automatic_depths, walks
from accelgen.design.streaming.cost import FifoCost, fifo_cost
from accelgen.design.streaming.loops import is_view, layer_walk, padding_walks, tokens
from accelgen.design.streaming.walks import Timing, Walk
from accelgen.ir import Conv, Dense, DepthwiseConv, Input, Network, Node, Recurrent
from accelgen.surrogates.record import DesignRecord


@dataclass(frozen=True)
class _Fifo:
    """A FIFO that holds the result of a layer or input (empty: a padded image), and where it is counted."""

    result: str
    counted_at: str
    reader: str
    depth: int
    bits: int


_FOUND: WeakKeyDictionary[Network, tuple[_Fifo, ...]] = WeakKeyDictionary()


def with_fifos(
    record: DesignRecord, network: Network, design: Design, fused: Mapping[str, str], casts: Mapping[str, str]
) -> DesignRecord:
    """The record of a design in io_stream with what its FIFOs cost; those of copied inputs at their readers.

    ``fused`` are casts and thresholds that layers before them perform, each with that layer; ``casts`` those
    that every design has.
    """
    if network not in _FOUND:
        _FOUND[network] = _Graph(network, casts).fifos()
    costs: dict[str, FifoCost] = {}
    for fifo in _FOUND[network]:
        if fused.get(fifo.reader, "") != fifo.result or not fifo.result:
            layer = fused.get(fifo.counted_at, fifo.counted_at)
            depth = (fifo.result and _asked(fifo.result, design, fused)) or fifo.depth
            costs[layer] = costs.get(layer, FifoCost()) + fifo_cost(depth, fifo.bits)
    layers = (
        replace(layer, fifo_lut=cost.lut, fifo_18k=cost.bram_18k)
        for layer in record.layers
        for cost in [costs.get(layer.name, FifoCost())]
    )
    return replace(record, layers=tuple(layers))


def _asked(result: str, design: Design, fused: Mapping[str, str]) -> int:
    """The depth that a design gives for a result, 0 for none."""
    layer = fused.get(result, result)
    names = [*(cast for cast, performer in fused.items() if performer == layer), layer]
    return design.fifo_depth(names)


@dataclass(eq=False)
class _Graph:
    """The processes and channels of a network, as they are built up."""

    network: Network
    casts: Mapping[str, str]
    _processes: list[Process] = field(default_factory=list)
    _channels: list[Channel] = field(default_factory=list)
    _counted: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Of each channel, the layer or input whose result it holds, and the one that it is counted at."""
    _unread: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """Channels of a result to a reader that does not have them yet, by both."""

    def fifos(self) -> tuple[_Fifo, ...]:
        """All FIFOs with their depths."""
        dataflow = self._dataflow()
        depths = automatic_depths(dataflow)
        return tuple(
            _Fifo(*self._counted[fifo.name], fifo.target, depths[fifo.name], fifo.bits)
            for fifo in dataflow.fifos
        )

    def _dataflow(self) -> Dataflow:
        built = [node for node in self.network if node.name not in self.casts]
        built = [node for node in built if not is_view(node, self.network)]
        readers: dict[str, list[str]] = {node.name: [] for node in built}
        for node in built:
            for name in node.inputs:
                readers[self._producer(name)].append(node.name)
        for name in self.network.outputs:
            readers[self._producer(name)].append("")
        results = {layer: cast for cast, layer in self.casts.items()}
        for node in built:
            bits = self.network.types[results.get(node.name, node.name)].width
            bits *= prod(self.network.shapes[node.name][-1:])
            if isinstance(node, Input):
                self._hand_on(node.name, "", tokens(node.name, self.network), bits, readers[node.name])
                continue
            walk = layer_walk(node, self.network)
            inputs = [self._unread[self._producer(name), node.name].pop() for name in node.inputs]
            if isinstance(node, Conv | DepthwiseConv) and any(pad for pads in node.padding for pad in pads):
                padding, walk = padding_walks(node, self.network)
                inputs = [self._pad(node.name, padding, inputs[0])]
            self._processes.append(
                walks.process(node.name, walk, _timing(node), inputs, [_result(node.name)])
            )
            self._hand_on(node.name, node.name, len(walk.writes), bits, readers[node.name])
        return Dataflow(tuple(self._processes), tuple(self._channels))

    def _producer(self, name: str) -> str:
        """The layer or input whose result is read by a name."""
        if name in self.casts:
            return self._producer(self.casts[name])
        node = self.network[name]
        return self._producer(node.inputs[0]) if is_view(node, self.network) else name

    def _hand_on(self, name: str, source: str, n_tokens: int, bits: int, readers: Sequence[str]) -> None:
        """The channel of a result, or copies of it where several read it; an empty reader is a port."""
        if len(readers) < 2:
            reader = readers[0] if readers else ""
            self._connect(Channel(_result(name), source, reader, n_tokens, bits), name, name)
            return
        copier, walk = f"copies of {name}", walks.regroup([n_tokens], n_tokens)
        copies = [f"copy {number} of {name}" for number in range(len(readers))]
        self._connect(Channel(_result(name), source, copier, n_tokens, bits), name, name)
        self._processes.append(walks.process(copier, walk, Timing(), [_result(name)], copies))
        for copy, reader in zip(copies, readers, strict=True):
            self._connect(Channel(copy, copier, reader, n_tokens, bits), name, name if source else reader)

    def _pad(self, name: str, walk: Walk, source: str) -> str:
        """The padding before a layer, and the channel to it."""
        process = f"padding of {name}"
        place = next(at for at, channel in enumerate(self._channels) if channel.name == source)
        read = self._channels[place] = replace(self._channels[place], target=process)
        padded = Channel(f"padded {name}", process, name, len(walk.writes), read.bits)
        self._connect(padded, "", name)
        self._processes.append(walks.process(process, walk, Timing(), [source], [padded.name]))
        return padded.name

    def _connect(self, channel: Channel, result: str, counted_at: str) -> None:
        self._channels.append(channel)
        self._counted[channel.name] = (result, counted_at)
        self._unread.setdefault((result, channel.target), []).append(channel.name)


def _result(name: str) -> str:
    return f"result of {name}"


def _timing(node: Node) -> Timing:
    """Steps of kernels as `accelgen.surrogates.rules.stream` and `recurrent` count them, without factors."""
    if isinstance(node, Conv | DepthwiseConv):
        return Timing(6, 8, 0)
    if isinstance(node, Dense):
        return Timing(1, 8, 0)
    return Timing(22, 22, 0) if isinstance(node, Recurrent) else Timing()
