"""Matrix products with constant weights: hls4ml's Latency strategy (``nnet_dense_latency.h``) and its like.

Every product and sum is there at once. Multiplying by a constant of one or two signed digits takes adders;
one of three digits or more takes a DSP block, unless the tool may not use any. What is computed twice, the
same input times the same weight, is built once. A reuse factor above 1 limits the multipliers
(``ALLOCATION operation instances=mul``), and the adders stay as they are.

Data: 24 projects (Vitis HLS 2021.1, Zynq-7000, 8 bits), single Dense layers of wa-hls4ml.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.resource import wide_factor
from accelgen.surrogates.weights import DSP_DIGITS

REFERENCE_NS = 4.375
"""The period that most data were scheduled for: 5 ns less 12.5 %."""

LEVEL_NS = (4.375, 0.8)
"""A level of a sum, with its register where it needs one, on 28 nm and on 16 nm devices."""

LONG_SUM = 100
"""Terms beyond which Vitis HLS 2021.1 adds one after another instead of as a tree."""

LONG_TERMS_A_CYCLE = 2


def nonzero(layers: Layers) -> Numbers:
    """Weights that are not zero; where that is unknown, those of an untrained layer (`Layers.stored_bits`)."""
    codes = np.sqrt(3 / layers.n_in) * 2.0 ** (layers.weight_bits - 1)
    untrained = np.clip(1 - 0.5 / codes, 0.05, 1) * layers.n_in * layers.n_out
    return np.where(layers.nonzero < 0, untrained, layers.nonzero)


def dsp_products(layers: Layers) -> Numbers:
    """Different products that need a multiplier: weights of three signed digits, once for each input.

    Where weights are not known, what to expect: of an untrained layer, or, if the count of non-zero ones
    is known, of trained weights, which rarely use their two upper bits.
    """
    result = layers.dsp_products.copy()
    trained = (result < 0) & (layers.nonzero >= 0)
    bits = np.clip(layers.weight_bits - 2, 2, 16).astype(int)
    result[trained] = (layers.nonzero * _DSP_SHARE[bits])[trained]
    for row in np.flatnonzero(result < 0):
        result[row] = _untrained(int(layers.n_in[row]), int(layers.n_out[row]), int(layers.weight_bits[row]))
    return result


def _digits(codes: Numbers) -> Numbers:
    whole = codes.astype(np.int64)
    return np.array([int(code).bit_count() for code in whole ^ (3 * whole)], np.float64)


_DSP_SHARE = np.array(
    [0.0, 0.0, *(np.mean(_digits(np.arange(1.0, 2 ** (bits - 1))) >= DSP_DIGITS) for bits in range(2, 17))]
)
"""Of all weights of so many bits, those of three digits or more."""


@cache
def _untrained(n_in: int, n_out: int, bits: int) -> float:
    """Expected different products of ``lecun_uniform`` weights with three digits or more.

    Within 1.5 % of the DSP blocks of single Dense layers from 10 bits on, 12 to 20 % too many at 8.
    """
    limit = float(np.sqrt(3 / n_in)) * 2.0 ** (min(bits, 17) - 1)
    codes = np.arange(1.0, np.floor(limit + 0.5) + 1)
    if codes.size == 0:
        return 0.0
    share = np.minimum(1, limit - (codes - 0.5)) / (2 * limit)
    return float(2 * n_in * np.sum((1 - (1 - share) ** n_out) * (_digits(codes) >= DSP_DIGITS)))


def multiplier_limit(layers: Layers) -> Numbers:
    """Multipliers that a reuse factor allows: ceil(n_in n_out / RF) - zeros / RF (``config::multiplier_limit``)."""
    size = layers.n_in * layers.n_out
    zeros = np.where(layers.nonzero < 0, 0, size - layers.nonzero)
    return np.maximum(layers.block_factor - zeros // layers.reuse_factor, 1)


def dsp(layers: Layers, _domain: Domain) -> Numbers:
    """DSP blocks: the products that need one, or as many as the reuse factor allows.

    Exact for every Dense layer of the projects whose weights are known. Products with a factor of 6 bits or
    less are built of LUTs.
    """
    products = np.minimum(dsp_products(layers), multiplier_limit(layers))
    wide = np.minimum(layers.input_bits, layers.weight_bits) >= 7
    return products * wide_factor(layers) * wide * layers.dsp[layers.design] * layers.parallel_positions


def terms(layers: Layers) -> Numbers:
    """Products that make one result, on average."""
    return np.maximum(nonzero(layers) / layers.n_out, 1)


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles of a call.

    A tree of log2(terms) levels, or two terms a cycle if there are too many for a tree; or as long as the
    multipliers that a reuse factor leaves are busy, and two cycles more. Of the 90 Dense layers of the
    projects, half are exact and the rest mostly off by one.
    """
    clock = layers.clock_ns[layers.design]
    level = np.where(layers.fast[layers.design], LEVEL_NS[1], LEVEL_NS[0])
    tree = np.round(np.log2(terms(layers)) * level / clock)
    summed = np.where(_long(layers), np.round(terms(layers) / LONG_TERMS_A_CYCLE), tree)
    products, limit = dsp_products(layers), multiplier_limit(layers)
    busy = np.ceil(products / limit) + np.round(2 * REFERENCE_NS / clock)
    once = np.where(products > limit, np.maximum(summed, busy), summed)
    positions = np.ceil(layers.positions / layers.parallel_positions)
    return once + (positions - 1) * _step(layers, once)


def interval(layers: Layers, domain: Domain) -> Numbers:
    """Cycles between inputs: the reuse factor, or one more than the latency if that is less.

    A resource kernel that runs once takes two. Exact for all Dense layers, given their latency.
    """
    positions = np.ceil(layers.positions / layers.parallel_positions)
    once = latency(layers, domain)
    return np.where(positions > 1, once, _step(layers, once))


def _step(layers: Layers, latency_once: Numbers) -> Numbers:
    once = np.where(layers.looped, 2, layers.reuse_factor)
    return np.minimum(once, latency_once + 1)


def _long(layers: Layers) -> Flags:
    return terms(layers) > LONG_SUM


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """None: constants are in the logic."""
    return np.zeros(layers.n_in.shape)


def parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on: adders of sums and products, multipliers of LUTs, registers.

    A clock faster than `REFERENCE_NS` costs registers ("hasty"), and so do results that are taken every cycle
    ("rolling") and sums that are no trees ("long").
    """
    weights, products = nonzero(layers), dsp_products(layers)
    sums = weights * layers.sum_bits
    rolling = layers.reuse_factor == 1
    hasty = np.maximum(REFERENCE_NS / layers.clock_ns[layers.design] - 1, 0)
    no_dsp = ~layers.dsp[layers.design] | (np.minimum(layers.input_bits, layers.weight_bits) < 7)
    multipliers = np.minimum(products, multiplier_limit(layers)) * no_dsp
    long = _long(layers)
    named = {
        "layer": np.ones(sums.shape),
        "input_bits": layers.n_in * layers.input_bits,
        "sum_bits": sums,
        "rolling_sum_bits": sums * rolling,
        "hasty_sum_bits": sums * hasty,
        "hasty_rolling_sum_bits": sums * hasty * rolling,
        "long_sum_bits": sums * long,
        "long_rolling_sum_bits": sums * long * rolling,
        "adder_product_bits": np.maximum(weights - products, 0) * layers.input_bits,
        "multiplier_bits": multipliers * layers.input_bits * layers.weight_bits,
        "shared_products": np.maximum(products - multiplier_limit(layers), 0) * layers.input_bits,
    }
    return {name: values * layers.parallel_positions for name, values in named.items()}
