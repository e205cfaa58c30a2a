"""How numbers lie in the words that a network on a board reads and writes, and how real numbers become them.

A value of W bits takes a *lane* of the next power of two of bits: 1, 2, 4, 8, 16 ... It is the lane's lowest
bits, and the lane's other bits repeat its sign (signed) or are 0 (unsigned): a lane of 8 to 64 bits is an
ordinary integer. Lanes follow one another without a gap in the row-major order of the value's place, the
first in the lowest bits. A sample starts at a new word of the bus, so its last word may end with lanes that
mean nothing; they are written as 0. A lane wider than the bus takes several words, the lowest first. Memory
is little-endian, so the width of the bus decides nothing but how many bytes a sample is rounded up to.

Why not lanes of exactly W bits: they take less memory, and cost a shifter to every offset in the programmable
logic and bitwise work in the processor. A power of two needs neither, and still packs eight binary values
into a byte.

A driver carries this file as it is: it imports nothing but NumPy, and runs on Python 3.8, which PYNQ 2.7 has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

EXACT = 62
"""Integers below two to this many bits are computed in int64."""


class Port(NamedTuple):
    """An input or output of a network: ``width`` bits on the grid ``2**-fraction``.

    ``rounding`` and ``overflow`` name what happens to real numbers off the grid or out of range, as ap_fixed
    names them without ``AP_`` (AMD UG1399, "Arbitrary Precision Fixed-Point Data Types"). ``shape`` is that
    of one sample. ``bus_bits`` is the width of the words.
    """

    name: str
    shape: tuple[int, ...]
    width: int
    fraction: int
    signed: bool
    rounding: str
    overflow: str
    bus_bits: int

    @property
    def lane_bits(self) -> int:
        """Bits from the start of one value to the next."""
        return 1 << (self.width - 1).bit_length()

    @property
    def values(self) -> int:
        """Values of a sample."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def sample_words(self) -> int:
        """Words of a sample."""
        return -(-self.values * self.lane_bits // self.bus_bits)

    @property
    def sample_bytes(self) -> int:
        """Bytes of a sample, whole words."""
        return self.sample_words * self.bus_bits // 8

    @property
    def min_code(self) -> int:
        """The smallest code."""
        if not self.signed:
            return 0
        return -(1 << (self.width - 1)) + (self.overflow == "SAT_SYM")

    @property
    def max_code(self) -> int:
        """The largest code."""
        return (1 << (self.width - self.signed)) - 1


def quantize(values: Any, port: Port) -> Any:
    """Real numbers (n, *shape) as codes, rounded and brought into range as ap_fixed does with a double.

    Codes are int64, or Python integers where 62 bits do not hold them.

    Raises:
        ValueError: the shape is not the port's, or a number is not finite.
    """
    numbers = np.asarray(values, np.float64)
    if numbers.shape[1:] != tuple(port.shape):
        raise ValueError(f"{port.name!r} takes samples of shape {port.shape}, not {numbers.shape[1:]}")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{port.name!r}: there are values that are not finite")
    mantissas, exponents = np.frexp(numbers)
    if port.width <= EXACT and (not numbers.size or int(exponents.max()) + port.fraction < EXACT):
        codes = _rounded(np.ldexp(numbers, port.fraction), port.rounding).astype(np.int64)
        return _in_range(codes, port)
    exact = [
        _integer(float(mantissa), int(exponent) + port.fraction, port.rounding)
        for mantissa, exponent in zip(mantissas.ravel(), exponents.ravel())
    ]
    return _in_range(np.array(exact, dtype=object).reshape(numbers.shape), port)


def _rounded(scaled: Any, rounding: str) -> Any:
    floor = np.floor(scaled)
    rest = scaled - floor
    if rounding == "TRN":
        return floor
    if rounding == "TRN_ZERO":
        return np.trunc(scaled)
    ties = {
        "RND": True,
        "RND_MIN_INF": False,
        "RND_ZERO": scaled < 0,
        "RND_INF": scaled > 0,
        "RND_CONV": floor % 2 == 1,
    }
    return floor + ((rest > 0.5) | ((rest == 0.5) & ties[rounding]))


def _integer(mantissa: float, exponent: int, rounding: str) -> int:
    """``mantissa * 2**exponent`` as an integer of any size; only what a double holds needs rounding."""
    if exponent <= 53:
        return int(_rounded(np.ldexp(mantissa, exponent), rounding))
    return int(np.ldexp(mantissa, 53)) << (exponent - 53)


def _in_range(codes: Any, port: Port) -> Any:
    low, high = np.array(port.min_code, codes.dtype), np.array(port.max_code, codes.dtype)
    if port.overflow == "WRAP":
        return (codes - low) % (1 << port.width) + low
    outside = (codes < low) | (codes > high)
    if port.overflow == "SAT_ZERO":
        return np.where(outside, 0, codes)
    return np.where(outside, np.where(codes < low, low, high), codes)


def to_real(codes: Any, port: Port) -> Any:
    """Codes as float64: exact up to 53 bits, else rounded."""
    if codes.dtype != object:
        return np.ldexp(codes.astype(np.float64), -port.fraction)
    scale = 1 << abs(port.fraction)
    real = [code / scale if port.fraction >= 0 else float(code * scale) for code in codes.ravel()]
    return np.array(real, np.float64).reshape(codes.shape)


def pack(codes: Any, port: Port) -> Any:
    """Codes (n, *shape) as the bytes (n, sample_bytes) that the network reads."""
    flat = np.asarray(codes).reshape(len(codes), -1)
    lane = port.lane_bits
    if lane > 64:
        pieces = [((flat >> 64 * i) & ((1 << 64) - 1)).astype(np.uint64) for i in range(lane // 64)]
        lanes = np.stack(pieces, -1).reshape(len(flat), -1).astype("<u8").view(np.uint8)
    elif lane >= 8:
        kind = "i" if port.signed else "u"
        lanes = np.ascontiguousarray(flat.astype(f"<{kind}{lane // 8}")).view(np.uint8)
    else:
        in_byte = 8 // lane
        whole = np.zeros((len(flat), -(-port.values // in_byte) * in_byte), np.uint8)
        whole[:, : port.values] = flat & ((1 << lane) - 1)
        shifted = whole.reshape(len(flat), -1, in_byte) << (lane * np.arange(in_byte, dtype=np.uint8))
        lanes = np.bitwise_or.reduce(shifted, axis=2)
    packed = np.zeros((len(flat), port.sample_bytes), np.uint8)
    packed[:, : lanes.shape[1]] = lanes
    return packed


def unpack(packed: Any, port: Port) -> Any:
    """The bytes (n, sample_bytes) that the network wrote, as codes (n, *shape)."""
    samples, lane = len(packed), port.lane_bits
    used = np.ascontiguousarray(packed[:, : -(-port.values * lane // 8)])
    shape = (samples, *port.shape)
    if lane > 64:
        pieces = used.view("<u8").reshape(samples, port.values, lane // 64).astype(object)
        codes = sum(pieces[..., i] << 64 * i for i in range(lane // 64))
        return _in_range(codes, port._replace(overflow="WRAP")).reshape(shape)
    if lane >= 8:
        codes = used.view(f"<{'i' if port.signed else 'u'}{lane // 8}")
        return codes.astype(np.int64 if codes.dtype != np.dtype("<u8") else object).reshape(shape)
    in_byte = 8 // lane
    shifted = used[:, :, None] >> (lane * np.arange(in_byte, dtype=np.uint8))
    codes = (shifted & ((1 << lane) - 1)).reshape(samples, -1)[:, : port.values].astype(np.int64)
    if port.signed:
        codes = (codes ^ (1 << (lane - 1))) - (1 << (lane - 1))
    return codes.reshape(shape)
