"""hls4ml's LSTM and GRU: two matrix products a step, one with the input and one with the state, then gates.

Data: N-TORC's LSTMs (Vivado HLS 2019.1, 16 bits), which return sequences. GRUs follow by their three gates,
cells without gates by their one product.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from accelgen.design.factors import nearest
from accelgen.design.reuse import legal_reuse_factors
from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.record import RECURRENT, LayerKind
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.resource import wide_factor
from accelgen.surrogates.rules.stream import CONSTANT_DSP_SHARE, matrix_parts, weight_18k


def is_recurrent(layers: Layers) -> Flags:
    """Which layers repeat a cell; one without gates is of another kind, with weights."""
    without_gates = layers.is_kind(LayerKind.OTHER) & (layers.weight_bits > 0)
    return layers.is_kind(*RECURRENT) | without_gates


def gates(layers: Layers) -> Numbers:
    """Results of the cell's products for each unit: 4 of an LSTM, 3 of a GRU, 1 without gates."""
    return np.where(layers.is_kind(LayerKind.GRU), 3, np.where(layers.is_kind(LayerKind.LSTM), 4, 1))


@cache
def _legal(units: int, columns: int, requested: int) -> int:
    return nearest(legal_reuse_factors(units, columns), requested)


def state_reuse(layers: Layers) -> Numbers:
    """The reuse factor of the product with the state: the legal one nearest to that with the input."""
    columns = gates(layers) * layers.n_out
    rows = zip(layers.n_out, columns, layers.reuse_factor, strict=True)
    return np.array([_legal(int(n), int(m), int(factor)) for n, m, factor in rows], np.float64)


def products(layers: Layers) -> tuple[Numbers, Numbers]:
    """Products of a cycle with the input, and with the state."""
    columns = gates(layers) * layers.n_out
    return (
        np.ceil(layers.n_in * columns / layers.reuse_factor),
        np.ceil(layers.n_out * columns / state_reuse(layers)),
    )


def latency_max(layers: Layers, _domain: Domain) -> Numbers:
    """Most cycles: `paces` a step, those before it that store a sequence that is taken backwards, and one."""
    reading, step = paces(layers)
    return layers.positions * step + np.maximum(layers.steps - layers.positions, 0) * reading + 1


def paces(layers: Layers) -> tuple[Numbers, Numbers]:
    """Cycles of a step that only stores what it reads, and of one that computes: RF + 21 + n_in / 2.

    Within a cycle a step from a reuse factor of 16 on, up to 9 below.
    """
    step = np.maximum(layers.reuse_factor, state_reuse(layers)) + 21 + layers.n_in / 2
    return np.ones(step.shape), step


def latency(layers: Layers, domain: Domain) -> Numbers:
    """Least cycles: one less a step than the most; constant weights leave nothing to vary."""
    return latency_max(layers, domain) - layers.positions * ~layers.constant


def dsp(layers: Layers, _domain: Domain) -> Numbers:
    """DSP blocks: the products of a cycle, and 3 a unit for the gates' own products. Exact with reuse."""
    of_input, of_state = products(layers)
    wide = (np.minimum(layers.input_bits, layers.weight_bits) >= 7) * wide_factor(layers)
    known = np.where(layers.dsp_products < 0, CONSTANT_DSP_SHARE * (of_input + of_state), layers.dsp_products)
    matrices = np.where(layers.constant, known, of_input + of_state)
    gated = 3 * layers.n_out * (gates(layers) > 1)
    return (matrices + gated) * wide * layers.dsp[layers.design]


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """18 Kb blocks: the weights of both matrices, two tables of activations a unit, and one. Exact."""
    columns, bits = gates(layers) * layers.n_out, layers.weight_bits
    weights = weight_18k(layers.n_in, columns, bits, layers.reuse_factor)
    weights += weight_18k(layers.n_out, columns, bits, state_reuse(layers))
    return 2 * layers.n_out + ~layers.constant * (weights + 1)


def parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on: both matrices, and the units with their gates."""
    columns, folded = gates(layers) * layers.n_out, ~layers.constant
    named = {
        "layer": np.ones(columns.shape),
        "input_bits": layers.n_in * layers.input_bits,
        "unit_bits": layers.n_out * layers.sum_bits,
        "constant_bits": (layers.n_in + layers.n_out) * columns * layers.sum_bits * ~folded,
    }
    of_input = matrix_parts(layers, layers.n_in, columns, layers.reuse_factor)
    of_state = matrix_parts(layers, layers.n_out, columns, state_reuse(layers))
    for name, values in of_input.items():
        named[name] = (values + of_state[name]) * folded
    return named
