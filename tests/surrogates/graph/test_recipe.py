import sys
from dataclasses import replace

import numpy as np
import pytest

from accelgen.cli import main
from accelgen.surrogates.dataset import write
from accelgen.surrogates.features import from_records
from accelgen.surrogates.graph.recipe import FILES, make_graph
from accelgen.surrogates.graph.storage import load
from accelgen.surrogates.graph.train import Recipe
from accelgen.surrogates.learn import model
from accelgen.surrogates.learn.train import train
from accelgen.surrogates.predict import predict, read_surrogates
from accelgen.surrogates.rules import prices
from tests.surrogates.learn.tables import measured_chains


def slower(factor):
    """Chains whose LUTs grow with their inputs."""
    return measured_chains(lambda design: 1 + factor * design.layers[0].n_in)


def test_training_says_what_is_missing_before_it_starts(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "keras", None)
    out = tmp_path / "out"
    assert main(["surrogate", "train", "--graph", "--data", str(tmp_path), "-o", str(out)]) == 2
    assert "needs Keras 3 on TensorFlow, but keras is missing" in capsys.readouterr().err
    assert not out.exists()


def test_a_network_goes_when_the_prices_change(tmp_path):
    pytest.importorskip("xgboost")
    out = tmp_path / "out"
    (out / "graph").mkdir(parents=True)
    for factor, stays in ((0.01, False), (0.01, True), (0.02, False)):
        table = tmp_path / f"{factor}.jsonl"
        write(table, slower(factor))
        for file in FILES:
            (out / file).write_bytes(b"trained before")
        assert main(["surrogate", "train", "--data", str(table), "-o", str(out)]) == 0
        assert [(out / file).exists() for file in FILES] == [stays, stays]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.tensorflow
def test_what_is_made_is_served(tmp_path):
    """The card and the file say the same, and prediction follows them."""
    pytest.importorskip("xgboost")
    pytest.importorskip("tensorflow")
    trained = train(slower(0.01))
    # two folds, as making a network takes longest
    held_out = {domain: replace(tried, folds=tried.folds % 2) for domain, tried in trained.held_out.items()}
    trained = replace(trained, held_out=held_out)
    prices.save_prices(trained.prices, tmp_path / prices.FILE)
    (tmp_path / "boosting").mkdir()
    model.save(trained.learned, tmp_path / model.FILE)
    compared = make_graph(trained, tmp_path, Recipe(members=2, hidden=8, steps=20))
    ((domain, tried),) = compared.held_out.items()
    assert np.isfinite(tried.by_method["graph"]["lut"]).all()
    network, card = load(tmp_path / FILES[0]), (tmp_path / FILES[1]).read_text()
    served = network.serves.get(f"{domain}: folded dense", {})
    assert card.count(" % |\n") == len(served)
    found = predict(from_records([row.design for row in tried.rows]), surrogates=read_surrogates(tmp_path))
    assert np.isfinite(found.designs["lut"].value).all()
