import json

import numpy as np
import pytest

from accelgen.errors import ModelError
from accelgen.surrogates.record import Stage
from accelgen.surrogates.rules import Domain, Prices, load_prices
from accelgen.surrogates.rules.calibrate import fit_prices
from accelgen.surrogates.rules.prices import save_prices, total_cost

HERE = Domain("tool", "1", Stage.C_SYNTHESIS)
ELSEWHERE = Domain("tool", "2", Stage.C_SYNTHESIS)


def test_prices_are_found_again():
    rng = np.random.default_rng(1)
    parts = {name: rng.uniform(1, 100, 200) for name in "abc"}
    found = fit_prices(parts, 3 * parts["a"] + 0.5 * parts["c"])
    assert set(found) == {"a", "c"}
    assert found["a"] == pytest.approx(3, rel=1e-4)
    assert found["c"] == pytest.approx(0.5, rel=1e-4)


def test_prices_are_never_negative_and_outliers_count_little():
    x = np.linspace(1, 50, 50)
    cost = 10 * x
    cost[::10] *= 3
    found = fit_prices({"x": x, "against": 51 - x, "none": np.zeros(50)}, cost)
    assert found["x"] == pytest.approx(10, rel=0.02)
    assert all(price >= 0 for price in found.values())
    assert "none" not in found


def test_another_domain_stands_in_for_one_without_prices():
    prices = Prices({"kernel": {HERE.name: {"lut": {"part": 2.0}}}})
    parts = {"part": np.array([1.0, 5.0])}
    assert total_cost(prices.of("kernel", ELSEWHERE, "lut"), parts, 2).tolist() == [2, 10]
    assert total_cost(prices.of("kernel", HERE, "ff"), parts, 2).tolist() == [0, 0]
    assert prices.measured("kernel", HERE)
    assert not prices.measured("kernel", ELSEWHERE)


def test_prices_survive_a_file(tmp_path):
    prices = Prices({"kernel": {HERE.name: {"lut": {"part": 0.1}}}})
    save_prices(prices, tmp_path / "prices.json")
    assert load_prices(tmp_path / "prices.json") == prices


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 2, "prices": {}}',
        '{"format": 1, "prices": {"kernel": {"domain": {"lut": {"part": "1"}}}}}',
        '{"format": 1, "prices": {"kernel": {"domain": {"lut": {"part": 1e999}}}}}',
        '{"format": 1, "prices": {"kernel": {"domain": {"lut": {"part": NaN}}}}}',
        '{"format": 1, "prices": {"kernel": {"domain": {"lut": 3}}}}',
    ],
)
def test_a_damaged_file_is_refused(tmp_path, text):
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(ModelError, match=r"prices\.json"):
        load_prices(path)


def test_the_shipped_prices_serve_every_measured_kernel():
    kernels = {"dense_resource", "unrolled", "stream", "recurrent", "elementwise", "design"}
    assert set(json.loads(json.dumps(load_prices().table))) == kernels
