"""From an exact network and its legal design to the record that surrogates answer for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from weakref import WeakKeyDictionary

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.adder_cost import adder_cost
from accelgen.design.few_bit import levels_of
from accelgen.design.packed_choice import PACKED
from accelgen.design.reuse import cell_reuse_factor, matrix_shape
from accelgen.design.streaming.loops import is_view, loops
from accelgen.errors import PrecisionError
from accelgen.ir import (
    Affine,
    Clip,
    Concatenate,
    Conv,
    Dense,
    DepthwiseConv,
    EinsumDense,
    Embedding,
    Input,
    Lookup,
    Merge,
    Network,
    Node,
    Pad,
    Pool,
    Quantize,
    QuantizeArray,
    Recurrent,
    Relu,
    Reshape,
    Softmax,
    Threshold,
    Transpose,
    UpSample,
)
from accelgen.ir.recurrent import cell_network, cell_products
from accelgen.ir.softmax import softmax_plan
from accelgen.passes.infer_types import infer_types
from accelgen.surrogates.fifos import with_fifos
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord
from accelgen.surrogates.weights import known_cost

_ELEMENTWISE: Mapping[type[Node], LayerKind] = {
    Affine: LayerKind.NORMALIZE,
    Relu: LayerKind.RELU,
    Clip: LayerKind.RELU,
    Quantize: LayerKind.RELU,  # a rectifier is a cast with a comparison
    QuantizeArray: LayerKind.RELU,
    Threshold: LayerKind.PACKED,
    Lookup: LayerKind.TABLE,
    Embedding: LayerKind.TABLE,
    Merge: LayerKind.MERGE,
    Concatenate: LayerKind.MOVE,
    Reshape: LayerKind.MOVE,
    Transpose: LayerKind.MOVE,
    Pad: LayerKind.MOVE,
    UpSample: LayerKind.MOVE,
}


def describe(network: Network, design: Design) -> DesignRecord:
    """What hardware depends on, of an exact, typed network and a legal design for it.

    Layers are those that are built: a cast that the kernel before it performs is no layer, and neither is an
    input. A depthwise convolution has the taps of one channel for ``n_in``, a pool those of its window, and
    layers that act on each element have the elements that are there at once, which in io_stream are one
    position's.

    Raises:
        PrecisionError: the network has no types yet.
    """
    if any(node.name not in network.types for node in network):
        raise PrecisionError("the network has no types yet; run accelgen.passes.infer_types first")
    fused = _fused(network, design)
    record = DesignRecord(
        layers=tuple(_Describer(network, design, fused).layers()),
        io_type=design.io_type.value,
        part=design.part,
        clock_ns=design.clock_ns,
        clock_uncertainty_percent=design.clock_uncertainty_percent,
        backend="accelgen",
    )
    if design.io_type is IoType.PARALLEL:
        return record
    return with_fifos(record, network, design, fused, _fused(network, Design()))


def _fused(network: Network, design: Design) -> dict[str, str]:
    """Casts and thresholds that the layer before performs, each with that layer.

    The rule of `accelgen.backend.layers`, without the backend, which takes longer to import than to answer.
    """
    fused: dict[str, str] = {}
    for node in network:
        if not isinstance(node, Quantize | Threshold):
            continue
        source = network[node.inputs[0]]
        alone = len(network.consumers[source.name]) == 1 and source.name not in network.outputs
        if isinstance(node, Threshold):
            performs = design.layer(source.name).strategy in PACKED and isinstance(source, Dense | Conv)
        else:
            performs = not isinstance(source, Input | Reshape | Quantize)
        if alone and performs:
            fused[node.name] = source.name
    return fused


def with_factors(record: LayerRecord, node: Node, choice: LayerDesign) -> LayerRecord:
    """The record of a layer that multiplies, with the factors of a choice of the strategy that it has.

    The reuse factor of a recurrent layer is that of its product with the input.
    """
    used = choice.reuse_factor
    if isinstance(node, Recurrent):
        n_in, columns = cell_products(node)[0].weight.shape
        used = cell_reuse_factor(choice, n_in, columns)
    return replace(
        record,
        parallel_positions=choice.parallelization_factor,
        reuse_factor=used,
        requested_reuse_factor=choice.reuse_factor,
    )


_SUMS: WeakKeyDictionary[Recurrent, int] = WeakKeyDictionary()


def cell_sum_bits(node: Recurrent) -> int:
    """Bits of the widest sum of the matrix products in an exact cell, worked out once a node."""
    bits = _SUMS.get(node)
    if bits is None:
        types = infer_types(cell_network(node)).types
        bits = _SUMS[node] = max(types[step.name].width for step in node.cell if isinstance(step, Dense))
    return bits


@dataclass(frozen=True, eq=False)
class _Describer:
    network: Network
    design: Design
    fused: Mapping[str, str]

    def layers(self) -> Iterator[LayerRecord]:
        results = {layer: name for name, layer in self.fused.items()}
        for node in self.network:
            if not isinstance(node, Input) and node.name not in self.fused:
                yield self._layer(node, results.get(node.name, node.name))

    def _bits(self, name: str) -> int:
        return self.network.types[name].width

    def _layer(self, node: Node, result: str) -> LayerRecord:
        """One layer; ``result`` is the node whose value it gives."""
        inputs = dict.fromkeys(
            self.fused.get(source, source)
            for source in node.inputs
            if not isinstance(self.network[source], Input)
        )
        base = LayerRecord(
            name=node.name,
            kind=_ELEMENTWISE.get(type(node), LayerKind.OTHER),
            inputs=tuple(inputs),
            input_bits=max(self._bits(source) for source in node.inputs),
            result_bits=self._bits(result),
        )
        if self.design.io_type is IoType.STREAM and not is_view(node, self.network):
            loop = loops(self.network)[node.name]
            base = replace(base, steps=loop.steps, behind=loop.behind)
        match node:
            case Dense() | Conv() | DepthwiseConv() | EinsumDense():
                return self._matrix(base, node)
            case Recurrent():
                return self._recurrent(base, node)
            case Softmax():
                return self._softmax(base, node, result)
            case Pool():
                *positions, channels = self.network.shapes[node.name]
                size, repeats = prod(node.size), prod(positions)
                return replace(base, kind=LayerKind.POOL, n_in=size, n_out=channels, positions=repeats)
        return self._elementwise(base, node)

    def _matrix(self, base: LayerRecord, node: Dense | Conv | DepthwiseConv | EinsumDense) -> LayerRecord:
        matrix = matrix_shape(node, self.network)
        assert matrix is not None  # these are the nodes that have one
        choice, cost = self.design.layer(node.name), known_cost(node, node.weight)
        shape = self.network.shapes[node.name]
        if isinstance(node, DepthwiseConv):
            kind = LayerKind.DEPTHWISE
        elif choice.strategy in PACKED:
            kind = LayerKind.PACKED
        elif not matrix.convolution:
            kind = LayerKind.DENSE
        else:
            kind = LayerKind.CONV2D if len(shape) > 2 else LayerKind.CONV1D
        levels = levels_of(self.network, node.inputs[0]) if kind is LayerKind.PACKED else None
        record = replace(
            base,
            kind=kind,
            n_in=matrix.n_in,
            n_out=shape[-1] if isinstance(node, DepthwiseConv) else matrix.n_out,
            positions=matrix.positions,
            input_bits=base.input_bits if levels is None else levels.bits,
            weight_bits=cost.bits,
            accum_bits=self._bits(node.name),
            nonzero=cost.nonzero,
            digits=cost.digits,
            dsp_products=cost.dsp_products,
            strategy=choice.strategy.value,
        )
        if choice.strategy is Strategy.DISTRIBUTED_ARITHMETIC and self.design.io_type is IoType.PARALLEL:
            adders = adder_cost(node, self.network)
            if adders is not None:
                record = replace(
                    record,
                    adder_bits=adders.bits,
                    adder_levels=adders.levels,
                    held_bits=adders.held_bits,
                )
        return with_factors(record, node, choice)

    def _recurrent(self, base: LayerRecord, node: Recurrent) -> LayerRecord:
        """A recurrent layer."""
        choice = self.design.layer(node.name)
        steps, n_in = self.network.shapes[node.inputs[0]]
        units = self.network.shapes[node.name][-1]
        kernel = cell_products(node)[0]
        columns = sum(dense.weight.shape[1] for dense in kernel.nodes)
        cost = known_cost(node, *(dense.weight for dense in node.cell if isinstance(dense, Dense)))
        cells = {(2, 4): LayerKind.LSTM, (1, 3): LayerKind.GRU}  # by states and gates
        record = replace(
            base,
            kind=cells.get((len(node.states), columns // units), LayerKind.OTHER),
            n_in=n_in,
            n_out=units,
            positions=steps,
            weight_bits=cost.bits,
            accum_bits=cell_sum_bits(node),
            nonzero=cost.nonzero,
            digits=cost.digits,
            dsp_products=cost.dsp_products,
            strategy=choice.strategy.value,
        )
        return with_factors(record, node, choice)

    def _softmax(self, base: LayerRecord, node: Softmax, result: str) -> LayerRecord:
        *positions, classes = self.network.shapes[node.name]
        kind = self.network.types[result] if node.type is None else node.type
        plan = softmax_plan(self.network.types[node.inputs[0]].fraction, classes, kind)
        return replace(
            base,
            kind=LayerKind.SOFTMAX,
            n_in=classes,
            n_out=classes,
            positions=prod(positions),
            table_size=plan.exp_table.size + plan.reciprocal_base.size,
        )

    def _elementwise(self, base: LayerRecord, node: Node) -> LayerRecord:
        shape = self.network.shapes[node.name]
        elements, positions = prod(shape), 1
        if self.design.io_type is IoType.STREAM:
            elements, positions = prod(shape[-1:]), prod(shape[:-1])
        record = replace(base, n_in=elements, n_out=elements, positions=positions)
        match node:
            case Affine():
                cost, copies = known_cost(node, node.scale), max(1, elements // node.scale.size)
                return replace(
                    record,
                    weight_bits=cost.bits,
                    nonzero=cost.nonzero * copies,
                    digits=cost.digits * copies,
                    dsp_products=cost.dsp_products * copies,
                )
            case Lookup():
                return replace(record, table_size=node.values.size)
            case Embedding():
                return replace(record, table_size=node.table.size)
            case Threshold():
                return replace(record, table_size=node.values.shape[-1])
        return record
