"""What residuals are learned from: a few physical figures of each layer, those that the rules are made of."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from accelgen.surrogates.features import Layers, Numbers
from accelgen.surrogates.rules import unrolled
from accelgen.surrogates.rules.limits import MOST_CONSTANT_PRODUCTS

Matrix = npt.NDArray[np.float32]

COLUMNS = (
    "n_in",
    "n_out",
    "products",
    "nonzero",
    "dsp_products",
    "block_factor",
    "reuse_factor",
    "sharing",
    "positions",
    "input_bits",
    "weight_bits",
    "stored_bits",
    "sum_bits",
    "table_size",
    "clock_ns",
    "kind",
    "first",
    "last",
    "constant",
    "looped",
    "uneven_sharing",
    "uneven_loop",
)
"""Sizes and counts as log2(1 + x), bits and nanoseconds as they are, the rest as 0 or 1.

Left out are whether products may use DSP blocks, which the rules know, and how many layers a design has: what
is learned holds for each layer, and so for chains of any length.
"""


def columns(layers: Layers) -> Matrix:
    """The figures of `COLUMNS`, (n, columns)."""
    figures = (
        _log(layers.n_in),
        _log(layers.n_out),
        _log(layers.n_in * layers.n_out),
        _log(unrolled.nonzero(layers)),
        _log(_multipliers(layers)),
        _log(layers.block_factor),
        _log(layers.reuse_factor),
        _log(layers.sharing),
        _log(layers.positions),
        layers.input_bits,
        layers.weight_bits,
        layers.stored_bits,
        layers.sum_bits,
        _log(layers.table_size),
        layers.clock_ns[layers.design],
        layers.kind,
        layers.first,
        layers.last,
        layers.constant,
        layers.looped,
        layers.sharing % 2,
        np.log2(layers.reuse_factor) % 1 != 0,
    )
    return np.stack([np.asarray(figure, np.float32) for figure in figures], axis=1)


def success_columns(layers: Layers) -> Matrix:
    """The figures of `COLUMNS` and whether tools' limits of constant weights are kept, (n, columns + 1)."""
    within = np.ones(layers.n_in.shape, bool)
    for straight, looped in MOST_CONSTANT_PRODUCTS.values():
        most = np.where(layers.looped, looped, straight)
        within &= ~layers.constant | (layers.n_in * layers.n_out <= most)
    return np.column_stack([columns(layers), within.astype(np.float32)])


def _multipliers(layers: Layers) -> Numbers:
    """Products that constant weights need multipliers for, (n,)."""
    found = np.zeros(layers.n_in.shape)
    if layers.constant.any():
        found[layers.constant] = unrolled.dsp_products(layers.select(layers.constant))
    return found


def design_columns(layers: Layers, rows: Matrix) -> Matrix:
    """The largest of each design's layers, (d, columns), for what is a property of the worst layer."""
    largest = np.zeros((layers.n_designs, rows.shape[1]), np.float32)
    np.maximum.at(largest, layers.design, rows)
    return largest


def _log(values: Numbers) -> Numbers:
    logarithms: Numbers = np.log2(1 + np.maximum(values, 0))
    return logarithms
