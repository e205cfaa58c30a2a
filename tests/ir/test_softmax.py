from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.errors import PrecisionError
from accelgen.ir import FixedType, Overflow, Rounding
from accelgen.ir.fixed import FixedArray, from_real
from accelgen.ir.softmax import softmax, softmax_codes

RESULT = FixedType(16, 0, False, Rounding.RND, Overflow.SAT)


def units_off(codes: np.ndarray, kind: FixedType, result: FixedType) -> int:
    """The largest difference from the real softmax rounded to ``result``, in its units."""
    x = codes.astype(np.longdouble) * np.longdouble(2.0) ** -kind.fraction
    e = np.exp(x - x.max(-1, keepdims=True))
    rounded = from_real((e / e.sum(-1, keepdims=True)).astype(np.float64), result).codes
    return int(np.max(np.abs(softmax_codes(codes, kind, result) - rounded)))


@given(
    st.integers(1, 40),
    st.integers(-60, 60),
    st.booleans(),
    st.one_of(st.integers(1, 12), st.just(100), st.just(1000)),
    st.integers(0, 18),
    st.sampled_from([Rounding.RND, Rounding.TRN, Rounding.RND_CONV]),
    st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=300)
def test_any_types_and_sizes_within_two_units(
    width: int, integer: int, signed: bool, classes: int, fraction: int, rounding: Rounding, seed: int
) -> None:
    kind = FixedType(width, integer, signed)
    result = FixedType(fraction + 1, 1, False, rounding, Overflow.SAT)
    rng = np.random.default_rng(seed)
    spread = np.ldexp(rng.exponential(3.0, (20, 1)), kind.fraction) + 1
    near = np.clip(np.rint(rng.normal(0, 1, (20, classes)) * spread), kind.min_code, kind.max_code)
    anywhere = rng.integers(kind.min_code, kind.max_code, (10, classes), endpoint=True)
    assert units_off(np.concatenate([near.astype(np.int64), anywhere]), kind, result) <= 2


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize("integer", [0, 2, 4])
def test_every_small_input_within_one_unit(classes: int, integer: int) -> None:
    kind = FixedType(4, integer)
    codes = np.array(list(product(range(kind.min_code, kind.max_code + 1), repeat=classes)))
    assert units_off(codes, kind, RESULT) <= 1


def test_one_class_gives_the_largest_code() -> None:
    np.testing.assert_array_equal(softmax_codes(np.array([[-3], [5]]), FixedType(4, 2), RESULT), 65535)


def test_equal_inputs_give_equal_results() -> None:
    codes = softmax_codes(np.full((1, 1000), 7), FixedType(8, 4), RESULT)
    assert set(codes.ravel()) <= {65.0, 66.0}
    assert len(set(codes.ravel())) == 1


def test_a_shift_of_all_inputs_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    codes = rng.integers(-100, 100, (50, 7))
    kind = FixedType(12, 6)
    np.testing.assert_array_equal(
        softmax_codes(codes, kind, RESULT), softmax_codes(codes + 300, kind, RESULT)
    )


def test_python_integers_are_taken() -> None:
    big = 1 << 55
    x = FixedArray(np.array([[big, big - 3]], dtype=object), 2, 1 << 56)
    small = FixedArray(np.array([[3.0, 0.0]]), 2, 4)
    np.testing.assert_array_equal(softmax(x, RESULT).codes, softmax(small, RESULT).codes)


@pytest.mark.parametrize(("classes", "fraction"), [(5, 25), (1 << 14, 16)])
def test_too_fine_a_result_is_refused(classes: int, fraction: int) -> None:
    with pytest.raises(PrecisionError, match=f"softmax of {classes} classes"):
        softmax_codes(np.zeros((1, classes)), FixedType(8, 4), FixedType(fraction, 0, False))
