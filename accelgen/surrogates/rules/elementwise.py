"""Layers without a matrix: activations, normalisation, softmax, pools, sums of tensors.

Data: the 24 projects (Vitis HLS 2021.1, Zynq-7000), of which softmax and relu are linear in their elements.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers, ceil_log2
from accelgen.surrogates.record import LayerKind
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.unrolled import REFERENCE_NS

HURRY = 0.7
"""How cycles grow with a faster clock, as an exponent: not all of them can be split."""


def _hasty(layers: Layers) -> Flags:
    hasty: Flags = layers.clock_ns < 0.8 * REFERENCE_NS
    return hasty[layers.design]


def _steps(layers: Layers) -> Numbers:
    """Steps of a loop in io_stream, its positions where they are not known."""
    return np.where(layers.steps > 0, layers.steps, layers.positions)


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles of a call: none for a comparison or a shift, 1 with a clock that is too fast for one.

    Softmax takes 6 cycles for its tables and products (2 of them for multipliers in DSP blocks), and 2 for
    each level of its maximum and sum; a third more at 3.33 ns than at 5 ns. Exact for all projects.
    """
    levels, multiply = ceil_log2(layers.n_in), 2 * layers.dsp[layers.design]
    hurry = np.maximum(REFERENCE_NS / layers.clock_ns, 1)[layers.design] ** HURRY
    softmax = np.round((4 + multiply + 2 * levels) * hurry)
    table = layers.is_kind(LayerKind.TABLE)
    pool = ceil_log2(layers.n_in) * layers.is_kind(LayerKind.POOL) / 2
    relu = layers.is_kind(LayerKind.RELU) & _hasty(layers)
    once = np.where(layers.is_kind(LayerKind.SOFTMAX), softmax, np.ceil(pool) + table + relu)
    return once + (_steps(layers) - 1) * layers.stream[layers.design]


def interval(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles between inferences: the steps of a stream, 1 where all is there at once."""
    steps: Numbers = np.where(layers.stream[layers.design], _steps(layers), 1.0)
    return steps


def paces(layers: Layers) -> tuple[Numbers, Numbers]:
    """Cycles of a step that only reads, and of one that computes a position too."""
    once = np.ones(layers.n_in.shape)
    return once, once


def dsp(layers: Layers, _domain: Domain) -> Numbers:
    """DSP blocks: one a class of a softmax (exact), one a scale of a normalisation that needs one."""
    softmax = layers.n_in * layers.is_kind(LayerKind.SOFTMAX)
    scales = np.maximum(layers.dsp_products, 0) * layers.is_kind(LayerKind.NORMALIZE)
    blocks: Numbers = (softmax + scales) * layers.dsp[layers.design]
    return blocks


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """18 Kb blocks of tables: one a class of a softmax (exact), half of one for each value looked up."""
    softmax = layers.n_in * layers.is_kind(LayerKind.SOFTMAX)
    tables = np.ceil(layers.n_in / 2) * (layers.table_size * layers.result_bits > 1024)
    blocks: Numbers = softmax + tables * layers.is_kind(LayerKind.TABLE)
    return blocks


def parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on."""
    softmax, relu = layers.is_kind(LayerKind.SOFTMAX), layers.is_kind(LayerKind.RELU)
    pool, merge = layers.is_kind(LayerKind.POOL), layers.is_kind(LayerKind.MERGE)
    bits = layers.n_in * (layers.input_bits + layers.result_bits)
    copies = np.where(layers.stream[layers.design], 1, layers.positions)
    compared = np.where(pool, (layers.n_in - 1) * layers.n_out * copies, layers.n_in * merge)
    return {
        "relu_bits": bits * relu,
        "hasty_relu_bits": bits * relu * _hasty(layers),
        "normalize_bits": bits * layers.is_kind(LayerKind.NORMALIZE),
        "softmax_bits": bits * softmax,
        "softmax_product_bits": bits * softmax * ~layers.dsp[layers.design],
        "hasty_softmax_bits": bits * softmax * _hasty(layers),
        "table_bits": layers.n_in * layers.result_bits * layers.is_kind(LayerKind.TABLE),
        "compared_bits": compared * layers.input_bits,
    }
