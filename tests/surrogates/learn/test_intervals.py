import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.surrogates.learn.folds import group_folds, out_of_fold
from accelgen.surrogates.learn.intervals import bounds, log_errors, quantile
from tests.surrogates.learn.tables import measured_chains


@given(
    st.floats(0, 1e6),
    st.integers(0, 10**6),
    st.sampled_from([0.0, 1.0]),
)
def test_an_interval_of_a_prediction_s_own_error_holds_the_measurement(predicted, measured, offset):
    if offset == 0:
        predicted, measured = predicted + 1, measured + 1
    error = log_errors(np.array([float(measured)]), np.array([predicted]), offset)
    low, high = bounds(np.array([predicted]), error * (1 + 1e-9) + 1e-12, offset)
    assert low[0] <= measured <= high[0]


def test_exact_predictions_have_points():
    values = np.array([0.0, 1, 7, 1e6])
    assert log_errors(values, values, 1).tolist() == [0] * 4
    for bound in bounds(values, np.zeros(4), 1):
        assert bound.tolist() == values.tolist()


def test_bounds_of_counts_are_whole():
    low, high = bounds(np.array([10.4]), np.array([0.1]), 1)
    assert (low[0], high[0]) == (9, 12)


@pytest.mark.parametrize("groups", [20, 60])
def test_intervals_cover_rows_of_new_groups(groups):
    random = np.random.default_rng(groups)
    held = []
    for _ in range(200):
        # a shift a group, and noise a row
        errors = np.abs(random.normal(0, 0.5, (groups + 1, 1)) + random.normal(0, 1, (groups + 1, 10)))
        held.append(errors[-1] <= quantile(errors[:-1].ravel(), groups))
    assert 0.88 <= np.mean(held) <= 0.95


def test_few_rows_take_the_largest_error():
    assert quantile(np.array([0.1, 0.5, 0.2]), 3) == 0.5
    assert np.isnan(quantile(np.array([]), 1))


def test_no_architecture_stands_on_both_sides():
    rows = measured_chains(lambda _: 1.0)
    folds = group_folds(rows, 5)
    assert set(folds.tolist()) == set(range(5))
    by_group = {}
    for row, fold in zip(rows, folds, strict=True):
        assert by_group.setdefault(row.group, fold) == fold
    assert max(np.bincount(folds)) - min(np.bincount(folds)) <= 3

    def fit(seen):
        known = {row.group for row in seen}
        return lambda held_out: np.array([float(row.group in known) for row in held_out])

    assert not out_of_fold(fit, rows, folds).any()
