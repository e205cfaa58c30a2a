"""The matrix of a layer of few bits as C++: words for XNOR, rows of sums, or a ROM of a folded layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from accelgen.backend.kernels.config import constants, function_of_rows, integer_typedef, template
from accelgen.backend.kernels.row_code import rows_function
from accelgen.backend.packed import MAX_WORD_BITS, Integers, PackedLinear, PackedTensor
from accelgen.design import WeightMemory
from accelgen.design.row_program import BIT, plain
from accelgen.ir import FixedType

WHOLE_WORD_LANES = 256
"""Words of as many lanes are counted one by one: together they would take as many LUTs."""

_MEMORIES = {WeightMemory.LUT: "lutram", WeightMemory.BRAM: "bram", WeightMemory.URAM: "uram"}


@dataclass(frozen=True, eq=False)
class Product:
    """What C++ computes for the rows of a matrix, as members of the layer's config.

    A row's sum comes out as `PackedLinear` defines it plus the row's ``excess``, (n_out,); it lies between
    ``low`` and ``high``, as do the partial sums of a folded layer. ``lanes`` rows are computed at once.
    """

    members: str
    lanes: int
    low: int
    high: int
    excess: Integers


def product_of(layer: PackedLinear) -> Product:
    """The product by whichever means the layer's choices name.

    Raises:
        ValueError: numbers without a program or a folding, or a folding that does not divide the matrix.
    """
    n_in, n_out = layer.matrix.shape
    folding = layer.folding
    if folding is not None and (n_out % folding.pe or n_in % folding.simd):
        raise ValueError(f"{folding} does not divide a matrix of {n_in} x {n_out}")
    if layer.program is not None:
        return _program(layer)
    if isinstance(layer.input, PackedTensor):
        return _xnor(layer, layer.input)
    if folding is None:
        raise ValueError("numbers are multiplied by a program of rows or by a folded layer")
    return _multiply_add(layer, layer.input)


def _xnor(layer: PackedLinear, source: PackedTensor) -> Product:
    matrix = layer.matrix
    n_in, n_out = matrix.shape
    window_words = n_in // source.channels * source.words
    full = source.channels == source.words * source.lanes
    if layer.folding is not None:
        lanes, chunk = layer.folding.pe, layer.folding.simd
    elif full and (window_words == 1 or source.lanes >= WHOLE_WORD_LANES):
        lanes, chunk = n_out, source.lanes
    else:
        lanes, chunk = n_out, -(-n_in // -(-n_in // MAX_WORD_BITS))
    chunks = -(-n_in // chunk)

    magnitude = np.abs(matrix)
    bipolar = bool(np.all(magnitude == 1))
    digits = 0 if bipolar else int(magnitude.max()).bit_length()
    bits = np.stack([matrix < 0, *((magnitude >> digit & 1) > 0 for digit in range(digits))])
    padded = np.zeros((1 + digits, chunks * chunk, n_out), np.bool_)
    padded[:, :n_in] = bits
    # (word, chunk, bit, group, lane) to the order of the table: a row for each group, chunk and lane
    words = padded.reshape(1 + digits, chunks, chunk, n_out // lanes, lanes).transpose(3, 1, 4, 0, 2)
    pieces = _pieces(words.reshape(-1, 1 + digits, chunk))

    planes = (1 << source.levels.bits) - 1
    members = constants(n_lanes=lanes, chunk=chunk, n_chunks=chunks)
    members += constants(whole_words=full and chunk == source.lanes)
    if not bipolar:
        members += constants(weight_planes=digits)
    members += template("product", "xnor")
    members += template("digits", "bipolar_digits" if bipolar else "signed_digits")
    members += function_of_rows(
        "weights",
        f"accelgen::constant_word<{chunk}>",
        f"accelgen::piece<{chunk}>",
        pieces,
        "word",
        f"accelgen::word_at<{chunk}>(codes[i], word)",
        _pragmas(layer, lanes),
    )
    return Product(
        members,
        lanes,
        0,
        planes * int(magnitude.sum(0).max()),
        planes * np.where(matrix < 0, magnitude, 0).sum(0),
    )


def _pieces(words: Integers) -> Integers:
    """Bits (n, words, bits) as pieces of 64, (n, words * pieces), the lowest first."""
    count, per_row, bits = words.shape
    whole = np.zeros((count, per_row, -(-bits // 64) * 64), np.bool_)
    whole[..., :bits] = words
    return np.packbits(whole, axis=-1, bitorder="little").view("<u8").reshape(count, -1)


def _multiply_add(layer: PackedLinear, source: FixedType) -> Product:
    assert layer.folding is not None
    matrix, lanes, chunk = layer.matrix, layer.folding.pe, layer.folding.simd
    n_in, n_out = matrix.shape
    width = FixedType.for_range(min(-1, int(matrix.min())), int(matrix.max()), 0).width
    weights = matrix.reshape(n_in // chunk, chunk, n_out // lanes, lanes).transpose(2, 0, 3, 1)
    members = constants(n_lanes=lanes, chunk=chunk, in_bits=_signed_bits(source))
    members += template("product", "multiply_add")
    members += function_of_rows(
        "weight",
        f"accelgen::rom<{width}>",
        f"accelgen::rom<{width}>",
        weights.reshape(-1, chunk),
        "j",
        "codes[i][j]",
        _pragmas(layer, lanes),
    )
    low, high = _bounds(matrix, source.min_code, source.max_code)
    return Product(members, lanes, low, high, np.zeros(n_out, np.int64))


def _bounds(matrix: Integers, least: int, most: int) -> tuple[int, int]:
    """Between which values all sums of a row's products lie, for inputs from ``least`` to ``most``."""
    plus = np.where(matrix > 0, matrix, 0).sum(0).tolist()
    minus = np.where(matrix < 0, -matrix, 0).sum(0).tolist()
    low = min(least * p - most * m for p, m in zip(plus, minus, strict=True))
    high = max(most * p - least * m for p, m in zip(plus, minus, strict=True))
    return low, high


def _signed_bits(source: FixedType) -> int:
    return source.width + (not source.signed)


def _pragmas(layer: PackedLinear, lanes: int) -> list[str]:
    """Constants in the logic of an unrolled layer; in a folded one, a memory for each lane."""
    if layer.folding is None:
        return ["ARRAY_PARTITION variable=codes complete dim=0"]
    pragmas = [
        f"ARRAY_PARTITION variable=codes cyclic factor={lanes} dim=1",
        "ARRAY_RESHAPE variable=codes complete dim=2",
    ]
    if layer.weight_memory in _MEMORIES:
        pragmas.append(f"BIND_STORAGE variable=codes type=rom_1p impl={_MEMORIES[layer.weight_memory]}")
    return pragmas


def _program(layer: PackedLinear) -> Product:
    assert layer.program is not None
    matrix, source = layer.matrix, layer.input
    n_out = matrix.shape[1]
    members = constants(n_lanes=n_out)
    if isinstance(source, PackedTensor):
        inputs = BIT
        counts = _bounds(matrix, *BIT)
        low, high = (((1 << source.levels.bits) - 1) * end for end in counts)
        members += template("product", "plane_rows") + integer_typedef("count_t", *counts)
    else:
        inputs = source.min_code, source.max_code
        low, high = _bounds(matrix, *inputs)
        members += constants(in_bits=_signed_bits(source)) + template("product", "number_rows")
    members += rows_function(layer.program, inputs, plain(matrix))
    return Product(members, n_out, low, high, np.zeros(n_out, np.int64))
