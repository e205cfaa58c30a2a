"""Block RAMs that ROMs take: how Vivado and the HLS tools lay words over 18 Kb blocks."""

from __future__ import annotations

import numpy as np

from accelgen.surrogates.features import Numbers, ceil_log2

SMALLEST_ROM_BITS = 900
"""ROMs of fewer bits become LUTs. Of the index tables of the dense chains, 256 x 3 bits do and 320 x 3 do not
(Vivado 2023.2); in HLS reports 384 x 3 do and 256 x 4 do not (Vivado HLS 2019.1)."""

CHUNK = 1024
"""Words that the HLS tools put into one block before they begin the next ones."""


def vivado_rom_18k(depth: Numbers, bits: Numbers) -> Numbers:
    """18 Kb blocks of a ROM of ``depth`` words of ``bits`` after logic synthesis, 0 for one of no bits.

    The address space is the next power of two. A block holds 1K x 18, 2K x 9, 4K x 4, 8K x 2 or 16K x 1, and
    a pair of them 4K x 9, the only shape in which a pair holds more than twice as much (UltraScale, UG573).
    Deeper ROMs are several of the deepest.
    """
    address = np.clip(ceil_log2(depth), 10, None)
    banks = 2.0 ** np.maximum(address - 14, 0)
    width = np.array([18, 9, 4, 2, 1])[np.minimum(address, 14).astype(int) - 10]
    left = bits % 9
    pairs = 2 * (bits // 9) + np.minimum(np.ceil(left / 4), 2)
    return np.where(address == 12, pairs, np.ceil(bits / width)) * banks


def hls_rom_18k(depth: Numbers, bits: Numbers, spare_bits: Numbers) -> Numbers:
    """18 Kb blocks of a ROM as the HLS tools report them, 0 for one that is built of LUTs.

    Every 1024 words take blocks of 18 bits, what remains blocks of 36 bits if it is half as deep or less;
    ``spare_bits`` is how many bits that fill no block are left to LUTs.
    """
    chunks = np.ceil(depth / CHUNK) - 1
    rest = depth - chunks * CHUNK
    width = np.where(rest > CHUNK / 2, 18, 36)
    last = np.where(rest * bits < SMALLEST_ROM_BITS, 0, _blocks(bits, width, spare_bits))
    return chunks * _blocks(bits, np.full(bits.shape, 18), spare_bits) + last


def _blocks(bits: Numbers, width: Numbers, spare_bits: Numbers) -> Numbers:
    return bits // width + (bits % width > spare_bits)
