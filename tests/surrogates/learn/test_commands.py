import json

import pytest

from accelgen.cli import main
from accelgen.surrogates.dataset import write
from tests.surrogates.learn.tables import measured_chains
from tests.surrogates.shared_data import REPORTS, SYNTHESIS, needs_data, needs_reports


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.jsonl"
    write(path, measured_chains(lambda design: 1 + design.layers[0].n_in / 100))
    return path


def test_train_writes_the_same_files_again_and_evaluate_scores_them(table, tmp_path, capsys):
    pytest.importorskip("xgboost")
    for folder in ("one", "two"):
        assert main(["surrogate", "train", "--data", str(table), "-o", str(tmp_path / folder), "--json"]) == 0
    made = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "\n}")
    assert made["rows"] == 108
    files = sorted(
        path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()
    )
    assert [str(path) for path in files] == [
        "boosting/CARD.md",
        "boosting/card.json",
        "boosting/model.json",
        "rules.json",
    ]
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()
    card = json.loads((tmp_path / "one" / "boosting" / "card.json").read_text())
    assert card["data"]["accelgen table"]["rows"] == 108
    assert str(tmp_path) not in json.dumps(card)

    command = ["surrogate", "evaluate", "--data", str(table), "--surrogates", str(tmp_path / "one"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"n", "exact", "r2", "smape", "rmse", "p75_ape", "coverage"} < set(found["targets"]["lut"])
    assert {"points", "coverage_of_intervals"} < set(found["targets"]["lut"])
    assert found["targets"]["lut"]["n"] == 108
    assert found["targets"]["lut"]["smape"] < 2
    assert found["in_domain"] == 108


def test_evaluate_refuses_changed_files(table, tmp_path, capsys):
    pytest.importorskip("xgboost")
    folder = tmp_path / "out"
    assert main(["surrogate", "train", "--data", str(table), "-o", str(folder)]) == 0
    file = folder / "boosting" / "model.json"
    file.write_text(file.read_text().replace("0.1", "0.2", 1))
    assert main(["surrogate", "evaluate", "--data", str(table), "--surrogates", str(folder)]) == 2
    assert "checksum" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_data_without_syntheses_is_an_error(command, tmp_path, capsys):
    pytest.importorskip("xgboost")
    assert main(["surrogate", command, "--data", str(tmp_path)]) == 2
    assert "there is no" in capsys.readouterr().err


@needs_data
def test_the_shipped_estimates_of_real_chains(capsys):
    assert (
        main(["surrogate", "evaluate", "--data", str(SYNTHESIS / "wa_hls4ml_dense_chains.csv"), "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)["targets"]
    assert found["lut"]["smape"] <= 2
    assert found["ff"]["smape"] <= 0.6
    assert found["dsp"]["exact"] >= 0.98
    assert found["latency_cycles"]["exact"] >= 0.97
    assert found["bram_18k"]["smape"] <= 10


@needs_reports
def test_the_shipped_estimates_of_real_projects(capsys):
    assert main(["surrogate", "evaluate", "--data", str(REPORTS), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == 24
    for target in ("lut", "ff", "dsp", "latency_cycles"):
        assert found["targets"][target]["smape"] <= 15
        assert found["targets"][target]["coverage"] >= 0.85


def test_evaluate_names_what_it_skips(table, capsys):
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines[:5], '{"tool": 1}']))
    assert main(["surrogate", "evaluate", "--data", str(table)]) == 0
    assert f"skipped {table}:6: resource_stage is None, not a text" in capsys.readouterr().out
    assert main(["surrogate", "evaluate", "--data", str(table), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["skipped"], [own["row"] for own in found["reasons"]]) == (5, 1, [6])


@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_an_error_says_why_nothing_could_be_read(command, table, tmp_path, capsys):
    table.write_text('{"tool": 1, "resource_stage": "", "success": true, "layers": ""}\n')
    arguments = ["surrogate", command, "--data", str(table)]
    if command == "train":
        pytest.importorskip("xgboost")
        arguments += ["-o", str(tmp_path / "out")]
    assert main(arguments) == 2
    assert f"; the first was skipped: {table}:1: " in capsys.readouterr().err


def test_evaluate_leaves_what_is_not_defined_open(table, capsys):
    table.write_text(table.read_text().splitlines()[0])  # of one row there is no R2
    assert main(["surrogate", "evaluate", "--data", str(table)]) == 0
    assert "nan" not in capsys.readouterr().out
