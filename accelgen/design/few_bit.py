"""Which layers have so few bits that packed kernels compute them: XNOR, popcount, and sums by bit planes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import prod

import numpy as np
import numpy.typing as npt

from accelgen.ir import (
    Conv,
    Dense,
    FixedType,
    Input,
    Network,
    Node,
    Pool,
    PoolKind,
    Quantize,
    Reshape,
    Threshold,
)
from accelgen.ir.few_bits import MAX_LEVEL_BITS, is_few_bit, weight_bits
from accelgen.ir.grid import to_fixed

Integers = npt.NDArray[np.int64]

MAX_RESULT_BITS = 48
"""Of a packed layer's exact result, so that its sums, thresholds and offsets are 64-bit integers."""


@dataclass(frozen=True)
class Levels:
    """Equally spaced values: ``(first + step * n) * 2**-fraction`` for a level n from 0 to ``count - 1``.

    Bipolar values are two levels from -1 in steps of 2; ternary ones three levels from -1 in steps of 1.
    """

    first: int
    step: int
    count: int
    fraction: int = 0

    @property
    def bits(self) -> int:
        """Bits of a level: the planes in which a tensor of them is stored."""
        return max(1, (self.count - 1).bit_length())

    @classmethod
    def of_values(cls, values: npt.NDArray[np.float64]) -> Levels | None:
        """The levels whose values these are (each at least once); None where they are not equally spaced."""
        fixed = to_fixed(np.unique(values))
        codes = [int(code) for code in fixed.codes]
        steps = {after - before for before, after in pairwise(codes)}
        if len(steps) != 1:
            return None
        return cls(codes[0], steps.pop(), len(codes), fixed.fraction)

    @classmethod
    def of_type(cls, kind: FixedType) -> Levels:
        """The levels that are a type's codes."""
        return cls(kind.min_code, 1, kind.max_code - kind.min_code + 1, kind.fraction)


def levels_of(network: Network, name: str) -> Levels | None:
    """The levels of a node's result; None where it needs more than `MAX_LEVEL_BITS` or may do.

    Maximum pooling and reshaping keep their input's levels.
    """
    node = network[name]
    levels = None
    match node:
        case Threshold():
            levels = Levels.of_values(node.values)
        case Quantize() | Input() if node.type is not None:
            levels = Levels.of_type(node.type)
        case Reshape() | Pool(kind=PoolKind.MAX):
            return levels_of(network, node.inputs[0])
    return levels if levels is not None and levels.bits <= MAX_LEVEL_BITS else None


@dataclass(frozen=True, eq=False)
class FewBitMatrix:
    """The matrix of a layer of few bits: weights ``matrix * 2**-fraction``, (n_in, n_out).

    The rows of a convolution's matrix are in the order (tap, channel). ``inputs`` are the levels that the
    layer's input takes, or its type where these are too many to pack.
    """

    matrix: Integers
    fraction: int
    inputs: Levels | FixedType


def few_bit_refusal(node: Node, network: Network) -> str | None:
    """Why packed kernels do not compute a layer (`accelgen.ir.few_bits.is_few_bit`); None where they do."""
    if not isinstance(node, Dense | Conv):
        return "packed kernels compute dense layers and convolutions only"
    if isinstance(node, Conv) and node.groups > 1:
        return "packed kernels compute convolutions of one group only"
    if not np.any(node.weight):
        return "all its weights are 0"
    if node.name not in network.types:
        return "its inputs have no types yet"
    (source,) = node.inputs
    levels, input_bits = levels_of(network, source), network.types[source].width
    if network.types[node.name].width > MAX_RESULT_BITS:
        return f"its exact result has more than {MAX_RESULT_BITS} bits"
    if is_few_bit(node.weight, input_bits if levels is None else levels.bits):
        return None
    return (
        f"{weight_bits(node.weight)}-bit weights and {input_bits}-bit inputs: packed kernels take weights of "
        "-1, 0 and 1, of 4 bits with inputs of 4, or of 3 bits with inputs of 8"
    )


def few_bit_matrix(node: Node, network: Network) -> FewBitMatrix | None:
    """The layer's matrix where packed kernels suit it (see `few_bit_refusal`), else None."""
    if not isinstance(node, Dense | Conv) or few_bit_refusal(node, network) is not None:
        return None
    fixed = to_fixed(node.weight)
    levels = levels_of(network, node.inputs[0])
    matrix = fixed.codes.reshape(prod(node.weight.shape[:-1]), -1).astype(np.int64)
    kind = network.types[node.inputs[0]].storage()
    return FewBitMatrix(matrix, fixed.fraction, kind if levels is None else levels)
