import sys
from dataclasses import replace

import numpy as np
import pytest

from accelgen.errors import UsageError
from accelgen.surrogates.features import from_records
from accelgen.surrogates.graph import save
from accelgen.surrogates.graph.inputs import TARGETS, graph_inputs
from accelgen.surrogates.graph.train import Recipe, out_of_fold, train_graph_network
from accelgen.surrogates.record import Stage, Synthesis
from accelgen.surrogates.rules import DEFAULT_DOMAIN, estimate, load_prices
from tests.surrogates.graph.networks import BRANCHES, DESIGNS, dense, design

SMALL = Recipe(members=2, hidden=8, rounds=2, steps=60, every=20)


def chains():
    """Chains whose FFs exceed the rules by what the width of the second layer says; all else is as ruled."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(48):
        middle, reuse_factor = int(2 ** rng.integers(3, 7)), int(2 ** rng.integers(1, 4))
        record = design(
            dense("a", n_out=middle, reuse_factor=reuse_factor),
            dense("b", "a", n_in=middle, n_out=8, reuse_factor=reuse_factor),
        )
        targets = {name: float(said[0]) for name, said in estimate(from_records([record])).designs.items()}
        targets["ff"] *= 1 + 0.05 * np.log2(middle)
        rows.append(
            Synthesis(
                record,
                DEFAULT_DOMAIN.tool,
                DEFAULT_DOMAIN.version,
                Stage.LOGIC_SYNTHESIS,
                True,
                targets,
                group=f"{number % 12} {middle}",
            )
        )
    return rows


def error(network, rows):
    layers = from_records([row.design for row in rows])
    found = network.correct(layers, estimate(layers), DEFAULT_DOMAIN)["ff"]
    measured = np.array([row.targets["ff"] for row in rows])
    return np.mean(np.abs(found / measured - 1))


def test_it_says_what_training_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(
        UsageError, match=r"needs Keras 3 on TensorFlow, but keras is missing; install accelgen"
    ):
        train_graph_network(chains(), load_prices())


@pytest.fixture(scope="module")
def _tensorflow():
    pytest.importorskip("tensorflow")
    pytest.importorskip("keras", minversion="3.0")


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
needs_tensorflow = pytest.mark.usefixtures("_tensorflow")


@pytest.mark.tensorflow
@needs_tensorflow
def test_numpy_equals_keras():
    from accelgen.surrogates.graph.keras_model import GraphModel, tensors
    from accelgen.surrogates.graph.network import GraphNetwork

    layers = from_records([*DESIGNS * 3, replace(BRANCHES, layers=BRANCHES.layers[::-1])])
    inputs = graph_inputs(layers, estimate(layers), DEFAULT_DOMAIN, ["one", "two"])
    features = inputs.nodes.shape[1]
    mean, inverse = inputs.nodes.mean(axis=0), np.full(features, 0.5, np.float32)
    model = GraphModel(mean, inverse, members=3, hidden=16, rounds=2, dropout=0.5, seed=0)
    np.testing.assert_array_equal(model(tensors(inputs)), 0)  # untrained, it says what the rules say
    rng = np.random.default_rng(1)
    for weight in model.weights[:-1]:  # the last is the state of the random generator
        if weight.dtype == "float32":
            weight.assign(rng.normal(size=weight.shape) / np.sqrt(weight.shape[-2]))
    weights = {**model.arrays(), "scale": np.ones((2, len(TARGETS)), np.float32)}
    found = GraphNetwork(("one", "two"), weights).members(inputs)
    assert np.abs(found).max() > 0.1
    np.testing.assert_allclose(found, np.asarray(model(tensors(inputs))), rtol=1e-5, atol=1e-5)


@pytest.mark.tensorflow
@needs_tensorflow
def test_training_learns_and_repeats(tmp_path):
    rows = chains()
    networks = [train_graph_network(rows, load_prices(), SMALL) for _ in range(2)]
    for number, network in enumerate(networks):
        save(network, tmp_path / f"{number}.npz")
    assert (tmp_path / "0.npz").read_bytes() == (tmp_path / "1.npz").read_bytes()
    silent = replace(networks[0], weights={**networks[0].weights, "scale": 0 * networks[0].weights["scale"]})
    assert error(networks[0], rows) < 0.5 * error(silent, rows)
    others = [column for column, target in enumerate(TARGETS) if target != "ff"]
    assert not networks[0].weights["scale"][:, others].any()


@pytest.mark.tensorflow
@needs_tensorflow
def test_out_of_fold_rows_are_not_seen():
    """Rows of a group whose figures nothing else has: a network that saw them would follow."""
    rows = chains()
    strange = [replace(row, targets={**row.targets, "ff": 3 * row.targets["ff"]}) for row in rows[:4]]
    rows = [*strange, *rows[4:]]
    folds = np.array([0] * 4 + [1] * (len(rows) - 4))
    rows = [replace(row, group=f"{fold} {row.group}") for row, fold in zip(rows, folds, strict=True)]
    prices = load_prices()
    found = out_of_fold(rows, folds, SMALL, lambda _: prices)
    alone = train_graph_network(rows[4:], prices, SMALL)
    layers = from_records([row.design for row in rows[:4]])
    expected = alone.correct(layers, estimate(layers), DEFAULT_DOMAIN)
    np.testing.assert_array_equal(found[:4], np.column_stack([expected[target] for target in TARGETS]))
    assert not np.isnan(found).any()


@pytest.mark.tensorflow
@needs_tensorflow
def test_nothing_to_learn_from():
    failed = [replace(row, success=False, targets={}) for row in chains()]
    with pytest.raises(UsageError, match="no successful synthesis"):
        train_graph_network(failed, load_prices())
