import numpy as np
import pytest

from accelgen.surrogates.learn.scope import DIMENSIONS, FAMILIES
from accelgen.surrogates.learn.transfer import Transfer
from accelgen.surrogates.learn.trials import Trial, slope, transfer_of

DENSE, STREAM, LSTM = FAMILIES["folded dense"], FAMILIES["folded dense in a stream"], FAMILIES["folded lstm"]
TRANSFER = Transfer(
    {"lut": {"n_in": (0.1, 0.5), "sum_bits": (0.2, 0.2)}}, {"n_in": (2, 4), "sum_bits": (1, 1)}
)


def distances(**beyond):
    found = np.zeros((len(DIMENSIONS), 1))
    for name, value in beyond.items():
        found[DIMENSIONS.index(name)] = value
    return found


def trial(domain, family, dimension, distance, excess):
    values = np.full(10, float(excess))
    return Trial(domain, family, dimension, {"lut": np.full(10, float(distance))}, {"lut": values})


@pytest.mark.parametrize(
    ("beyond", "width"),
    [
        ({}, 0),
        ({"n_in": 1}, 0.1),
        ({"n_in": 3}, 2 * 0.1 + 0.5),
        ({"n_in": 1.5, "sum_bits": 1}, 0.25),
        ({"positions": 7}, 0),
    ],
)
def test_widths_grow_with_doublings_and_dimensions_err_independently(beyond, width):
    assert TRANSFER.width("lut", distances(**beyond)) == pytest.approx([width])
    assert TRANSFER.width("ff", distances(**beyond)) == [0]


def test_what_was_never_tried_is_missed():
    assert not list(TRANSFER.misses(distances(n_in=4.3, sum_bits=1.3)))
    assert [name for name, _ in TRANSFER.misses(distances(n_in=4.4, positions=0.3))] == ["n_in"]
    assert [name for name, _ in TRANSFER.misses(distances(positions=1, fast=1))] == ["positions", "fast"]


def test_a_transfer_is_read_as_it_was_written():
    assert Transfer.from_json(TRANSFER.as_json()) == TRANSFER


def test_slopes_hold_most_rows_of_trials_that_count_alike():
    many = Trial("a", DENSE, "n_in", {"lut": np.full(900, 2.0)}, {"lut": np.full(900, 0.2)})
    few = Trial("a", DENSE, "n_in", {"lut": np.full(10, 1.0)}, {"lut": np.linspace(0.1, 1, 10)})
    assert slope("lut", [many]) == pytest.approx(0.1)
    assert slope("lut", [many, few]) == pytest.approx(0.9)
    assert slope("ff", [many, few]) is None


def test_own_trials_come_first_then_those_of_the_class_then_any():
    tried = [
        trial("a", DENSE, "n_in", 1, 0.1),
        trial("b", STREAM, "n_in", 4, 1.2),
        trial("b", LSTM, "positions", 3, 0.6),
    ]
    own = transfer_of("a", DENSE, tried)
    assert own.reach["n_in"] == (1, 4)
    near, far = own.slopes["lut"]["n_in"]
    assert near == pytest.approx(0.1)
    assert near < far <= 0.3
    assert own.reach["positions"] == (0, 3)
    assert own.slopes["lut"]["positions"] == pytest.approx((0.2, 0.2))
    assert "clock_ns" not in own.reach


def test_widths_that_never_vary_go_by_what_they_are_multiplied_with():
    tried = [
        trial("a", DENSE, "n_out", 3, 0.3),
        trial("a", DENSE, "weight_bits", 2, 0.8),
        trial("a", DENSE, "n_in", 1, 0),
    ]
    found = transfer_of("a", DENSE, tried)
    assert found.reach["sum_bits"] == (2, 2)
    assert found.slopes["lut"]["sum_bits"] == pytest.approx((0.4, 0.4))
    assert found.reach["input_bits"] == (1, 1)
