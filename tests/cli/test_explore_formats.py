"""``accelgen explore --bits`` as its users meet it."""

import csv
from pathlib import Path

import numpy as np
import pytest

from accelgen.design import Design
from tests.cli.commands import run, run_json

pytest.importorskip("pymoo", reason="pymoo is not installed")

ROOT = Path(__file__).resolve().parents[2]
TAGGER = ROOT / "examples/jet_tagger/model.keras"
DATA = ROOT / "examples/jet_tagger/test.npz"
MLP = ROOT / "tests/models/keras_mlp/model.json"
WEIGHTS = MLP.parent / "model.weights.h5"
GOALS = ("--board", "zcu102", "--objective", "lut", "--max-latency", "1us", "--margin", "0")
SHORT = ("--evaluations", "12")


def test_a_quantized_model_loses_bits(capsys, tmp_path):
    folder = tmp_path / "found"
    arguments = ("explore", TAGGER, "--bits", "4..6", "--data", DATA, *GOALS, *SHORT, "-o", folder)
    code, found = run_json(capsys, *arguments)
    assert code == 0
    assert found["axes"] == ["accuracy", "lut"]
    assert (found["evaluated"], found["combinations"], found["proven"]) == (12, 3**7, False)
    assert any("quantizes fc1, relu1" in note and "another network" in note for note in found["notes"])
    scores = [candidate["scores"]["accuracy"] for candidate in found["candidates"]]
    assert scores == sorted(set(scores))
    with (folder / "front.csv").open() as file:
        assert [float(row["accuracy"]) for row in csv.DictReader(file)] == pytest.approx(scores)
    best = next(candidate for candidate in found["candidates"] if candidate["name"] == found["best"])
    assert (folder / "designs" / f"{found['best']}.yaml").read_text() == best["design"]


def test_a_time_limit_is_refused(capsys):
    code, _, err = run(
        capsys, "explore", TAGGER, "--bits", "4..6", "--data", DATA, *GOALS, "--time-limit", "9"
    )
    assert code == 2
    assert "--time-limit goes without --bits" in err


def test_a_float_model_gets_its_types_from_calibration_and_its_points_are_built(capsys, tmp_path):
    x = np.load(MLP.parent / "reference.npz")["x"]
    data, journal, folder = tmp_path / "x.npz", tmp_path / "journal", tmp_path / "found"
    np.savez(data, x=x)
    arguments = (
        "explore",
        MLP,
        "--weights",
        WEIGHTS,
        "--bits",
        "5..7",
        "--calibration",
        data,
        *GOALS,
        *SHORT,
    )
    code, found = run_json(capsys, *arguments, "--journal", journal)
    assert code == 0
    assert found["axes"] == ["agreement", "lut"]
    for candidate in found["candidates"]:
        types = Design.from_yaml(candidate["design"]).types
        widths = {kind.width for own in types.values() for what, kind in own.items() if what != "bias"}
        assert widths <= {5, 6, 7}
    again = run_json(capsys, *arguments, "--journal", journal, "--workers", "2", "-o", folder, "--build", "1")
    assert again == (0, found)
    best = next(candidate for candidate in found["candidates"] if candidate["name"] == found["best"])
    built = Design.from_yaml((folder / "projects" / found["best"] / "design.yaml").read_text())
    assert built.types == Design.from_yaml(best["design"]).types


def test_the_table_shows_scores(capsys):
    code, output, _ = run(
        capsys, "explore", TAGGER, "--bits", "6", "--bits", "fc1=4..6", "--data", DATA, *GOALS
    )
    assert code == 0
    assert "accuracy" in output
    assert "with accuracy at most 1% below" in output
    assert "3 of 3 format assignments were tried" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--data", str(DATA)), "--data goes with --bits"),
        (("--evaluations", "5"), "--evaluations goes with --bits"),
        (("--bits", "4..6", "--data", str(DATA), "--axes", "latency,lut"), "--axes has no meaning"),
        (("--bits", "4..6", "--data", str(DATA)), "give --max-latency or --max-interval"),
        (("--bits", "4..6", "--max-latency", "1us"), "formats are measured on samples"),
        (("--bits", "6..4", "--data", str(DATA), "--max-latency", "1us"), "the lower first"),
        (("--bits", "8", "--data", str(DATA), "--max-latency", "1us"), "no choice of widths"),
    ],
)
def test_what_makes_no_sense_is_refused(capsys, arguments, message):
    code, _, error = run(capsys, "explore", TAGGER, "--board", "zcu102", *arguments)
    assert code == 2
    assert message in error
