"""A layer of few bits with everything decided, in integers: what the packed kernels are generated from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.design import WeightMemory
from accelgen.design.few_bit import Levels
from accelgen.design.folding import Folding
from accelgen.design.row_program import RowProgram
from accelgen.ir import FixedType
from accelgen.ir.nodes import Pads, Shape

Integers = npt.NDArray[np.int64]

MAX_WORD_BITS = 1024
"""The widest ap_uint of Vitis HLS without a setting of one's own (AP_INT_MAX_W)."""


@dataclass(frozen=True)
class WordType:
    """An ``ap_uint<width>``: the type of the words of a packed tensor."""

    width: int

    def __str__(self) -> str:
        return f"uint<{self.width}>"


@dataclass(frozen=True)
class PackedTensor:
    """How a tensor of few-bit levels, of shape (*positions, channels), travels: in words of ``ap_uint``.

    Each position has ``words`` words of ``lanes`` elements; lanes past the last channel hold 0. A word is
    plane-major: bit ``p * lanes + i`` is bit ``p`` of the level of its i-th element. The words of all
    positions follow one another in row-major order, so that flattening moves nothing.
    """

    positions: Shape
    channels: int
    levels: Levels

    @property
    def words(self) -> int:
        """Words of one position."""
        return -(-self.channels // (MAX_WORD_BITS // self.levels.bits))

    @property
    def lanes(self) -> int:
        """Elements of one word."""
        return -(-self.channels // self.words)

    @property
    def word_bits(self) -> int:
        """The width of a word."""
        return self.lanes * self.levels.bits

    @property
    def word_type(self) -> WordType:
        """The type of a word."""
        return WordType(self.word_bits)

    @property
    def variable_shape(self) -> Shape:
        """The shape of the C++ variable, in words: in io_stream a position's words are one pack."""
        return (*self.positions, self.words)


@dataclass(frozen=True)
class Window:
    """A convolution's geometry, always two-dimensional (one row where the network has one axis)."""

    in_height: int
    in_width: int
    out_height: int
    out_width: int
    kernel_height: int
    kernel_width: int
    stride_height: int
    stride_width: int
    padding: Pads
    """((top, bottom), (left, right))"""


@dataclass(frozen=True, eq=False)
class Thresholds:
    """The result is the number of thresholds that the sum reaches (``sum >= threshold``).

    ``codes`` is (n_classes, n_out, n_levels), ascending: in units of the sum that `PackedLinear` defines.
    ``result`` says how the levels travel on: packed, or, where no packed layer reads them, as the code
    ``values[level]`` of an ordinary number.
    """

    codes: Integers
    result: PackedTensor | None
    values: Integers | None = None


@dataclass(frozen=True, eq=False)
class Linear:
    """The result is ``scale * sum + offsets``, (n_classes, n_out): a code of ``exact``, then cast."""

    scale: int
    offsets: Integers
    exact: FixedType


@dataclass(frozen=True, eq=False)
class PackedLinear:
    """A matrix product of few bits, at one position or at every position of a convolution.

    Row c of the result starts as the sum of ``matrix[i, c] * n[i]`` over the inputs of a window, where n is
    the level of an input that is packed (0 for a padded one) and the code of one that is a number.
    ``finish`` makes the result of it. Where padding changes what a sum means, positions fall into classes:
    ``row_classes`` and ``column_classes`` number the output rows and columns, and a position's class is
    ``row_class * n_column_classes + column_class``; otherwise there is one class.

    Exactly one of ``program`` (unrolled, II = 1; its inputs are the matrix's rows, in their order) and
    ``folding`` is given; both None: unrolled, with the matrix as words of constants (XNOR and popcount).
    """

    matrix: Integers
    input: PackedTensor | FixedType
    window: Window | None
    finish: Thresholds | Linear
    row_classes: tuple[int, ...] = ()
    column_classes: tuple[int, ...] = ()
    program: RowProgram | None = None
    folding: Folding | None = None
    weight_memory: WeightMemory = WeightMemory.AUTO
    """Where a folded layer keeps its weights."""
    parallel_positions: int = 1
    """Positions of an unrolled convolution computed at once (io_parallel)."""


__all__ = [
    "MAX_WORD_BITS",
    "Folding",
    "Integers",
    "Linear",
    "PackedLinear",
    "PackedTensor",
    "Thresholds",
    "Window",
    "WordType",
]
