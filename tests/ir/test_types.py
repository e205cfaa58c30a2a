import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.errors import UsageError
from accelgen.ir import FixedType, Overflow, Rounding

types = st.builds(
    FixedType,
    st.integers(1, 80),
    st.integers(-20, 90),
    st.booleans(),
    st.sampled_from(Rounding),
    st.sampled_from(Overflow),
)


@given(types)
def test_text_forms_read_back(kind):
    assert FixedType.parse(str(kind)) == kind
    assert FixedType.parse(kind.cpp) == kind


@given(st.integers(-(1 << 70), 1 << 70), st.integers(0, 1 << 70), st.integers(-40, 40))
def test_for_range_is_the_narrowest(low, span, fraction):
    kind = FixedType.for_range(low, low + span, fraction)
    assert kind.fraction == fraction
    assert kind.min_code <= low <= low + span <= kind.max_code
    assert kind.signed == (low < 0)
    if kind.width > 1:
        narrower = FixedType(kind.width - 1, kind.integer - 1, kind.signed)
        assert low < narrower.min_code or low + span > narrower.max_code


@given(types, types)
def test_holds_agrees_with_the_ends(outer, inner):
    fits = (
        outer.fraction >= inner.fraction
        and outer.min_code <= inner.min_code << (outer.fraction - inner.fraction)
        and inner.max_code << (outer.fraction - inner.fraction) <= outer.max_code
    )
    assert outer.holds(inner) == fits


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fixed",
        "fixed<>",
        "fixed<0,0>",
        "fixed<8,2,UP>",
        "ap_fixed<8,2,AP_RND,AP_SAT,1>",
        "9999999,2",
        "8;2",
    ],
)
def test_other_text_is_refused(text):
    with pytest.raises(UsageError):
        FixedType.parse(text)


def test_short_form():
    assert FixedType.parse("16,6") == FixedType(16, 6, True, Rounding.RND_CONV, Overflow.SAT)
