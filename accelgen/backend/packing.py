"""Which tensors travel as packed words of levels, which as ordinary numbers, and where one becomes the other.

A layer of few bits reads words, as do maximum pools and views on the way to one. Everything else, the
network's ports included, reads numbers. A tensor that is read in both forms is converted once, right after
the layer that gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from accelgen.backend.packed import PackedTensor
from accelgen.design import Design, IoType
from accelgen.design.few_bit import MAX_RESULT_BITS, FewBitMatrix, Levels, few_bit_matrix
from accelgen.design.packed_choice import PACKED
from accelgen.ir import Network, Node, Pool, Reshape, Threshold

MAX_FUSED_LEVELS = 16
"""A layer compares its sum with all thresholds at once; with more of them a search costs less."""


@dataclass(frozen=True, eq=False)
class Packing:
    """The plan for a network.

    ``layers`` are those that packed kernels compute, with their matrices; ``fused`` names the threshold
    nodes that such a layer applies to its sum, each with the layer. ``tensors`` are those that some layer
    reads packed. Of these, the ``native`` ones come from a layer that writes words, and ``views`` are other
    shapes of the tensors that they name. ``numbers`` are those that are read as ordinary numbers.
    """

    layers: Mapping[str, FewBitMatrix] = field(default_factory=dict)
    fused: Mapping[str, str] = field(default_factory=dict)
    tensors: Mapping[str, PackedTensor] = field(default_factory=dict)
    native: frozenset[str] = frozenset()
    views: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[str] = frozenset()

    @property
    def packs(self) -> frozenset[str]:
        """The tensors whose layer writes numbers, and that a step packs."""
        return frozenset(self.tensors) - self.native - frozenset(self.views)

    @property
    def unpacks(self) -> frozenset[str]:
        """The tensors whose layer writes words, and that a step unpacks."""
        return self.native & self.numbers

    def computes(self, node: Node) -> bool:
        """Whether a packed kernel computes the node: a layer of few bits, or a node that writes words."""
        return node.name in self.layers or node.name in self.native


def plan_packing(network: Network, design: Design) -> Packing:
    """The plan for an exact network and a legal design."""
    layers = _few_bit_layers(network, design)
    fused = _fused_thresholds(network, layers)
    tensors, views = _packed_tensors(network, layers, design.io_type is IoType.STREAM)
    native = frozenset(name for name in tensors if _writes_words(network[name], network))
    packing = Packing(layers, fused, tensors, native, views)
    return replace(packing, numbers=_read_as_numbers(network, packing))


def _few_bit_layers(network: Network, design: Design) -> dict[str, FewBitMatrix]:
    found: dict[str, FewBitMatrix] = {}
    for node in network:
        if design.layer(node.name).strategy in PACKED:
            few = few_bit_matrix(node, network)
            if few is not None:
                found[node.name] = few
    return found


def _fused_thresholds(network: Network, layers: Mapping[str, FewBitMatrix]) -> dict[str, str]:
    return {
        node.name: node.inputs[0]
        for node in network
        if isinstance(node, Threshold)
        and node.inputs[0] in layers
        and len(network.consumers[node.inputs[0]]) == 1
        and node.inputs[0] not in network.outputs
        and 1 < np.unique(node.values).size <= MAX_FUSED_LEVELS
        and node.is_monotone
    }


def _writes_words(node: Node, network: Network) -> bool:
    """Whether a node that is read packed has a kernel that writes words."""
    if isinstance(node, Threshold):
        return node.is_monotone and network.types[node.inputs[0]].width <= MAX_RESULT_BITS
    return isinstance(node, Pool)


def _packed_tensors(
    network: Network, layers: Mapping[str, FewBitMatrix], stream: bool
) -> tuple[dict[str, PackedTensor], dict[str, str]]:
    """The tensors that are read packed, and those among them that are views, by the tensor viewed.

    Found from the last layer back, since what reads a pool or a view decides how that is read.
    """
    packed: dict[str, Levels] = {}
    views: dict[str, str] = {}
    for node in reversed(network.nodes):
        if node.name in layers:
            levels = layers[node.name].inputs
            if isinstance(levels, Levels):
                packed[node.inputs[0]] = levels
        elif node.name in packed and isinstance(node, Pool):
            packed[node.inputs[0]] = packed[node.name]
        elif node.name in packed and isinstance(node, Reshape) and _is_view(node, network, stream):
            views[node.name] = node.inputs[0]
            packed[node.inputs[0]] = packed[node.name]
    tensors: dict[str, PackedTensor] = {}
    for node in network:
        if node.name in packed:
            *positions, channels = network.shapes[node.name]
            if node.name in views:
                source = tensors[views[node.name]]
                kept = source.channels == channels
                tensors[node.name] = replace(source, positions=tuple(positions)) if kept else source
            else:
                tensors[node.name] = PackedTensor(tuple(positions), channels, packed[node.name])
    return tensors, views


def _is_view(node: Reshape, network: Network, stream: bool) -> bool:
    """Whether a packed tensor of another shape has the same words: its channels stay, or all become one axis.

    In io_parallel numbers are packed after they are reshaped: flattened, they fill larger words.
    """
    source = network[node.inputs[0]]
    if isinstance(source, Reshape) or not (stream or _writes_words(source, network)):
        return False
    return len(node.shape) == 1 or node.shape[-1] == network.shapes[source.name][-1]


def _read_as_numbers(network: Network, packing: Packing) -> frozenset[str]:
    """The tensors that a port, or a layer that reads no words, reads."""
    found = set(network.outputs)
    for node in reversed(network.nodes):
        few = packing.layers.get(node.name)
        if few is not None:
            reads_words = isinstance(few.inputs, Levels)
        elif node.name in packing.views:
            reads_words = node.name not in found
        else:
            reads_words = node.name in packing.native and isinstance(node, Pool)
        if not reads_words:
            found.update(node.inputs)
    return frozenset(found)
