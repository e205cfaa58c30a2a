"""Casts against two references: exact rational arithmetic, and ap_fixed itself compiled by g++."""

import subprocess
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.ir import FixedType, Overflow, Rounding
from accelgen.ir.fixed import FixedArray, align, cast, from_real
from accelgen.ir.grid import constant_type, fraction_bits, to_fixed

types = st.builds(
    FixedType,
    st.integers(2, 30),
    st.integers(-6, 24),
    st.booleans(),
    st.sampled_from(Rounding),
    st.sampled_from(Overflow),
)


def _exact_cast(code: int, fraction: int, kind: FixedType) -> int:
    """The cast in rational arithmetic, written from UG1399's definitions."""
    scaled = Fraction(code) * Fraction(2) ** (kind.fraction - fraction)
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    half = Fraction(1, 2)
    up = {
        Rounding.TRN: False,
        Rounding.TRN_ZERO: scaled < 0 and rest > 0,
        Rounding.RND: rest >= half,
        Rounding.RND_ZERO: rest > half or (rest == half and scaled < 0),
        Rounding.RND_INF: rest > half or (rest == half and scaled > 0),
        Rounding.RND_MIN_INF: rest > half,
        Rounding.RND_CONV: rest > half or (rest == half and floor % 2 == 1),
    }[kind.rounding]
    result = floor + int(up)
    if kind.overflow is Overflow.WRAP:
        return (result - kind.min_code) % (1 << kind.width) + kind.min_code
    if kind.overflow is Overflow.SAT_ZERO:
        return result if kind.min_code <= result <= kind.max_code else 0
    return min(max(result, kind.min_code), kind.max_code)


@given(types, st.lists(st.integers(-(1 << 45), 1 << 45), min_size=1, max_size=8), st.integers(-4, 30))
@settings(max_examples=400)
def test_cast_equals_rational_arithmetic(kind, codes, fraction):
    expected = [_exact_cast(code, fraction, kind) for code in codes]
    for dtype in (np.float64, object):
        limit = 1 << 45 if dtype is np.float64 else 1 << 60
        array = FixedArray(np.array(codes, dtype), fraction, limit)
        assert [int(code) for code in cast(array, kind).codes] == expected


@given(types, st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8))
def test_reals_cast_like_their_exact_value(kind, values):
    got = from_real(np.array(values), kind).codes
    for value, code in zip(values, got, strict=True):
        numerator, denominator = value.as_integer_ratio()
        assert int(code) == _exact_cast(numerator, denominator.bit_length() - 1, kind)


def test_wide_types_keep_every_bit():
    kind = FixedType(90, 40, True, Rounding.RND_CONV, Overflow.SAT)
    assert from_real(np.array([1.1]), kind).codes[0] == int(Fraction(1.1) * 2**50)
    wide = FixedArray(np.array([(1 << 70) + 1], object), 40, 1 << 71)
    assert cast(wide, FixedType(60, 30)).codes[0] == _exact_cast((1 << 70) + 1, 40, FixedType(60, 30))


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=6))
def test_constants_lie_on_their_grid(values):
    array = np.array(values)
    fraction = fraction_bits(array)
    assert np.all(np.ldexp(array, fraction) == np.rint(np.ldexp(array, fraction)))
    if np.any(array):
        coarser = np.ldexp(array, fraction - 1)
        assert np.any(coarser != np.rint(coarser))
    np.testing.assert_array_equal(to_fixed(array).values, array)
    np.testing.assert_array_equal(from_real(array, constant_type(array)).values, array)


def test_align_keeps_the_numbers():
    arrays = [FixedArray(np.array([3.0, -5.0]), 1, 5), FixedArray(np.array([7.0, 1.0]), 4, 7)]
    aligned, fraction = align(arrays)
    assert fraction == 4
    for old, new in zip(arrays, aligned, strict=True):
        np.testing.assert_array_equal(old.values, new.values)


def test_cast_equals_ap_fixed(tmp_path):
    headers = Path(find_spec("hls4ml").origin).parent / "templates" / "vivado" / "ap_types"
    source_type = FixedType(20, 9)
    rng = np.random.default_rng(7)
    codes = rng.integers(source_type.min_code, source_type.max_code + 1, 200)
    kinds = [
        FixedType(width, integer, signed, rounding, overflow)
        for rounding in Rounding
        for overflow in Overflow
        for width, integer, signed in ((6, 3, True), (5, 6, False), (9, 2, False), (24, 14, True))
    ]
    lines = [
        "#include <cstdio>",
        "#include <ap_fixed.h>",
        f"static const int codes[] = {{{','.join(map(str, codes))}}};",
    ]
    lines += [
        "template <class T> void run() {",
        "for (int code : codes) {",
        f"{source_type.cpp} x; x.range() = code;",
    ]
    lines += ['T y = x; std::printf("%.17g ", y.to_double());', '} std::printf("\\n"); }', "int main() {"]
    lines += [f"run<{kind.cpp}>();" for kind in kinds] + ["}"]
    (tmp_path / "casts.cpp").write_text("\n".join(lines))
    subprocess.run(
        ["g++", "-O0", "-std=c++14", "-I", headers, "casts.cpp", "-o", "casts"], cwd=tmp_path, check=True
    )
    printed = subprocess.run([tmp_path / "casts"], capture_output=True, text=True, check=True).stdout
    source = FixedArray(codes.astype(np.float64), source_type.fraction, 1 << 20)
    for kind, line in zip(kinds, printed.splitlines(), strict=True):
        np.testing.assert_array_equal(
            cast(source, kind).values, np.array(line.split(), float), err_msg=str(kind)
        )


@pytest.mark.parametrize("rounding", Rounding)
def test_ties_by_hand(rounding):
    quarter = FixedArray(np.array([-6.0, -2.0, 2.0, 6.0]), 2, 8)  # -1.5 -0.5 0.5 1.5
    expected = {
        Rounding.TRN: [-2, -1, 0, 1],
        Rounding.TRN_ZERO: [-1, 0, 0, 1],
        Rounding.RND: [-1, 0, 1, 2],
        Rounding.RND_ZERO: [-1, 0, 0, 1],
        Rounding.RND_INF: [-2, -1, 1, 2],
        Rounding.RND_MIN_INF: [-2, -1, 0, 1],
        Rounding.RND_CONV: [-2, 0, 0, 2],
    }[rounding]
    np.testing.assert_array_equal(cast(quarter, FixedType(8, 8, True, rounding)).codes, expected)
