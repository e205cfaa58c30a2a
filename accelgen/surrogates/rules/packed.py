"""accelgen's kernels for few bits: XNOR or small products, a popcount, thresholds (``accelgen_packed*.h``).

There are no measurements yet: these are gate counts, one LUT for each bit of a product that is counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.surrogates.features import Layers, Numbers, ceil_log2
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.memory import vivado_rom_18k
from accelgen.surrogates.rules.unrolled import LEVEL_NS

PRICES: Mapping[str, Mapping[str, float]] = {
    "lut": {"product_bits": 1.0, "sum_bits": 1.0},
    "ff": {"product_bits": 0.5, "sum_bits": 2.0},
}


def latency(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles of a call: the folds of every position, and the levels of a popcount, eight bits a level."""
    clock = layers.clock_ns[layers.design]
    level = np.where(layers.fast[layers.design], LEVEL_NS[1], LEVEL_NS[0])
    depth = 1 + np.round(ceil_log2(layers.n_in) * level / clock / 2)
    return interval(layers, _domain) - 1 + depth


def interval(layers: Layers, _domain: Domain) -> Numbers:
    """Cycles between inferences: the reuse factor for every position."""
    return np.ceil(layers.positions / layers.parallel_positions) * layers.reuse_factor


def dsp(layers: Layers, _domain: Domain) -> Numbers:
    """None: products of few bits are LUTs."""
    return np.zeros(layers.n_in.shape)


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """18 Kb blocks of the weights of a folded layer: RF words; none where they are constants."""
    bits = layers.block_factor * np.maximum(layers.weight_bits, 1)
    deep = layers.reuse_factor * bits > 1024
    return np.where(layers.constant | ~deep, 0, vivado_rom_18k(layers.reuse_factor, bits))


def parts(layers: Layers, _domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs and FFs are spent on."""
    used = np.where(layers.nonzero < 0, layers.n_in * layers.n_out, layers.nonzero)
    products = np.where(layers.constant, used, layers.block_factor)
    results = np.where(layers.constant, layers.n_out, np.ceil(layers.block_factor / layers.n_in))
    width = layers.input_bits * np.maximum(layers.weight_bits, 1)
    named = {"product_bits": products * width, "sum_bits": results * layers.sum_bits}
    return {name: values * layers.parallel_positions for name, values in named.items()}
