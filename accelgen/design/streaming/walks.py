"""The orders in which kernels of io_stream read and write: one step is one iteration of their loops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import lcm

import numpy as np
import numpy.typing as npt

from accelgen.design.streaming.dataflow import Integers, Process

Flags = npt.NDArray[np.bool_]

Pairs = tuple[tuple[int, int], tuple[int, int]]
"""Something before and after the rows, and the columns, of an image."""


@dataclass(frozen=True, eq=False)
class Walk:
    """``steps`` steps, and those that read each token of each input and write each one of the result."""

    steps: int
    reads: tuple[Integers, ...]
    writes: Integers


@dataclass(frozen=True)
class Timing:
    """Cycles of a step that only reads, and of one that writes; how many steps are in flight in the pipeline.

    The default is a loop that computes little: a step is read while the one before is written.
    """

    reading: int = 1
    writing: int = 1
    in_flight: int = 1


def process(name: str, walk: Walk, timing: Timing, inputs: Sequence[str], results: Sequence[str]) -> Process:
    """The process that walks so, reading channels ``inputs`` and writing each token to all ``results``."""
    cycles = np.full(walk.steps, timing.reading, np.int64)
    cycles[walk.writes] = timing.writing
    reads = dict(zip(inputs, walk.reads, strict=True))
    return Process(name, cycles, reads, dict.fromkeys(results, walk.writes), timing.in_flight)


def regroup(inputs: Sequence[int], result: int) -> Walk:
    """Inputs and a result of so many tokens at one pace: each step is what all tokens have in common."""
    steps = lcm(*inputs, result)
    reads = tuple(np.arange(tokens) * (steps // tokens) for tokens in inputs)
    return Walk(steps, reads, (np.arange(result) + 1) * (steps // result) - 1)


def collect(inputs: Sequence[int], result: int) -> Walk:
    """All inputs read one after another, then the result written."""
    ends = np.cumsum(inputs)
    reads = tuple(np.arange(end - tokens, end) for end, tokens in zip(ends, inputs, strict=True))
    return Walk(int(ends[-1]) + result, reads, np.arange(ends[-1], ends[-1] + result))


def collect_some(inputs: Sequence[int], result: int) -> Walk:
    """Inputs of as many tokens as the result at its pace, the others read before it."""
    kept = [tokens for tokens in inputs if tokens != result]
    before = int(sum(kept))
    starts = iter(np.cumsum(kept) - kept)
    reads = tuple(
        np.arange(tokens) + (before if tokens == result else int(next(starts))) for tokens in inputs
    )
    return Walk(before + result, reads, before + np.arange(result))


def interleave(groups: int, inputs: Sequence[int]) -> Walk:
    """Of each input in turn its share of tokens, so many times, each handed on."""
    steps = sum(inputs)
    owner = np.tile(np.repeat(np.arange(len(inputs)), [tokens // groups for tokens in inputs]), groups)
    return Walk(
        steps, tuple(np.flatnonzero(owner == source) for source in range(len(inputs))), np.arange(steps)
    )


def windows(
    size: tuple[int, int],
    kernel: tuple[int, int],
    strides: tuple[int, int],
    padding: Pairs = ((0, 0), (0, 0)),
) -> Walk:
    """An image and its padding pixel by pixel; a result at the end of each window."""
    reads, writes = [], []
    for pixels, taps, stride, (before, after) in zip(size, kernel, strides, padding, strict=True):
        at = np.arange(before + pixels + after)
        reads.append((at >= before) & (at < before + pixels))
        writes.append((at >= taps - 1) & ((at - (taps - 1)) % stride == 0))
    return _image(reads, writes)


def pad(size: tuple[int, int], padding: Pairs) -> Walk:
    """An image and its padding pixel by pixel, each handed on; negative padding is read and left out."""
    reads, writes = [], []
    for pixels, (before, after) in zip(size, padding, strict=True):
        at = np.arange(-max(before, 0), pixels + max(after, 0))
        reads.append((at >= 0) & (at < pixels))
        writes.append((at >= -before) & (at < pixels + after))
    return _image(reads, writes)


def repeat(size: tuple[int, int], factors: tuple[int, int]) -> Walk:
    """Each pixel of an image repeated along its row, and each row; it is read when first needed."""
    (height, width), (rows, columns) = size, factors
    first = np.arange(rows) == 0, np.arange(columns) == 0
    everywhere = [np.ones(height * rows, bool), np.ones(width * columns, bool)]
    return _image([np.tile(first[0], height), np.tile(first[1], width)], everywhere)


def _image(reads: Sequence[Flags], writes: Sequence[Flags]) -> Walk:
    """Rows by columns; a pixel is read, or written, where both its row and its column say so."""
    read, written = (np.flatnonzero(np.logical_and.outer(*both)) for both in (reads, writes))
    return Walk(len(reads[0]) * len(reads[1]), (read,), written)


def recur(steps: int, *, results: bool, backwards: bool, reordered: bool) -> Walk:
    """Steps of a sequence; ``backwards`` stores it first, ``reordered`` its results until the end."""
    start = steps if backwards else 0
    total = start + steps
    if not results:
        return Walk(total, (np.arange(steps),), np.array([total - 1]))
    if backwards and reordered:
        return Walk(total + steps, (np.arange(steps),), total + np.arange(steps))
    return Walk(total, (np.arange(steps),), start + np.arange(steps))
