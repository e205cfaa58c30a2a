"""Codes of fixed-point values as the 64-bit words in which they pass to and from the compiled network."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.ir import FixedType
from accelgen.ir.fixed import FLOAT_LIMIT, Codes

Words = npt.NDArray[np.int64]


def words_per_value(kind: FixedType) -> int:
    """64-bit words that hold one code."""
    return (kind.width + 63) // 64


def to_words(codes: Codes, kind: FixedType) -> Words:
    """Codes (n, *shape) as words (n, size * words_per_value), sign-extended, the lowest word first.

    Raises:
        ValueError: a code that is not one of the type's.
    """
    flat = np.asarray(codes).reshape(len(codes), -1)
    if flat.size and not (kind.min_code <= flat.min() and flat.max() <= kind.max_code):
        raise ValueError(f"codes outside {kind}")
    if kind.width < 64:
        return np.ascontiguousarray(flat, dtype=np.int64)
    exact = flat.astype(object)
    parts = [(exact >> 64 * i) & (1 << 64) - 1 for i in range(words_per_value(kind))]
    return np.stack([part.astype(np.uint64).view(np.int64) for part in parts], -1).reshape(len(flat), -1)


def from_words(words: Words, kind: FixedType, shape: tuple[int, ...]) -> Codes:
    """Words as codes (n, *shape): float64 where every code of the type fits, else Python integers."""
    count = words_per_value(kind)
    if count == 1 and max(-kind.min_code, kind.max_code) < FLOAT_LIMIT:
        return words.astype(np.float64).reshape(-1, *shape)
    parts = words.reshape(len(words), -1, count).view(np.uint64).astype(object)
    total: Any = sum(parts[..., i] << 64 * i for i in range(count))
    total &= (1 << kind.width) - 1
    if kind.signed:
        total = np.where(total > kind.max_code, total - (1 << kind.width), total)
    return np.asarray(total.reshape(-1, *shape))


def as_text(arrays: list[Words]) -> str:
    """A line for each sample with the words of all arrays in order."""
    rows = np.concatenate(arrays, axis=1)
    return "".join(" ".join(map(str, row)) + "\n" for row in rows.tolist())
