"""The matrix product inside an einsum of one tensor with constant weights."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from accelgen.errors import UnsupportedError
from accelgen.ir.nodes import Array, EinsumDense, Shape


@dataclass(frozen=True, eq=False)
class EinsumMatrix:
    """An `EinsumDense` as one matrix that is applied at every position.

    The input's axes in the order ``input_axes`` are (positions, n_in), the product (positions, n_out) has
    the axes of shape ``product_shape``, and the result takes them in the order ``result_axes``. An index
    that occurs in input, weights and result puts blocks on the matrix's diagonal.
    """

    matrix: Array
    input_axes: tuple[int, ...]
    product_shape: Shape
    result_axes: tuple[int, ...]
    position_axes: tuple[int, ...]
    """The result's axes that are positions; a bias that varies along one is none of the matrix's."""

    @property
    def positions(self) -> int:
        """How many times the matrix is applied."""
        return prod(self.product_shape) // int(self.matrix.shape[1])


def einsum_matrix(node: EinsumDense, shape: Shape) -> EinsumMatrix:
    """The matrix of an `EinsumDense` on an input of ``shape``.

    Raises:
        UnsupportedError: an index that occurs twice in one operand, or an ellipsis.
    """
    left, result = node.equation.replace(" ", "").split("->")
    x, w = left.split(",")
    if "." in node.equation or any(len(set(part)) < len(part) for part in (x, w, result)):
        raise UnsupportedError(
            f"layer {node.name!r}: the equation {node.equation!r} repeats an index or has an ellipsis; "
            "write each index once and every axis by name"
        )
    weight = node.weight.sum(tuple(i for i, index in enumerate(w) if index not in x and index not in result))
    w = "".join(index for index in w if index in x or index in result)
    size = {**dict(zip(x, shape, strict=True)), **dict(zip(w, weight.shape, strict=True))}

    blocks = "".join(index for index in x if index in w and index in result)
    free = "".join(index for index in x if index in result and index not in w)
    summed = "".join(index for index in x if index not in result)
    new = "".join(index for index in w if index not in x)

    missing = "".join(index for index in summed if index not in w)  # summed over, and so of weight 1
    spread = np.ones([size[index] for index in missing])
    block = np.einsum(f"{w},{missing}->{blocks + summed + new}", weight, spread)
    n_blocks, n_sum, n_new = (prod(size[index] for index in part) for part in (blocks, summed, new))
    matrix = np.zeros((n_blocks, n_sum, n_blocks, n_new))
    diagonal = np.arange(n_blocks)
    matrix[diagonal, :, diagonal, :] = block.reshape(n_blocks, n_sum, n_new)
    product = free + blocks + new
    return EinsumMatrix(
        matrix.reshape(n_blocks * n_sum, n_blocks * n_new),
        tuple(x.index(index) for index in free + blocks + summed),
        tuple(size[index] for index in product),
        tuple(product.index(index) for index in result),
        tuple(result.index(index) for index in free),
    )
