"""Packed layers of every kind in one compilation, against NumPy: equal in every bit."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from pathlib import Path

import numpy as np
import pytest

from accelgen.backend import packed
from accelgen.backend.kernels.packed_linear import packed_linear_attributes
from accelgen.backend.packed import (
    Folding,
    Integers,
    Linear,
    PackedLinear,
    PackedTensor,
    Thresholds,
    Window,
)
from accelgen.design import WeightMemory
from accelgen.design.few_bit import Levels
from accelgen.design.row_program import plain
from accelgen.ir import FixedType, Overflow, Rounding
from accelgen.ir.fixed import FixedArray, cast
from tests.backend.kernels.packed_harness import (
    WARNINGS,
    Kernel,
    Library,
    Port,
    number_words,
    numbers_of,
    packed_words,
)
from tests.backend.packed_evaluation import evaluate, sums

Random = np.random.Generator
SAMPLES = 12
NARROW_WORDS = 40
"""Widest words of these tests, so that positions have several."""

BIPOLAR = Levels(-1, 2, 2)


def random_matrix(rng: Random, n_in: int, n_out: int, kind: str) -> Integers:
    low, high = {"bipolar": (0, 1), "ternary": (-1, 1), "unsigned": (0, 3), "signed": (-7, 7)}[kind]
    matrix = rng.integers(low, high, (n_in, n_out), endpoint=True)
    return matrix * 2 - 1 if kind == "bipolar" else matrix


def random_levels(rng: Random, bits: int) -> Levels:
    if bits == 1:
        return BIPOLAR
    return Levels(
        int(rng.integers(-3, 3)),
        int(rng.integers(1, 4)),
        int(rng.integers((1 << bits - 1) + 1, (1 << bits) + 1)),
    )


def random_window(rng: Random, rows: bool) -> Window:
    """A geometry; one row of image, kernel and result where there are no ``rows``."""
    kernel = [int(rng.integers(1, 4)) if axis or rows else 1 for axis in range(2)]
    size = [taps + int(rng.integers(0, 5)) if axis or rows else 1 for axis, taps in enumerate(kernel)]
    pads = [tuple(int(pad) for pad in rng.integers(0, taps, 2)) for taps in kernel]
    strides = [int(stride) for stride in rng.integers(1, 4, 2)]
    out = [
        (n + sum(p) - taps) // stride + 1
        for n, p, taps, stride in zip(size, pads, kernel, strides, strict=True)
    ]
    return Window(*size, *out, *kernel, *strides, tuple(pads))


def random_input(rng: Random, source: PackedTensor | FixedType, shape: tuple[int, ...]) -> Integers:
    low, high = (
        (0, source.levels.count - 1)
        if isinstance(source, PackedTensor)
        else (source.min_code, source.max_code)
    )
    x = rng.integers(low, high, shape, endpoint=True)
    x[0], x[1] = low, high
    return x


def thresholds_at(rng: Random, totals: Integers, n_classes: int, n_levels: int) -> Integers:
    """Thresholds that sums of the samples tie with, in some rows all or none of them reached."""
    rows = totals.reshape(-1, totals.shape[-1])
    picks = rng.integers(len(rows), size=(n_classes, totals.shape[-1], n_levels))
    codes = rows[picks, np.arange(totals.shape[-1])[:, None]] + rng.integers(-1, 2, picks.shape)
    codes[:, 0] = rows.max() + 1000
    codes[:, -1] = rows.min() - 1000
    return np.sort(codes, axis=-1)


def random_folding(rng: Random, n_in: int, n_out: int) -> Folding:
    def divisor(n: int) -> int:
        return int(rng.choice([d for d in range(1, n + 1) if n % d == 0 and d <= 100]))

    return Folding(divisor(n_out), divisor(n_in))


class Case:
    """A layer with its input, random but for what decides which code runs."""

    def __init__(self, rng: Random, inputs: str, weights: str, shape: str, how: str, finish: str) -> None:
        large = shape == "dense"
        channels = int(rng.integers(1, 300 if large else 14))
        n_out = int(rng.integers(1, 9 if how == "rows" or not large else 40))
        self.window = None if shape in ("dense", "flat") else random_window(rng, shape == "conv2d")
        if self.window is not None:
            positions = (self.window.in_height, self.window.in_width)
            taps = self.window.kernel_height * self.window.kernel_width
        else:
            positions = (int(rng.integers(1, 4)), int(rng.integers(1, 4))) if shape == "flat" else ()
            taps = prod(positions)
        n_in = taps * channels
        bits = int(inputs) if inputs.isdigit() else 0
        self.source = (
            PackedTensor(positions, channels, random_levels(rng, bits))
            if bits
            else FixedType(int(rng.integers(1, 9)), int(rng.integers(0, 6)), inputs == "signed")
        )
        self.pack = channels
        matrix = random_matrix(rng, n_in, n_out, weights)
        self.out_positions = () if self.window is None else (self.window.out_height, self.window.out_width)
        n_rows, n_columns = self.out_positions or (0, 0)
        classes = [tuple(int(c) for c in rng.integers(0, 3, n)) for n in (n_rows, n_columns)]
        count = prod(max(own, default=0) + 1 for own in classes)
        draft = PackedLinear(
            matrix, self.source, self.window, Thresholds(np.zeros((1, 1, 1), np.int64), None), *classes
        )
        self.x = random_input(rng, self.source, (SAMPLES, prod(positions), channels))
        totals = sums(draft, self.x)
        self.kind: FixedType | PackedTensor
        if finish == "linear":
            scale = int(rng.choice([-3, 1, 2, 100]))
            offsets = rng.integers(-50, 50, (count, n_out))
            limit = int(np.abs(matrix).sum(0).max()) * 256 * abs(scale) + 100
            exact = FixedType.for_range(-limit, limit, int(rng.integers(-2, 9)))
            self.kind = FixedType(8, exact.integer - 5, True, Rounding.RND_CONV, Overflow.SAT)
            done: Linear | Thresholds = Linear(scale, offsets, exact)
        else:
            levels = random_levels(rng, int(rng.integers(1, 5)))
            codes = thresholds_at(rng, totals, count, levels.count - 1)
            self.kind = PackedTensor(self.out_positions, n_out, levels)
            done = Thresholds(codes, self.kind)
            if finish == "values":
                self.kind = FixedType(9, 5)
                done = Thresholds(codes, None, rng.integers(-256, 256, levels.count))
        self.layer = replace(draft, finish=done)
        if how == "folded":
            memory = list(WeightMemory)[rng.integers(4)]
            self.layer = replace(self.layer, folding=random_folding(rng, n_in, n_out), weight_memory=memory)
        elif how == "rows":
            self.layer = replace(self.layer, program=plain(matrix))
        if self.window is not None and how != "folded":
            self.layer = replace(
                self.layer, parallel_positions=int(rng.integers(1, prod(self.out_positions) + 1))
            )

    def kernel(self, stream: bool) -> Kernel:
        n_out = self.layer.matrix.shape[1]
        attributes = packed_linear_attributes(self.layer, 'odd "name"\\\n', (*self.out_positions, n_out))
        count = self.x[0].size
        source = Port.of(self.source, count, self.pack)
        result = Port.of(self.kind, prod(self.out_positions) * n_out, n_out)
        return Kernel(attributes, source, result, stream)

    def input_words(self) -> Integers:
        if isinstance(self.source, PackedTensor):
            return packed_words(self.source, self.x)
        return number_words(self.source, self.x)

    def check(self, words: Integers, name: str) -> None:
        wanted = evaluate(self.layer, self.x)
        if isinstance(self.kind, PackedTensor):
            np.testing.assert_array_equal(words, packed_words(self.kind, wanted), err_msg=name)
            return
        if isinstance(self.layer.finish, Linear):
            exact = self.layer.finish.exact
            array = FixedArray(wanted.astype(float), exact.fraction, exact.max_code + 1)
            wanted = cast(array, self.kind).codes.astype(np.int64)
        np.testing.assert_array_equal(numbers_of(self.kind, words, wanted.shape[1:]), wanted, err_msg=name)


def cases(rng: Random) -> dict[str, Case]:
    """Every kind of input with every shape, the rest drawn; numbers without rows of constants."""
    made = {}
    hows = {"xnor": ("xnor", "folded", "rows"), "number": ("folded", "rows")}
    finishes = ["words", "values", "linear"]
    weights = ["bipolar", "ternary", "unsigned", "signed"]
    for inputs in ("1", "2", "3", "4", "signed", "unsigned"):
        for how in hows["xnor" if inputs.isdigit() else "number"]:
            for shape in ("dense", "flat", "conv1d", "conv2d"):
                drawn = weights[len(made) % 4], finishes[len(made) % 3]
                name = f"{inputs} {drawn[0]} {shape} {how} {drawn[1]}"
                made[name] = Case(rng, inputs, drawn[0], shape, how, drawn[1])
    return made


@pytest.mark.parametrize(
    "flags", [("-std=c++11",), ("-std=c++17", "-DACCELGEN_HARDWARE")], ids=["simulation", "hardware"]
)
def test_against_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]) -> None:
    monkeypatch.setattr(packed, "MAX_WORD_BITS", NARROW_WORDS)
    drawn = cases(np.random.default_rng(len(flags)))
    kernels, named = [], []
    for number, (name, case) in enumerate(drawn.items()):
        kernels.append(case.kernel(stream=(number + number // 4) % 2 == 0))
        named.append((name, case))
    library = Library.compile(kernels, tmp_path, *flags, *WARNINGS)
    for index, (name, case) in enumerate(named):
        case.check(library.run(index, case.input_words()), f"{name}, stream {kernels[index].stream}")


def test_wide_words_and_numbers(tmp_path: Path) -> None:
    """Words as wide as ap_uint gets, several of them, and numbers beyond the compiler's own integers."""
    rng = np.random.default_rng(0)
    layers: list[tuple[PackedLinear, Integers]] = []
    for channels, levels, n_out in ((1536, BIPOLAR, 3), (1300, Levels(0, 1, 4), 3), (2, BIPOLAR, 1100)):
        source = PackedTensor((), channels, levels)
        result = PackedTensor((), n_out, BIPOLAR)
        finish = Thresholds(rng.integers(-9, 9, (1, n_out, 1)), result)
        matrix = random_matrix(rng, channels, n_out, "bipolar")
        layer = PackedLinear(matrix, source, None, finish)
        layers.append((layer, random_input(rng, source, (SAMPLES, 1, channels))))
    wide, exact = FixedType(70, 50), FixedType(80, 60)
    matrix = random_matrix(rng, 20, 4, "ternary")
    finish = Linear(3, rng.integers(-9, 9, (1, 4)), exact)
    codes = rng.integers(-(1 << 40), 1 << 40, (SAMPLES, 1, 20))
    numbers = PackedLinear(matrix, wide, None, finish)
    layers.append((replace(numbers, program=plain(matrix)), codes))
    layers.append((replace(numbers, folding=Folding(2, 5)), codes))
    kernels = []
    for layer, _ in layers:
        n_in, n_out = layer.matrix.shape
        result = layer.finish.result if isinstance(layer.finish, Thresholds) else FixedType(50, 30)
        attributes = packed_linear_attributes(layer, "wide", (n_out,))
        kernels.append(Kernel(attributes, Port.of(layer.input, n_in), Port.of(result, n_out), stream=False))
    library = Library.compile(kernels, tmp_path, "-std=c++14")
    for index, (layer, x) in enumerate(layers):
        wanted = evaluate(layer, x)
        if isinstance(layer.input, PackedTensor):
            words = library.run(index, packed_words(layer.input, x))
            np.testing.assert_array_equal(words, packed_words(layer.finish.result, wanted))
        else:
            words = library.run(index, number_words(layer.input, x))
            np.testing.assert_array_equal(numbers_of(FixedType(50, 30), words, wanted.shape[1:]), wanted)


def test_what_cannot_be_generated() -> None:
    matrix = np.ones((6, 4), np.int64)
    finish = Linear(1, np.zeros((1, 4), np.int64), FixedType(12, 12))
    layer = PackedLinear(matrix, FixedType(8, 8), None, finish)
    with pytest.raises(ValueError, match="program"):
        packed_linear_attributes(layer, "fc", (4,))
    with pytest.raises(ValueError, match="divide"):
        packed_linear_attributes(replace(layer, folding=Folding(3, 2)), "fc", (4,))


def test_text_of_a_layer() -> None:
    """Names from a model stay within their comment, and memories are asked for."""
    source, result = PackedTensor((), 16, BIPOLAR), PackedTensor((), 8, BIPOLAR)
    finish = Thresholds(np.zeros((1, 8, 1), np.int64), result)
    matrix = np.where(np.arange(128).reshape(16, 8) % 3, 1, -1)
    layer = PackedLinear(matrix, source, None, finish, folding=Folding(4, 8), weight_memory=WeightMemory.BRAM)
    text = packed_linear_attributes(layer, 'fc2\\\n*/ #include "x"', (8,))["members"]
    lines = text.splitlines()
    shape = "16 x 8, bipolar weights and inputs, folded: 4 rows x 8 inputs at once, 4 cycles"
    assert lines[0] == f"    // fc2___/ _include _x_: {shape}"
    assert not any(line.lstrip().startswith("#include") for line in lines)
    assert "        #pragma HLS BIND_STORAGE variable=codes type=rom_1p impl=bram" in lines
