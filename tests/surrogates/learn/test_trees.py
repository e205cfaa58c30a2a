import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.errors import ModelError
from accelgen.surrogates.learn.trees import MAX_DEPTH, Forest, from_xgboost

COLUMNS = 5


def stump() -> Forest:
    """3 where column 1 is 2 or more, else -1."""
    return Forest(np.array([[1]]), np.array([[2.0]], np.float32), np.array([[-1.0, 3.0]], np.float32))


def test_a_row_goes_right_from_the_threshold_on():
    rows = np.array([[9, 1.9], [0, 2.0], [0, 2.1]], np.float32)
    assert stump().predict(rows).tolist() == [-1, 3, 3]


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_numpy_equals_xgboost(depth):
    xgboost = pytest.importorskip("xgboost")
    random = np.random.default_rng(depth)
    rows = random.normal(size=(1500, COLUMNS)).astype(np.float32)
    rows[:, 3] = np.round(rows[:, 3])  # values that lie on thresholds
    goal = rows[:, 0] * rows[:, 1] + np.abs(rows[:, 3])
    options = {"max_depth": depth, "base_score": 0, "nthread": 1, "min_child_weight": 40}
    booster = xgboost.train(options, xgboost.DMatrix(rows, label=goal), 30)
    forest = from_xgboost(booster.save_raw("json"))
    expected = booster.predict(xgboost.DMatrix(rows), output_margin=True)
    assert forest.depth == depth
    np.testing.assert_allclose(forest.predict(rows), expected, rtol=0, atol=1e-5)
    read = Forest.from_json(json.loads(json.dumps(forest.as_json())), COLUMNS)
    assert np.array_equal(read.predict(rows), forest.predict(rows))


def change(data, name, value):
    return {**data, name: value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("feature", [[COLUMNS]]),  # a column that is not there
        ("feature", [[-1]]),
        ("feature", [[0.5]]),
        ("feature", [[True]]),
        ("feature", [[0, 1]]),  # too many comparisons for two leaves
        ("threshold", [[float("nan")]]),
        ("threshold", [[1e300]]),
        ("threshold", [["2"]]),
        ("threshold", []),
        ("leaf", [[1.0, 2.0, 3.0]]),  # no power of two
        ("leaf", [[1.0, None]]),
        ("leaf", [[1.0, float("inf")]]),
        ("leaf", [[1.0, 10**400]]),
        ("leaf", [[1.0]]),
        ("leaf", [[1.0, 2.0], [1.0]]),
        ("leaf", [[0.0] * 2 ** (MAX_DEPTH + 1)]),
        ("leaf", "[[1, 2]]"),
        ("leaf", {}),
        ("left", [[0]]),  # there are no children to point anywhere, and no cycles
    ],
)
def test_hostile_trees_are_refused(name, value):
    with pytest.raises(ModelError):
        Forest.from_json(change(stump().as_json(), name, value), COLUMNS)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_any_other_value_is_refused(value):
    with pytest.raises(ModelError):
        Forest.from_json(change(stump().as_json(), "leaf", value), 1)
