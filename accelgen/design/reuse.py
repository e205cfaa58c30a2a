"""Reuse factors that hls4ml's resource kernels compute correctly, and the nearest one to a request.

Source: `FPGABackend.get_valid_reuse_factors` of hls4ml 1.3; `legal_reuse_factors` is its closed form.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

from accelgen.design.adjustment import Adjustment, Adjustments
from accelgen.design.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.factors import divisors, nearest
from accelgen.design.few_bit import few_bit_refusal
from accelgen.design.packed_choice import PACKED, general_choice, packed_choice
from accelgen.errors import DesignError
from accelgen.ir import Conv, Dense, DepthwiseConv, EinsumDense, Network, Node, Recurrent
from accelgen.ir.einsum import einsum_matrix
from accelgen.ir.recurrent import cell_products


def legal_reuse_factors(n_in: int, n_out: int) -> list[int]:
    """The legal reuse factors of an ``n_in`` by ``n_out`` matrix-vector product, ascending.

    They are the divisors of ``n_in`` and ``n_in`` times the divisors of ``n_out``.
    """
    return divisors(n_in) + [n_in * d for d in divisors(n_out)[1:]]


@dataclass(frozen=True)
class MatrixShape:
    """The matrix-vector product that a layer repeats; ``convolution`` says which kernels compute it."""

    n_in: int
    n_out: int
    positions: int = 1
    convolution: bool = False


def matrix_shape(node: Node, network: Network) -> MatrixShape | None:
    """The matrix of a layer; None where it has none.

    Groups and dilation count as the zeros that fill them up: that is how they are built. A depthwise
    convolution's matrix is a window of one channel by one result.
    """
    positions = prod(network.shapes[node.name][:-1])
    if isinstance(node, Dense):
        n_in, n_out = node.weight.shape
        return MatrixShape(n_in, n_out, positions, len(network.shapes[node.name]) > 1)
    if isinstance(node, EinsumDense):
        plan = einsum_matrix(node, network.shapes[node.inputs[0]])
        n_in, n_out = plan.matrix.shape
        return MatrixShape(n_in, n_out, plan.positions, convolution=True)
    if isinstance(node, Conv | DepthwiseConv):
        kernel = [(taps - 1) * step + 1 for taps, step in zip(node.weight.shape, node.dilation, strict=False)]
        channels, last = node.weight.shape[-2:]
        if isinstance(node, Conv):
            return MatrixShape(prod(kernel) * channels * node.groups, last, positions, convolution=True)
        return MatrixShape(prod(kernel), 1, positions, convolution=True)
    return None


def legalize(network: Network, design: Design) -> tuple[Design, tuple[Adjustment, ...]]:
    """The design with a legal entry for every layer that multiplies, and what had to change for that.

    Raises:
        DesignError: the design names a layer that the network does not have, or asks for distributed
            arithmetic with a reuse factor other than 1, for a folding that does not divide a layer's
            matrix, or for weights in a URAM that cannot hold them.
    """
    for name in design.layers:
        if name not in network:
            raise DesignError(f"the design names the layer {name!r}, which the network does not have")
    layers: dict[str, LayerDesign] = {}
    adjustments: list[Adjustment] = []
    for node in network:
        matrix = matrix_shape(node, network)
        if isinstance(node, Recurrent):
            choice, changes = _recurrent_choice(node, design)
        elif matrix is not None:
            choice, changes = _legal_choice(node, matrix, network, design)
        elif node.name in design.layers:
            choice, changes = design.layer(node.name), []
        else:
            continue
        choice, changes = _with_fifo_depth(choice, changes, node.name, design)
        layers[node.name] = choice
        adjustments += changes
    return replace(design, layers=layers), tuple(adjustments)


def _legal_choice(
    node: Node, matrix: MatrixShape, network: Network, design: Design
) -> tuple[LayerDesign, list[Adjustment]]:
    requested = design.layer(node.name)
    changes = Adjustments(node.name)
    parallel = nearest(divisors(matrix.positions), requested.parallelization_factor)
    if matrix.convolution:
        reason = f"the nearest divisor of {matrix.positions} positions"
        changes.become("parallelization_factor", requested.parallelization_factor, parallel, reason)
    choice = replace(requested, parallelization_factor=parallel)
    packs = choice.strategy is Strategy.AUTO or choice.strategy in PACKED
    refusal = few_bit_refusal(node, network) if packs else f"{choice.strategy.value} is no packed strategy"
    if refusal is None:
        return packed_choice(choice, matrix.n_in, matrix.n_out, design.part, changes), changes
    choice = general_choice(choice, refusal, changes)

    strategy = choice.strategy
    if isinstance(node, DepthwiseConv) and strategy is not Strategy.LATENCY:
        strategy = Strategy.LATENCY
        reason = "a depthwise convolution has no other kernel"
        changes.become("strategy", choice.strategy.value, strategy.value, reason)
    if strategy is Strategy.DISTRIBUTED_ARITHMETIC and choice.reuse_factor != 1:
        raise DesignError(
            f"layer {node.name!r}: distributed arithmetic has no multipliers to share; set reuse_factor 1, "
            f"not {choice.reuse_factor}"
        )
    parallel_convolution = matrix.convolution and design.io_type is IoType.PARALLEL
    if strategy is Strategy.RESOURCE_UNROLLED and (choice.reuse_factor == 1 or parallel_convolution):
        strategy = Strategy.RESOURCE
        reason = "a convolution in io_parallel" if parallel_convolution else "reuse factor 1"
        reason = f"there is no unrolled kernel for {reason}"
        changes.become("strategy", choice.strategy.value, strategy.value, reason)

    reuse = choice.reuse_factor
    if strategy in (Strategy.RESOURCE, Strategy.RESOURCE_UNROLLED):
        legal = legal_reuse_factors(matrix.n_in, matrix.n_out)
        if parallel_convolution:
            legal = divisors(matrix.n_in)
        elif strategy is Strategy.RESOURCE_UNROLLED and len(legal) > 1:
            legal = legal[:-1]
        reuse = nearest(legal, reuse)
        reason = f"the nearest legal one for {matrix.n_in} x {matrix.n_out}"
        changes.become("reuse_factor", choice.reuse_factor, reuse, reason)
    return replace(choice, strategy=strategy, reuse_factor=reuse), changes


def _with_fifo_depth(
    choice: LayerDesign, changes: list[Adjustment], name: str, design: Design
) -> tuple[LayerDesign, list[Adjustment]]:
    """A layer's choice with the depth asked for, whatever its kernel, where there are FIFOs."""
    asked = design.layer(name).fifo_depth
    depth = asked if design.io_type is IoType.STREAM else 0
    noted = Adjustments(name)
    noted.become("fifo_depth", asked, depth, f"{design.io_type.value} has no FIFOs")
    return replace(choice, fifo_depth=depth), [*changes, *noted]


def cell_reuse_factor(choice: LayerDesign, n_in: int, n_out: int) -> int:
    """The reuse factor of one of a recurrent layer's matrices: the nearest legal one, its own for each."""
    if choice.strategy is Strategy.LATENCY:
        return choice.reuse_factor
    return nearest(legal_reuse_factors(n_in, n_out), choice.reuse_factor)


def _recurrent_choice(node: Recurrent, design: Design) -> tuple[LayerDesign, list[Adjustment]]:
    """A recurrent layer's choice; its reuse factor stays as requested, each matrix takes its nearest."""
    requested = design.layer(node.name)
    changes = Adjustments(node.name)
    reason = "recurrent layers have no other kernel"
    choice = general_choice(requested, reason, changes)
    strategy = {
        Strategy.RESOURCE_UNROLLED: Strategy.RESOURCE,
        Strategy.DISTRIBUTED_ARITHMETIC: Strategy.LATENCY,
    }.get(choice.strategy, choice.strategy)
    changes.become("strategy", choice.strategy.value, strategy.value, reason)
    choice = replace(choice, strategy=strategy)
    for product in cell_products(node):
        n_in, n_out = product.weight.shape
        used = cell_reuse_factor(choice, n_in, n_out)
        reason = f"the nearest legal one for its {n_in} x {n_out} matrix"
        changes.become("reuse_factor", choice.reuse_factor, used, reason)
    return choice, changes
