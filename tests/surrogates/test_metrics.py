import math

import numpy as np
import pytest

from accelgen.surrogates.metrics import score, smape


def test_scores_are_those_worked_out_by_hand():
    found = score([100, 200, 0, 400], [110, 200, 0, 300])
    assert found.n == 4
    assert found.exact == 0.5
    assert found.smape == pytest.approx(200 / 4 * (10 / 210 + 100 / 700))
    assert found.rmse == pytest.approx(math.sqrt((100 + 10_000) / 4))
    assert found.r2 == pytest.approx(1 - 10_100 / np.sum((np.array([100, 200, 0, 400]) - 175) ** 2))
    assert found.p75_ape == pytest.approx(17.5)  # of 0, 10 and 25 %


def test_smape_reaches_200_percent_and_is_0_where_both_are_0():
    assert smape(np.array([0.0]), np.array([5.0])) == 200
    assert smape(np.array([0.0]), np.array([0.0])) == 0


def test_exactness_is_judged_after_rounding():
    assert score([7], [7.4]).exact == 1
    assert score([4.335], [4.34], decimals=3).exact == 0


def test_figures_that_are_not_defined_are_nan():
    assert math.isnan(score([], []).smape)
    assert math.isnan(score([3, 3], [3, 4]).r2)
    assert math.isnan(score([3.2] * 24, [4.0] * 24).r2)  # whose mean is not quite 3.2
    assert math.isnan(score([0, 0], [1, 1]).p75_ape)


@pytest.mark.filterwarnings("error")
def test_a_measurement_next_to_0_is_no_warning():
    assert not math.isfinite(score([1e-300], [1e10]).p75_ape)
