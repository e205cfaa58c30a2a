"""Every legal choice of kernel and factors for a layer: what a search chooses from."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from accelgen.design.adder_cost import unknown_reason
from accelgen.design.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.factors import divisors
from accelgen.design.few_bit import few_bit_refusal
from accelgen.design.folding import legal_foldings, nearest_folding
from accelgen.design.packed_choice import folded_choice
from accelgen.design.reuse import MatrixShape, cell_reuse_factor, legal_reuse_factors, matrix_shape
from accelgen.ir import DepthwiseConv, Network, Node, Recurrent
from accelgen.ir.recurrent import cell_products

STRATEGIES = (Strategy.LATENCY, Strategy.RESOURCE, Strategy.PACKED_UNROLLED, Strategy.PACKED_FOLDED)
"""What alternatives differ by.

Estimates do not tell Resource Unrolled from Resource, so that there is nothing to choose by.
"""

SEARCHED = (*STRATEGIES, Strategy.DISTRIBUTED_ARITHMETIC)
"""These, and what a search chooses from where it is asked to: da4ml takes seconds to say what that costs."""


def alternatives(
    node: Node, network: Network, design: Design, strategies: Collection[Strategy] = STRATEGIES
) -> tuple[LayerDesign, ...]:
    """The choices for a layer that `accelgen.design.reuse.legalize` keeps as they are; none without a matrix.

    Row sharing, depth and memory of weights are those of ``design``. Of foldings that take the same cycles it
    is the one that a reuse factor leads to, since estimates do not tell them apart. Distributed arithmetic is
    a choice in io_parallel, for layers whose adders are known (`accelgen.design.adder_cost`).
    """
    return tuple(
        choice for choice in _all(node, network, design, strategies) if choice.strategy in strategies
    )


def _all(
    node: Node, network: Network, design: Design, strategies: Collection[Strategy]
) -> tuple[LayerDesign, ...]:
    if isinstance(node, Recurrent):
        return tuple(_recurrent(node))
    matrix = matrix_shape(node, network)
    if matrix is None:
        return ()
    found = list(_general(node, matrix, design))
    if few_bit_refusal(node, network) is None:
        found += _packed(matrix, design, design.layer(node.name))
    distributed = Strategy.DISTRIBUTED_ARITHMETIC in strategies and design.io_type is IoType.PARALLEL
    if distributed and unknown_reason(node, network) is None:
        found += [
            LayerDesign(Strategy.DISTRIBUTED_ARITHMETIC, 1, parallel)
            for parallel in _positions_at_once(matrix, design)
        ]
    return tuple(found)


def _positions_at_once(matrix: MatrixShape, design: Design) -> list[int]:
    return divisors(matrix.positions) if design.io_type is IoType.PARALLEL else [1]


def _general(node: Node, matrix: MatrixShape, design: Design) -> Iterator[LayerDesign]:
    legal = legal_reuse_factors(matrix.n_in, matrix.n_out)
    together = matrix.convolution and design.io_type is IoType.PARALLEL
    shared = divisors(matrix.n_in) if together else legal
    for parallel in _positions_at_once(matrix, design):
        yield from (LayerDesign(Strategy.LATENCY, factor, parallel) for factor in legal)
        if not isinstance(node, DepthwiseConv):
            yield from (LayerDesign(Strategy.RESOURCE, factor, parallel) for factor in shared)


def _packed(matrix: MatrixShape, design: Design, asked: LayerDesign) -> Iterator[LayerDesign]:
    for parallel in _positions_at_once(matrix, design):
        yield LayerDesign(
            Strategy.PACKED_UNROLLED,
            parallelization_factor=parallel,
            row_sharing=asked.row_sharing,
            max_depth=asked.max_depth,
        )
    n_in, n_out = matrix.n_in, matrix.n_out
    for cycles in sorted({folding.cycles(n_in, n_out) for folding in legal_foldings(n_in, n_out)}):
        yield folded_choice(asked, nearest_folding(n_in, n_out, cycles), cycles)


def _recurrent(node: Recurrent) -> Iterator[LayerDesign]:
    """One choice for each set of factors that the layer's matrices then have."""
    shapes = [product.weight.shape for product in cell_products(node)]
    legal = sorted({factor for n_in, n_out in shapes for factor in legal_reuse_factors(n_in, n_out)})
    for strategy in (Strategy.LATENCY, Strategy.RESOURCE):
        used: set[tuple[int, ...]] = set()
        for factor in legal:
            choice = LayerDesign(strategy, factor)
            factors = tuple(cell_reuse_factor(choice, n_in, n_out) for n_in, n_out in shapes)
            if factors not in used:
                used.add(factors)
                yield choice
