"""hls4ml's resource kernel for a Dense layer in io_parallel (``nnet_dense_resource.h`` of hls4ml 1.3).

A pipelined loop of RF cycles computes BF = n_in n_out / RF products in each. Every cycle reads BF weights
from a ROM, one input for all of them, and adds to BF of the n_out sums. Where RF > n_in, a table of RF
entries says to which: k = RF / n_in sums share a multiplier ("sharing"). RF = 1 makes constants of the
weights (see `unrolled`).

Data: wa-hls4ml's chains of Dense layers (Vitis 2023.2) and its single Dense layers (HLS reports only), both
with inputs and sums of 16 bits on UltraScale+ at 5 ns. Their RF all exceed n_in.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers, ceil_log2
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.memory import SMALLEST_ROM_BITS, hls_rom_18k, vivado_rom_18k

SHORT_SELECT_BITS = 256
"""See `saves_a_cycle`."""


def saves_a_cycle(layers: Layers) -> Flags:
    """Layers whose product is added in the cycle that selects its input, one earlier than usual.

    Up to 8 sums that share one multiplier, and n_in (to the next power of two) times the weight's bits at
    most 256: what a selector and a multiplier take of a 5 ns period. Or two sums that share a multiplier
    without a multiplication to wait for (4 bits and below). Exact for all chains and single layers.
    """
    select_bits = 2 ** ceil_log2(layers.n_in) * layers.weight_bits
    few = (layers.n_out <= 8) & (layers.block_factor == 1) & (select_bits <= SHORT_SELECT_BITS)
    short: Flags = few | ((layers.sharing == 2) & (layers.weight_bits <= 4))
    return short


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Least cycles of a call: RF + 1, one less where the loop is short.

    In a chain, a cycle between calls makes the sum RF + 2n - 1. Exact for 702 of 702 chains and all single
    layers.
    """
    return _rounds(layers) * (layers.reuse_factor + 1 - saves_a_cycle(layers))


def latency_max(layers: Layers, domain: Domain) -> Numbers:
    """Most cycles of a call: one more than the least. Exact as `latency` is."""
    return latency(layers, domain) + 1


def interval(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles between inferences: RF, as the loop is rewound without a gap. Exact for all single layers."""
    return _rounds(layers) * layers.reuse_factor


def _rounds(layers: Layers) -> Numbers:
    return np.ceil(layers.positions / layers.parallel_positions)


def dsp(layers: Layers, domain: Domain) -> Numbers:
    """DSP blocks: one for each of BF products where a factor has 7 bits or more, none below.

    At 6 bits, the HLS tools report one for each product of a layer with up to 32 inputs and one less beyond;
    logic synthesis keeps only those of up to 8 inputs. Exact for all chains, and for all single layers with
    RF > 1. There are no data for 5 and 7 bits.
    """
    narrow = np.minimum(layers.input_bits, layers.weight_bits)
    kept = layers.block_factor * (layers.n_in <= 8)
    reported = layers.block_factor - (layers.n_in > 32)
    six = kept if domain.logic else reported
    products = np.where(narrow >= 7, layers.block_factor * wide_factor(layers), np.where(narrow == 6, six, 0))
    return products * layers.dsp[layers.design] * layers.parallel_positions


def wide_factor(layers: Layers) -> Numbers:
    """DSP blocks of one product: a block multiplies 27 by 18 bits on UltraScale, 25 by 18 before (UG579)."""
    narrow = np.minimum(layers.input_bits, layers.weight_bits)
    wide = np.maximum(layers.input_bits, layers.weight_bits)
    long_side = np.where(layers.fast[layers.design], 27, 25)
    return np.ceil(narrow / 18) * np.ceil(wide / long_side)


def index_bits(layers: Layers) -> Numbers:
    """Bits of an entry of the table that says which sums a cycle adds to: log2 k, rounded up."""
    return ceil_log2(layers.sharing)


def index_18k(layers: Layers, domain: Domain) -> Numbers:
    """18 Kb blocks of that table: RF entries."""
    depth, bits = layers.reuse_factor, index_bits(layers)
    if not domain.logic:
        return hls_rom_18k(depth, bits, np.zeros(bits.shape))
    return np.where(depth * bits < SMALLEST_ROM_BITS, 0, vivado_rom_18k(depth, bits))


def weight_18k(layers: Layers, domain: Domain) -> Numbers:
    """18 Kb blocks of the weights, if they lie in block RAM.

    The HLS tools report a ROM of RF words of BF weights, as ``ARRAY_RESHAPE`` asks for. What Vivado 2023.2
    builds has all n_in n_out weights in one ROM of two ports, and as many copies as it takes for BF reads:
    ceil(BF / 2). Sign bits that repeat are left out.
    """
    if not domain.logic:
        spare = np.where(layers.weight_bits > 4, 2, 0) * (layers.reuse_factor > 512)
        return hls_rom_18k(layers.reuse_factor, layers.block_factor * layers.weight_bits, spare)
    return np.ceil(layers.block_factor / 2) * vivado_rom_18k(layers.n_in * layers.n_out, layers.stored_bits)


def weights_in_bram(layers: Layers, domain: Domain) -> Flags:
    """Whether the weights lie in block RAM rather than in LUTs.

    HLS reports say so of all. Vivado 2023.2 decides by something that is not understood; these conditions,
    read off the chains, are right for 98 % of their layers: many copies (10 products a cycle), 2-bit weights
    (selected, not multiplied), few sums a multiplier with weights of few bits, few inputs at 8 bits, and a
    table of 120 entries or more for each input.
    """
    if not domain.logic:
        return np.ones(layers.n_in.shape, bool)
    bf, k, bits = layers.block_factor, layers.sharing, layers.stored_bits
    two = layers.weight_bits == 2
    selected = two & (bf >= 2)
    few_sums = (k <= 9) & (bits <= 9) & (layers.n_out > 16)
    pair = (k == 8) & (layers.n_out == 16) & (bf == 2) & (bits <= 6)
    eight = (layers.weight_bits == 8) & (bits == 7) & (bf >= 2)
    deep = (k >= 120) & ~layers.last
    found: Flags = selected | (~two & ((bf >= 10) | few_sums | pair | eight)) | deep
    return found


def bram_18k(layers: Layers, domain: Domain) -> Numbers:
    """18 Kb blocks of weights and index table. Exact for 94 % of chains and 95 % of single layers."""
    weights = np.where(weights_in_bram(layers, domain), weight_18k(layers, domain), 0)
    return (weights + index_18k(layers, domain)) * layers.parallel_positions


def unproven_18k(layers: Layers, domain: Domain) -> Numbers:
    """18 Kb blocks of `bram_18k` that only a ROM copied for its reads has, where none was seen to be copied.

    That Vivado copies ROMs is known of RF >= n_in alone. With fewer cycles it may as well build the words of
    BF weights that HLS reports. 0 where reuse factors are known.
    """
    depth, bits = layers.reuse_factor, layers.block_factor * layers.weight_bits
    words = hls_rom_18k(depth, bits, np.zeros(bits.shape)) * layers.parallel_positions
    unproven: Numbers = np.maximum(bram_18k(layers, domain) - words, 0) * layers.spread
    return unproven


def parts(layers: Layers, domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on, in bits where a part is as wide as its data.

    With RF < n_in several products of a cycle go into one sum, and each of them costs what a sum does
    ("lanes"): so N-TORC's layers (`stream`) with RF < n_in cost what they do beside those with more (FFs
    within 20 %, LUTs within 40 %).

    A ROM in LUTs takes one for 64 bits and a second for the second port, never more ("rom_luts"); nothing
    else of a layer with weights of 8 bits or more depends on their width. Sums cost most: each is held, added
    to and selected, a little more where k is odd or few of them share a multiplier. A loop counts more
    cheaply to a power of two, and one that is not short (`saves_a_cycle`) has a stage more.

    HLS reports count selectors of all sums, to the next power of two of them, for each product.
    """
    bf, k = layers.block_factor, layers.sharing
    lanes = np.where(layers.spread, np.maximum(bf, layers.n_out), layers.n_out)
    inputs, sums = layers.n_in * layers.input_bits, lanes * layers.sum_bits
    in_luts = ~weights_in_bram(layers, domain) if domain.logic else np.zeros(inputs.shape, bool)
    small = np.minimum(layers.weight_bits, layers.input_bits) < 7
    rom = layers.n_in * layers.n_out * layers.stored_bits / 64 * in_luts
    short = saves_a_cycle(layers)
    named: dict[str, Numbers] = {
        "layer": np.ones(inputs.shape),
        "stage": (~short).astype(np.float64),
        "uneven_loop": _uneven(layers.reuse_factor).astype(np.float64),
        "shared_loop": (bf > 1).astype(np.float64),
        "first_input_bits": inputs * layers.first,
        "kept_input_bits": inputs * ~(short & _all_zero(layers)),
        "wide_input_bits": np.maximum(layers.n_in - 32, 0) * layers.input_bits,
        "uneven_input_bits": inputs * _uneven(layers.n_in),
        "hidden_sum_bits": sums * ~layers.last,
        "last_sum_bits": sums * layers.last,
        "single_sum_bits": sums * (bf == 1),
        "many_sum_bits": sums * (bf >= 4),
        "odd_sum_bits": sums * (k % 2),
        "rom_luts": np.minimum(bf, 2) * rom,
        "single_rom_luts": rom * (bf == 1),
        "copied_rom_luts": rom * bf,
        "rom_reads": bf * in_luts,
        "bram_reads": bf * ~in_luts,
        "small_product_bits": bf * layers.weight_bits * small,
        "small_products": bf * small,
        "wide_products": bf * ~small,
        "loop_bits": ceil_log2(layers.reuse_factor),
        "index_bits": index_bits(layers),
    }
    named |= {f"sum_bits_of_{bits}": sums * (index_bits(layers).clip(3, 7) == bits) for bits in range(3, 8)}
    if not domain.logic:
        named["pair_sum_bits"] = sums * (k == 2)
        choices = ceil_log2(layers.n_out).clip(5, 8) * (k > 2)
        named |= {f"products_of_{bits}": bf * (choices == bits) for bits in range(5, 9)}
    return {name: values * layers.parallel_positions for name, values in named.items()}


def _uneven(count: Numbers) -> Flags:
    """Which counts are no powers of two."""
    uneven: Flags = np.log2(count) % 1 != 0
    return uneven


def _all_zero(layers: Layers) -> Flags:
    """Layers whose weights of 2 bits are all zero, since untrained weights round to it from 48 inputs on."""
    zero: Flags = (layers.weight_bits == 2) & (layers.nonzero < 0) & (layers.n_in >= 48)
    return zero
