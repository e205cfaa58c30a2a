"""Numbers to words of levels and back, and maxima of words, against NumPy: equal in every bit."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
import pytest

from accelgen.backend import packed
from accelgen.backend.kernels.packing import (
    pack_attributes,
    pack_thresholds_attributes,
    packed_pool_attributes,
    unpack_attributes,
)
from accelgen.backend.packed import Integers, PackedTensor
from accelgen.design.few_bit import Levels
from accelgen.ir import FixedType, Pool, PoolKind
from accelgen.ir.nodes import Shape
from tests.backend.kernels.packed_harness import (
    WARNINGS,
    Kernel,
    Library,
    Port,
    compile_cpp,
    number_words,
    numbers_of,
    packed_words,
)

Random = np.random.Generator
SAMPLES = 20

LEVELS = (
    Levels(-1, 2, 2),
    Levels(0, 1, 2, fraction=3),
    Levels(-1, 1, 3),
    Levels(-8, 1, 16, fraction=2),
    Levels(-4, 3, 5, fraction=1),
)
POSITIONS: tuple[Shape, ...] = ((), (3,), (2, 3))


class Check:
    """A kernel with its input, and what it is to give."""

    def __init__(
        self, name: str, kernel: Kernel, given: Integers, result: PackedTensor | FixedType, wanted: Integers
    ) -> None:
        self.name, self.kernel, self.given, self.result, self.wanted = name, kernel, given, result, wanted

    def run(self, library: Library, index: int) -> None:
        words = library.run(index, self.given)
        if isinstance(self.result, PackedTensor):
            np.testing.assert_array_equal(words, packed_words(self.result, self.wanted), err_msg=self.name)
        else:
            codes = numbers_of(self.result, words, self.wanted.shape[1:])
            np.testing.assert_array_equal(codes, self.wanted, err_msg=self.name)


def drawn_levels(rng: Random, tensor: PackedTensor) -> Integers:
    return rng.integers(0, tensor.levels.count, (SAMPLES, prod(tensor.positions), tensor.channels))


def conversions(rng: Random) -> Iterator[Check]:
    """Packing of numbers that are levels, and unpacking; packs smaller and larger than a position."""
    for number, levels in enumerate(LEVELS):
        positions = POSITIONS[number % 3]
        channels = int(rng.integers(1, 9)) * 6
        tensor = PackedTensor(positions, channels, levels)
        kind = FixedType(9, 9 - levels.fraction - number % 2)
        x = drawn_levels(rng, tensor)
        codes = (levels.first + levels.step * x) << kind.fraction - levels.fraction
        for pack in (channels, channels // 3, channels * positions[-1] if positions else channels):
            stream = pack != channels or number % 2 == 0
            numbers, words = Port.of(kind, codes[0].size, pack), Port.of(tensor)
            if channels % pack == 0:
                kernel = Kernel(pack_attributes("pack", kind, tensor), numbers, words, stream)
                yield Check(f"pack {levels} by {pack}", kernel, number_words(kind, codes), tensor, x)
            attributes = unpack_attributes("unpack", tensor, kind, (*positions, channels))
            kernel = Kernel(attributes, words, numbers, stream)
            yield Check(f"unpack {levels} by {pack}", kernel, packed_words(tensor, x), kind, codes)


def comparisons(rng: Random) -> Iterator[Check]:
    """Thresholds with ties, beyond the type and twice, in channels whose levels rise, fall or stay."""
    for number in range(6):
        channels = int(rng.integers(1, 60))
        tensor = PackedTensor(POSITIONS[number % 3], channels, LEVELS[number % len(LEVELS)])
        kind = FixedType(int(rng.integers(1, 9)), 4, signed=number % 2 == 0)
        count = int(rng.integers(1, 6))
        own_thresholds, own_levels = (1 if number == 2 else channels), (1 if number == 3 else channels)
        thresholds = np.sort(rng.integers(kind.min_code - 3, kind.max_code + 5, (own_thresholds, count)))
        levels = np.sort(rng.integers(0, tensor.levels.count, (own_levels, count + 1)))
        falls = rng.integers(2, size=own_levels) > 0
        levels[falls] = levels[falls, ::-1]
        codes = rng.integers(kind.min_code, kind.max_code + 1, (SAMPLES, prod(tensor.positions), channels))
        reached = (codes[..., None] >= thresholds).sum(-1)
        wanted = np.broadcast_to(levels, (channels, count + 1))[np.arange(channels), reached]
        attributes = pack_thresholds_attributes("sign", kind, thresholds, levels, tensor)
        kernel = Kernel(attributes, Port.of(kind, codes[0].size, channels), Port.of(tensor), number % 2 == 0)
        yield Check(f"thresholds {number}", kernel, number_words(kind, codes), tensor, wanted)


def pools(rng: Random) -> Iterator[Check]:
    """Windows that overlap, leave gaps, reach into the padding, and cover all."""
    for number in range(9):
        rank = 1 + number % 2
        levels = LEVELS[number % len(LEVELS)]
        size = tuple(int(n) for n in rng.integers(1, 8, rank))
        window = size if number == 8 else tuple(int(rng.integers(1, extent + 1)) for extent in size)
        strides = tuple(int(stride) for stride in rng.integers(1, 4, rank))
        pads = tuple((int(rng.integers(0, taps)), int(rng.integers(0, taps))) for taps in window)
        out = tuple(
            (n + sum(p) - taps) // s + 1 for n, taps, s, p in zip(size, window, strides, pads, strict=True)
        )
        source = PackedTensor(size, int(rng.integers(1, 50)), levels)
        result = PackedTensor(out, source.channels, levels)
        x = drawn_levels(rng, source)
        image = np.pad(x.reshape(SAMPLES, *size, -1), ((0, 0), *pads, (0, 0)), constant_values=0)
        wanted = np.stack(
            [
                image[(slice(None), *map(slice, start, np.add(start, window)))].max(
                    axis=tuple(range(1, rank + 1))
                )
                for start in (np.array(corner) * strides for corner in np.ndindex(*out))
            ],
            1,
        )
        node = Pool("pool", ("x",), PoolKind.MAX, window, strides, pads)
        attributes = packed_pool_attributes(node, (*size, source.channels), result)
        kernel = Kernel(attributes, Port.of(source), Port.of(result), number % 3 > 0)
        yield Check(f"pool {number}", kernel, packed_words(source, x), result, wanted)


def test_against_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_WORD_BITS", 40)
    rng = np.random.default_rng(0)
    checks = [*conversions(rng), *comparisons(rng), *pools(rng)]
    library = Library.compile([check.kernel for check in checks], tmp_path, "-std=c++11", *WARNINGS)
    for index, check in enumerate(checks):
        check.run(library, index)
    compile_cpp(tmp_path / "kernels.cpp", "-std=c++17", "-fsyntax-only", *WARNINGS)


def test_levels_that_turn_back() -> None:
    tensor = PackedTensor((), 1, LEVELS[2])
    with pytest.raises(ValueError, match="up and down"):
        pack_thresholds_attributes("f", FixedType(4, 4), np.array([[0, 2]]), np.array([[0, 2, 1]]), tensor)
