import pytest

from accelgen.errors import UsageError
from accelgen.exploration.formats.bits import Bits


@pytest.mark.parametrize(("text", "widths"), [("4..8", (4, 5, 6, 7, 8)), ("8,4,6,4", (4, 6, 8)), ("6", (6,))])
def test_ranges_lists_and_single_widths(text, widths):
    assert Bits.parse(text).of("any") == widths


def test_layers_have_widths_of_their_own():
    bits = Bits.parse(["4..6", "dense_1=8", "act=x=2,3"])
    assert bits.of("dense_1") == (8,)
    assert bits.of("act=x") == (2, 3)
    assert bits.of("dense_2") == (4, 5, 6)


@pytest.mark.parametrize("text", ["", "8..4", "0..3", "1", "4...8", "4..8.5", "30", "4..", "-4", "4,,5", "٤"])
def test_what_is_no_range_of_widths_is_refused(text):
    with pytest.raises(UsageError, match="--bits"):
        Bits.parse(text)


def test_widths_for_all_layers_are_needed():
    with pytest.raises(UsageError, match="all layers"):
        Bits.parse(["dense_1=8"])
