"""Lowering to packed kernels: layers of few bits, thresholds and pools that write words, and conversions."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np

from accelgen.backend.kernels.gather import keeps_packs
from accelgen.backend.kernels.packed_linear import packed_linear_attributes
from accelgen.backend.kernels.packing import (
    pack_attributes,
    pack_thresholds_attributes,
    packed_pool_attributes,
    unpack_attributes,
)
from accelgen.backend.lowering import Context, HlsLayer
from accelgen.backend.packed import PackedLinear, PackedTensor, Thresholds
from accelgen.backend.packed_sums import packed_linear
from accelgen.design import LayerDesign, RowSharing, Strategy
from accelgen.design.costs import Costs, FewBitProduct, Reading, folded_costs, unrolled_costs
from accelgen.design.few_bit import Levels
from accelgen.design.folding import Folding
from accelgen.design.row_choice import choose_program
from accelgen.errors import DesignError
from accelgen.ir import Conv, Dense, FixedType, Node, Pool, Threshold
from accelgen.ir.grid import to_fixed
from accelgen.reference import threshold_codes


def lower_packed(node: Node, context: Context) -> HlsLayer:
    """The layer of a node that `Packing.computes`."""
    match node:
        case Dense() | Conv():
            return _linear(node, context)
        case Threshold():
            return _thresholds(node, context)
        case Pool():
            return _pool(node, context)
    raise AssertionError(f"no packed kernel computes a {type(node).__name__}")


def conversions(node: Node, context: Context) -> list[HlsLayer]:
    """The steps that turn the node's result into its other form, where that is read."""
    if node.name in context.packing.packs:
        name, tensor = context.packed(node.name)
        kind = context.result_type(node)
        step = HlsLayer(
            "AccelgenKernel",
            name,
            (context.name(node.name),),
            {"result": tensor.word_type},
            {**pack_attributes(node.name, kind, tensor), "kernel": "pack"},
        )
        return [step]
    if node.name in context.packing.unpacks:
        name, tensor = context.packed(node.name)
        kind, shape = context.type(node.name), context.shape(node.name)
        step = HlsLayer(
            "AccelgenKernel",
            context.name(node.name),
            (name,),
            {"result": kind},
            {**unpack_attributes(node.name, tensor, kind, shape), "kernel": "unpack"},
        )
        return [step]
    return []


def _linear(node: Dense | Conv, context: Context) -> HlsLayer:
    few = context.packing.layers[node.name]
    (source,) = node.inputs
    arrives: PackedTensor | FixedType
    if isinstance(few.inputs, Levels):
        name, arrives = context.packed(source)
    else:
        name, arrives = context.name(source), context.input_types(node)[0]
    end = context.represented(node)
    threshold = end if isinstance(end, Threshold) else None
    result = None if threshold is None else context.packing.tensors.get(threshold.name)
    sums = packed_linear(node, few, arrives, context.shape(source), threshold, result)
    try:
        layer, choice = _with_rows(sums, context.choice(node))
    except DesignError as error:
        raise DesignError(f"layer {node.name!r}: {error}") from None
    types = {} if result is None else {"result": result.word_type}
    shape = context.shape(node.name)
    attributes = packed_linear_attributes(layer, node.name, shape)
    lowered = context.layer("AccelgenKernel", node, types, (name,), **attributes)
    reading = _reading(layer, source, context) if context.stream else None
    costs = _costs(layer, few.inputs, prod(shape[:-1]), reading)
    return replace(lowered, design=choice, words=result, costs=costs)


def _with_rows(layer: PackedLinear, choice: LayerDesign) -> tuple[PackedLinear, LayerDesign]:
    """The layer with its rows' computation decided, and the choice with what was decided.

    Words of constants are what plain rows of weights other than 0 come to, in less code.
    """
    if choice.strategy is Strategy.PACKED_FOLDED:
        folding = Folding(choice.pe, choice.simd)
        return replace(layer, folding=folding, weight_memory=choice.weight_memory), choice
    packed = isinstance(layer.input, PackedTensor)
    bits = 1 if isinstance(layer.input, PackedTensor) else layer.input.width
    program = choose_program(layer.matrix, choice.row_sharing, choice.max_depth, bits)
    words = packed and program.sharing is RowSharing.NONE and bool(np.all(layer.matrix != 0))
    layer = replace(
        layer,
        program=None if words else program,
        parallel_positions=choice.parallelization_factor,
    )
    return layer, replace(choice, row_sharing=program.sharing)


def _reading(layer: PackedLinear, source: str, context: Context) -> Reading:
    """What the layer takes from its stream; a window reads the padding too."""
    window = layer.window
    if window is not None:
        rows, columns = (sum(pads) for pads in window.padding)
        return Reading((window.in_height + rows) * (window.in_width + columns), slides=True)
    if isinstance(layer.input, PackedTensor):
        return Reading(prod(layer.input.positions), slides=False)
    node = context.network[source]
    shape = context.shape(node.inputs[0] if keeps_packs(node, context) else source)
    return Reading(prod(shape[:-1]), slides=False)


def _costs(layer: PackedLinear, inputs: Levels | FixedType, positions: int, reading: Reading | None) -> Costs:
    finish = layer.finish
    n_classes, n_thresholds = 1, 0
    if isinstance(finish, Thresholds):
        n_classes, _, n_thresholds = finish.codes.shape
    product = FewBitProduct(layer.matrix, inputs, positions, n_thresholds, n_classes)
    if layer.folding is not None:
        return folded_costs(product, layer.folding, layer.weight_memory, reading)
    return unrolled_costs(product, layer.program, layer.parallel_positions, reading)


def _thresholds(node: Threshold, context: Context) -> HlsLayer:
    """Comparisons whose levels are packed."""
    (kind,) = context.input_types(node)
    _, tensor = context.packed(node.name)
    edges = np.atleast_2d(threshold_codes(node, kind.fraction))
    # a code just beyond the type says the same as one far beyond, which int64 might not hold
    codes = np.clip(edges, kind.min_code, kind.max_code + 1).astype(np.int64)
    values = np.atleast_2d(to_fixed(node.values).codes)
    levels = np.unique(values, return_inverse=True)[1].reshape(values.shape)
    attributes = pack_thresholds_attributes(node.name, kind, codes, levels, tensor)
    return _words(node, context, context.name(node.inputs[0]), tensor, attributes, "pack_thresholds")


def _pool(node: Pool, context: Context) -> HlsLayer:
    name, _ = context.packed(node.inputs[0])
    _, tensor = context.packed(node.name)
    attributes = packed_pool_attributes(node, context.shape(node.inputs[0]), tensor)
    return _words(node, context, name, tensor, attributes, "pool_words")


def _words(
    node: Node,
    context: Context,
    source: str,
    tensor: PackedTensor,
    attributes: dict[str, object],
    kernel: str,
) -> HlsLayer:
    """A layer that gives the node's result as words and is not a product."""
    types = {"result": tensor.word_type}
    layer = context.layer("AccelgenKernel", node, types, (source,), **{**attributes, "kernel": kernel})
    return replace(layer, words=tensor)
