"""Reuse factors that hls4ml's resource kernels compute correctly, and the nearest one to a request.

Source: `FPGABackend.get_valid_reuse_factors` of hls4ml 1.3; `legal_reuse_factors` is its closed form.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isqrt, prod

from accelgen.design.design import Design, IoType, LayerDesign, Strategy
from accelgen.errors import DesignError
from accelgen.ir import Conv, Dense, DepthwiseConv, EinsumDense, Network, Node


def divisors(number: int) -> list[int]:
    """Every divisor of a positive number, ascending."""
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def legal_reuse_factors(n_in: int, n_out: int) -> list[int]:
    """The legal reuse factors of an ``n_in`` by ``n_out`` matrix-vector product, ascending.

    They are the divisors of ``n_in`` and ``n_in`` times the divisors of ``n_out``.
    """
    return divisors(n_in) + [n_in * d for d in divisors(n_out)[1:]]


def nearest(legal: Sequence[int], requested: int) -> int:
    """The value of ascending ``legal`` nearest to ``requested``, the smaller one of two as near."""
    position = bisect_left(legal, requested)
    if position == 0:
        return legal[0]
    if position == len(legal):
        return legal[-1]
    before, after = legal[position - 1], legal[position]
    return after if after - requested < requested - before else before


@dataclass(frozen=True)
class Adjustment:
    """A requested choice that a layer cannot have, and what it became."""

    layer: str
    choice: str
    requested: str
    used: str
    reason: str

    def __str__(self) -> str:
        return f"layer {self.layer!r}: {self.choice} {self.requested} became {self.used} ({self.reason})"


def matrix_size(node: Node) -> tuple[int, int] | None:
    """(n_in, n_out) of the matrix-vector product that a layer repeats; None where it has none.

    Groups and dilation count as the zeros that fill them up, and so does the diagonal form of a depthwise
    convolution: that is how they are built.
    """
    if isinstance(node, Dense):
        n_in, n_out = node.weight.shape
        return n_in, n_out
    if isinstance(node, Conv | DepthwiseConv):
        kernel = [(taps - 1) * step + 1 for taps, step in zip(node.weight.shape, node.dilation, strict=False)]
        channels, last = node.weight.shape[-2:]
        if isinstance(node, Conv):
            return prod(kernel) * channels * node.groups, last
        return prod(kernel) * channels, channels * last
    return None


def legalize(network: Network, design: Design) -> tuple[Design, tuple[Adjustment, ...]]:
    """The design with a legal entry for every layer that multiplies, and what had to change for that.

    Raises:
        DesignError: the design names a layer that the network does not have, or asks for distributed
            arithmetic with a reuse factor other than 1.
    """
    for name in design.layers:
        if name not in network:
            raise DesignError(f"the design names the layer {name!r}, which the network does not have")
    layers: dict[str, LayerDesign] = {}
    adjustments: list[Adjustment] = []
    for node in network:
        size = matrix_size(node)
        if size is None:
            if node.name in design.layers or isinstance(node, EinsumDense):
                layers[node.name] = design.layer(node.name)
            continue
        choice, changes = _legal_choice(node, size, network.shapes[node.name], design)
        layers[node.name] = choice
        adjustments += changes
    return replace(design, layers=layers), tuple(adjustments)


def _legal_choice(
    node: Node, size: tuple[int, int], shape: tuple[int, ...], design: Design
) -> tuple[LayerDesign, list[Adjustment]]:
    choice = design.layer(node.name)
    changes: list[Adjustment] = []

    def become(field: str, requested: object, used: object, reason: str) -> None:
        if requested != used:
            changes.append(Adjustment(node.name, field, str(requested), str(used), reason))

    strategy = choice.strategy
    if strategy is Strategy.DISTRIBUTED_ARITHMETIC and choice.reuse_factor != 1:
        raise DesignError(
            f"layer {node.name!r}: distributed arithmetic has no multipliers to share; set reuse_factor 1, "
            f"not {choice.reuse_factor}"
        )
    convolves = isinstance(node, Conv | DepthwiseConv) or len(shape) > 1
    parallel_convolution = convolves and design.io_type is IoType.PARALLEL
    if strategy is Strategy.RESOURCE_UNROLLED and (choice.reuse_factor == 1 or parallel_convolution):
        strategy = Strategy.RESOURCE
        reason = "a convolution in io_parallel" if parallel_convolution else "reuse factor 1"
        become("strategy", choice.strategy.value, strategy.value, f"there is no unrolled kernel for {reason}")

    reuse = choice.reuse_factor
    if strategy in (Strategy.RESOURCE, Strategy.RESOURCE_UNROLLED):
        legal = divisors(size[0]) if parallel_convolution else legal_reuse_factors(*size)
        if strategy is Strategy.RESOURCE_UNROLLED and len(legal) > 1:
            legal = legal[:-1]
        reuse = nearest(legal, reuse)
        become("reuse_factor", choice.reuse_factor, reuse, f"the nearest legal one for {size[0]} x {size[1]}")

    positions = choice.parallelization_factor
    if convolves:
        positions = nearest(divisors(prod(shape[:-1])), positions)
        reason = f"the nearest divisor of {prod(shape[:-1])} positions"
        become("parallelization_factor", choice.parallelization_factor, positions, reason)
    return LayerDesign(strategy, reuse, positions), changes
