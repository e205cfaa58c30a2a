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
import numpy.typing as npt

from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.resource import wide_factor
from accelgen.surrogates.weights import DSP_DIGITS, signed_digits

REFERENCE_NS = 4.375
"""The period that most data were scheduled for: 5 ns less 12.5 %."""

LEVEL_NS = (4.375, 0.8)
"""A level of a sum, with its register where it needs one, on 28 nm and on 16 nm devices."""

LONG_SUM = 100
"""Terms beyond which Vitis HLS 2021.1 adds one after another instead of as a tree."""

LONG_TERMS_A_CYCLE = 2


def nonzero(layers: Layers) -> Numbers:
    """Weights that are not zero; where that is unknown, of an untrained layer (see `Layers.stored_bits`)."""
    codes = np.sqrt(3 / layers.n_in) * 2.0 ** (layers.weight_bits - 1)
    untrained = np.clip(1 - 0.5 / codes, 0.05, 1) * layers.n_in * layers.n_out
    return np.where(layers.nonzero < 0, untrained, layers.nonzero)


def dsp_products(layers: Layers) -> Numbers:
    """Different products that need a multiplier: weights of three signed digits, once for each input.

    Where weights are not known, what to expect: of an untrained layer, or, if the count of non-zero ones
    is known, of trained weights, which rarely use their two upper bits.
    """
    trained = layers.nonzero * _SHARES[DSP_DIGITS][_magnitude_bits(layers)]
    guess = np.where(layers.nonzero >= 0, trained, _untrained(layers, DSP_DIGITS))
    return np.where(layers.dsp_products < 0, guess, layers.dsp_products)


def adder_products(layers: Layers) -> Numbers:
    """Products that an adder makes of two shifted inputs: weights of two signed digits.

    Digits beyond the first of each weight are adders, but for those of products in DSP blocks, which have
    three or a few more; otherwise as `dsp_products`.
    """
    extra = layers.digits - layers.nonzero - 2.1 * np.maximum(layers.dsp_products, 0)
    trained = layers.nonzero * _SHARES[ADDER_DIGITS][_magnitude_bits(layers)]
    untrained = _untrained(layers, ADDER_DIGITS)
    guess = np.where(layers.nonzero >= 0, trained, untrained) - dsp_products(layers)
    return np.maximum(np.where(layers.digits < 0, guess, extra), 0)


ADDER_DIGITS = 2


def _share(bits: int, least: int) -> float:
    """Of all weights of so many bits, those of at least so many digits."""
    return float(np.mean(signed_digits(np.arange(1, 1 << (bits - 1), dtype=np.uint64)) >= least))


MOST_BITS = 16
_SHARES = {
    least: np.array([0.0, 0.0, *(_share(bits, least) for bits in range(2, MOST_BITS + 1))])
    for least in (ADDER_DIGITS, DSP_DIGITS)
}


def _magnitude_bits(layers: Layers) -> npt.NDArray[np.int64]:
    return np.clip(layers.weight_bits - 2, 2, MOST_BITS).astype(np.int64)


def _untrained(layers: Layers, least: int) -> Numbers:
    """Expected different products of untrained weights with so many digits or more, where none are known."""
    result = np.zeros(layers.n_in.shape)
    for row in np.flatnonzero(layers.nonzero < 0):
        bits = min(int(layers.weight_bits[row]), MOST_BITS)
        result[row] = _untrained_layer(int(layers.n_in[row]), int(layers.n_out[row]), bits, least)
    return result


@cache
def _untrained_layer(n_in: int, n_out: int, bits: int, least: int) -> float:
    """For three digits, within 1.5 % of single Dense layers from 10 bits on, 12 to 20 % too many at 8."""
    limit = float(np.sqrt(3 / n_in)) * 2.0 ** (bits - 1)
    codes = np.arange(1.0, np.floor(limit + 0.5) + 1)
    if codes.size == 0:
        return 0.0
    share = np.minimum(1, limit - (codes - 0.5)) / (2 * limit)
    counted = signed_digits(codes.astype(np.uint64)) >= least
    return float(2 * n_in * np.sum((1 - (1 - share) ** n_out) * counted))


def multiplier_limit(layers: Layers) -> Numbers:
    """Multipliers that a reuse factor allows: ceil(n_in n_out / RF) - zeros / RF (``multiplier_limit``).

    With a factor of 1024 the tool takes one more (all 14 single layers), with up to 512 it does not.
    """
    size = layers.n_in * layers.n_out
    zeros = np.where(layers.nonzero < 0, 0, size - layers.nonzero)
    more = layers.reuse_factor >= UNLIMITED_FROM
    return np.maximum(layers.block_factor - zeros // layers.reuse_factor, 1) + more


UNLIMITED_FROM = 1024
"""A reuse factor from which on a tool takes a multiplier more; none between this and 512 was tried."""


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


def pace(layers: Layers) -> Numbers:
    """Cycles that a level of a sum takes: one at 5 ns on 28 nm, five levels in one on 16 nm."""
    level = np.where(layers.fast, LEVEL_NS[1], LEVEL_NS[0])
    cycles: Numbers = level / layers.clock_ns
    return cycles[layers.design]


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles of a call.

    A tree of log2(terms) levels, and a cycle more where several levels fit into one and no result is taken
    every cycle; or two terms a cycle if there are too many for a tree; or as long as the multipliers that a
    reuse factor leaves are busy, and two cycles more. Of the Dense layers of the projects, half are exact and
    the rest mostly off by one.
    """
    tree = np.round(np.log2(terms(layers)) * pace(layers))
    tree += (tree > 0) & ~_rolling(layers) & ~layers.looped & (pace(layers) < 0.5)
    summed = np.where(_long(layers), np.round(terms(layers) / LONG_TERMS_A_CYCLE), tree)
    products, limit = dsp_products(layers), multiplier_limit(layers)
    busy = np.ceil(products / limit) + np.round(2 * pace(layers))
    once = np.where(products > limit, np.maximum(summed, busy), summed)
    return over_positions(layers, once)


def over_positions(layers: Layers, once: Numbers) -> Numbers:
    """Cycles of a call for all positions, those of one being ``once``."""
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
    long: Flags = terms(layers) > LONG_SUM
    return long


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """None: constants are in the logic."""
    return np.zeros(layers.n_in.shape)


def lut_parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs are spent on: adders of sums and products, multipliers of LUTs, selectors of shared ones."""
    products, limit = dsp_products(layers), multiplier_limit(layers)
    sums = nonzero(layers) * layers.sum_bits
    narrow = np.minimum(layers.input_bits, layers.weight_bits) < 7
    in_luts = narrow | ~layers.dsp[layers.design]
    named = {
        "input_bits": layers.n_in * layers.input_bits,
        "sum_bits": sums,
        "rolling_sum_bits": sums * _rolling(layers),
        "hasty_sum_bits": sums * np.maximum(pace(layers) - 1, 0),
        "adder_product_bits": adder_products(layers) * layers.input_bits,
        "multiplier_bits": np.minimum(products, limit) * layers.input_bits * layers.weight_bits * in_luts,
        "shared_product_bits": np.maximum(products - limit, 0) * layers.input_bits,
    }
    return {name: values * layers.parallel_positions for name, values in named.items()}


def ff_parts(layers: Layers, domain: Domain) -> Mapping[str, Numbers]:
    """What FFs are spent on: a register for each level of a sum and cycle that the level takes.

    Products of multipliers are held, and all products while few multipliers are busy with theirs ("waiting").
    Results that are taken every cycle ("rolling") take more, and sums that are no trees ("long") take more
    the more often one begins, which is every RF cycles.
    """
    registers = nonzero(layers) * layers.sum_bits * pace(layers)
    rolling, long = _rolling(layers), _long(layers)
    products = dsp_products(layers)
    busy = ~layers.looped & (products > multiplier_limit(layers))
    named = {
        "result_bits": layers.n_out * layers.sum_bits,
        "input_bits": layers.n_in * layers.input_bits * pace(layers),
        "level_bits": registers,
        "rolling_level_bits": registers * rolling,
        "long_level_bits": registers * long,
        "long_rolling_level_bits": registers * long / layers.reuse_factor,
        "product_bits": products * (layers.input_bits + layers.weight_bits),
        "waiting_bits": nonzero(layers) * layers.sum_bits * busy,
        "looped_dsp_product_bits": dsp(layers, domain) * layers.looped * layers.sum_bits,
    }
    return {name: values * layers.parallel_positions for name, values in named.items()}


def _rolling(layers: Layers) -> Flags:
    rolling: Flags = (layers.reuse_factor == 1) & ~layers.looped
    return rolling
