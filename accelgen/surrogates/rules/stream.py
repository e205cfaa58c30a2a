"""hls4ml's kernels in io_stream: Dense and convolutions, whose loops run once for every pixel that is read.

Data: N-TORC's single layers (Vivado HLS 2019.1, UltraScale+, 4 ns, 16 bits), means over networks that hold
them, so that cycles depend a little on what stood before. All are of stride 1, with two steps of padding.
Reports count cycles as if all steps computed a result, or none; where the loop of a layer is known, those
that do are counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from accelgen.surrogates.features import Flags, Layers, Numbers, ceil_log2
from accelgen.surrogates.record import LayerKind
from accelgen.surrogates.rules import unrolled
from accelgen.surrogates.rules.domain import Domain
from accelgen.surrogates.rules.memory import hls_rom_18k
from accelgen.surrogates.rules.resource import wide_factor

SPARE_BITS = 8
"""Bits that fill no block and become LUTs (Vivado HLS 2019.1: 8 do, 12 do not)."""

CONSTANT_DSP_SHARE = 0.5
"""Of untrained weights of 16 bits, 8 of them after the point, those that need a multiplier."""

CONSTANT = "constant_"
"""What names of parts of layers with constant weights begin with."""

FLATTENED_WORD = 16
"""Values of one word of a stream that a Dense layer reads after a convolution, in most of the data."""


def _convolution(layers: Layers) -> Flags:
    return layers.is_kind(LayerKind.CONV1D, LayerKind.CONV2D)


def reuse(layers: Layers) -> Numbers:
    """The reuse factor, which a layer with fewer products does not use up."""
    return np.minimum(layers.reuse_factor, layers.n_in * layers.n_out)


PADDING = 2
"""Steps of N-TORC's convolutions that are none of their positions, as three taps need."""

PASSED = 6.0
"""Cycles of a step of a resource kernel that ends no window; exact for all convolutions."""


def _steps(layers: Layers) -> Numbers:
    """Steps of loops, by N-TORC's geometry where they are not known."""
    return np.where(layers.steps > 0, layers.steps, layers.positions + PADDING * _convolution(layers))


def _pipelined(layers: Layers) -> Flags:
    pipelined: Flags = layers.constant & ~layers.looped
    return pipelined


def paces(layers: Layers) -> tuple[Numbers, Numbers]:
    """Cycles of a step that only reads, and of one that computes a position too.

    A Dense layer reads a token a cycle; that it computes takes it what its `latency_max` leaves.
    """
    factor, dense = reuse(layers), layers.is_kind(LayerKind.DENSE)
    reading = np.where(dense, 1.0, np.where(_pipelined(layers), factor, PASSED))
    computing = factor + np.where(dense | _pipelined(layers), 0.0, _cycles_around(layers))
    return reading, computing


def _cycles_around(layers: Layers) -> Numbers:
    """Cycles of a position of a convolution besides the RF of its loop: 9 to 11 (7 without reuse).

    Three times fewer products a cycle than inputs, or four results a multiplier, take one more; six times
    fewer one less. Exact for all convolutions.
    """
    ratio = layers.n_in / reuse(layers)
    around = 10 + ((ratio == 3) | (ratio == 1 / 4)) - (ratio >= 6)
    return np.where(reuse(layers) == 1, 7, around)


def latency_max(layers: Layers, _domain: Domain) -> Numbers:
    """Most cycles: (RF + c) a position of a convolution, RF and the words of the input for a Dense layer.

    Steps of a convolution that end no window take `PASSED` cycles; where nothing is known of them, all are
    taken to compute. A Dense layer after a convolution reads ``n_in / 16`` words where they are not known; a
    layer that does not narrow is then taken for one after a Dense layer, whose output is one word. With
    constant weights, the pipeline takes a step every RF cycles after a start of half the inputs.
    """
    known, window, steps = layers.steps > 0, _convolution(layers), _steps(layers)
    narrow = (layers.n_in >= 64) & (layers.n_out > 1) & (layers.n_out < layers.n_in)
    flattened = np.where(known, steps > 2, narrow)
    words = np.where(known, steps - 1, np.ceil(layers.n_in / FLATTENED_WORD))
    dense = reuse(layers) + np.where(flattened, words + 11, 6)
    reading, computing = paces(layers)
    computed = np.where(known, layers.positions, steps)
    folded = np.where(window, computed * computing + (steps - computed) * reading, dense)
    start = np.where(window, 5.5 - PADDING + 0.49 * layers.n_in, 10 + 0.5 * layers.n_in * flattened)
    once = np.where(window | layers.is_kind(LayerKind.DEPTHWISE), steps, layers.positions)
    pipelined = once * np.where(known, reuse(layers), 1) + np.round(start)
    return np.where(_pipelined(layers), np.maximum(pipelined, steps * known), folded)


def latency(layers: Layers, domain: Domain) -> Numbers:
    """Least cycles: of a convolution whose loop is not known `PASSED` a step (exact), else the most; one less
    than that of a Dense layer.
    """
    most = latency_max(layers, domain)
    least = np.where(layers.steps > 0, most, PASSED * _steps(layers))
    return np.where(_pipelined(layers), most, np.where(_convolution(layers), least, most - 1))


def dsp(layers: Layers, domain: Domain) -> Numbers:
    """DSP blocks: one for each product of a cycle; exact wherever there is reuse.

    Constant weights take as many as `unrolled.dsp` says, and a half of all where they are not known.
    """
    wide = np.minimum(layers.input_bits, layers.weight_bits) >= 7
    folded = np.ceil(layers.n_in * layers.n_out / reuse(layers)) * wide_factor(layers) * wide
    unknown = np.where(layers.dsp_products < 0, CONSTANT_DSP_SHARE * layers.n_in * layers.n_out * wide, 0)
    constant = np.where(layers.dsp_products < 0, unknown, unrolled.dsp(layers, domain))
    return np.where(layers.constant, constant, folded) * layers.dsp[layers.design]


def bram_18k(layers: Layers, _domain: Domain) -> Numbers:
    """18 Kb blocks of weights and index table; none for constants and ROMs of up to 1 Kb.

    One product a cycle reads ROMs of up to 1.5 Kb from LUTs. Exact for 99 % of layers.
    """
    return weight_18k(layers.n_in, layers.n_out, layers.weight_bits, reuse(layers)) * ~layers.constant


def weight_18k(n_in: Numbers, n_out: Numbers, bits: Numbers, reuse_factor: Numbers) -> Numbers:
    """18 Kb blocks of the ROM of a matrix, and of the index table that a reuse factor above n_in takes."""
    products = np.ceil(n_in * n_out / reuse_factor)
    words = hls_rom_18k(reuse_factor, products * bits, np.full(n_in.shape, SPARE_BITS))
    small = n_in * n_out * bits <= np.where(products == 1, 1536, 1024)
    index = ceil_log2(np.maximum(reuse_factor // n_in, 1))
    table = hls_rom_18k(reuse_factor, index, np.zeros(n_in.shape))
    return np.where(small | (reuse_factor == 1), 0, words) + table


def lut_parts(layers: Layers, domain: Domain) -> Mapping[str, Numbers]:
    """What LUTs are spent on; layers with constant weights are made of other parts than the rest."""
    return _either(layers, _folded_parts(layers), unrolled.lut_parts(layers, domain))


def ff_parts(layers: Layers, domain: Domain) -> Mapping[str, Numbers]:
    """What FFs are spent on, likewise."""
    return _either(layers, _folded_parts(layers), unrolled.ff_parts(layers, domain))


def _either(
    layers: Layers, folded: Mapping[str, Numbers], constant: Mapping[str, Numbers]
) -> Mapping[str, Numbers]:
    result = {name: values * ~layers.constant for name, values in folded.items()}
    result |= {f"{CONSTANT}{name}": values * layers.constant for name, values in constant.items()}
    return result


def _folded_parts(layers: Layers) -> Mapping[str, Numbers]:
    """Parts of a kernel with reuse, as HLS reports price them: `matrix_parts`, and what holds its input.

    A selector of a Dense layer is paid for by the size of the stream's words, unless it has more than 256
    inputs to choose from, which the inputs then pay for.
    """
    inputs, window = layers.n_in * layers.input_bits, _convolution(layers)
    factor = reuse(layers)
    far = (factor < layers.n_in) & (layers.n_in > LARGEST_SELECTOR) & ~window
    word = ceil_log2(np.where(layers.n_out > 1, layers.n_out, layers.n_in)).clip(4, 6)
    named = dict(matrix_parts(layers, layers.n_in, layers.n_out, factor))
    selecting, choices = named.pop("selecting_bits"), named.pop("choice_bits")
    named |= {
        "vector": (~window).astype(np.float64),
        "vector_bits": inputs * ~window,
        "spread_vector_bits": inputs * (factor < layers.n_in) * ~window,
        "far_vector_bits": inputs * far,
        "furthest": (far & (factor > LARGEST_SELECTOR)).astype(np.float64),
        "window": window.astype(np.float64),
        "window_bits": inputs * window,
        "spread_window_bits": inputs * (factor < layers.n_in) * window,
        "window_selecting_bits": selecting * window,
        "window_choice_bits": choices * window,
    }
    near = selecting * ~window * ~far
    return named | {f"selecting_bits_of_{2**bits}": near * (word == bits) for bits in range(4, 7)}


LARGEST_SELECTOR = 256


def matrix_parts(layers: Layers, n_in: Numbers, n_out: Numbers, factor: Numbers) -> dict[str, Numbers]:
    """Parts of the product with a matrix.

    With RF >= n_in all products of a cycle take the same input, and what a result costs depends on how many
    share a multiplier (k = RF / n_in). With RF < n_in ("spread") each product selects its own input out of
    RF, for which it pays where there are more than two.
    """
    products = np.ceil(n_in * n_out / factor) * layers.input_bits
    spread = factor < n_in
    shared = ceil_log2(factor / n_in).clip(0, 4)
    named = {
        "spread_product_bits": products * spread,
        "selecting_bits": products * spread * (factor > 2),
        "choice_bits": products * spread * (factor > 2) * factor,
    }
    sums = n_out * layers.sum_bits * ~spread
    return named | {f"sum_bits_of_{2**bits}": sums * (shared == bits) for bits in range(5)}
