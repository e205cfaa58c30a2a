from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from accelgen.cli import main
from accelgen.errors import ModelError, UsageError
from accelgen.estimation import estimate_record, find_domain
from accelgen.resources import data_dir
from accelgen.results import Failure, Result, Store
from accelgen.surrogates.dataset import write
from accelgen.surrogates.features import from_records
from accelgen.surrogates.predict import load_surrogates, predict, read_surrogates
from accelgen.surrogates.record import Stage
from accelgen.surrogates.rules import Domain
from accelgen.surrogates.update.chances import fit_chances
from accelgen.surrogates.update.corrections import load
from accelgen.surrogates.update.folder import FILE, PREVIOUS
from accelgen.surrogates.update.update import update
from tests.surrogates.learn.tables import chain, measured_chains

pytest.importorskip("xgboost")

TOOL = Domain("Vitis HLS", "2024.2", Stage.C_SYNTHESIS)
"""Of which accelgen knows nothing."""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    path = tmp_path / "surrogates"
    monkeypatch.setenv("ACCELGEN_SURROGATES", str(path))
    load_surrogates.cache_clear()
    yield path
    load_surrogates.cache_clear()


def measured(factor=lambda _: 1.0, noise=0.05, seed=0, targets=("lut", "ff", "latency_cycles")):
    """Chains of two layers: LUTs as estimates say times a factor and noise, all else with noise alone."""
    rows = [
        replace(row, tool=TOOL.tool, version=TOOL.version, resource_stage=TOOL.stage)
        for row in measured_chains(lambda _: 1.0)
    ]
    shipped = read_surrogates(data_dir("surrogates"))
    said = predict(from_records([row.design for row in rows]), TOOL, shipped).designs
    rng = np.random.default_rng(seed)
    found = []
    for position, row in enumerate(rows):
        figures = {name: float(said[name].value[position] * np.exp(rng.normal(0, noise))) for name in targets}
        figures["lut"] *= factor(row.design)
        found.append(replace(row, targets=figures))
    return found


def larger(design):
    """LUTs that grow with the first layer, from 1.5 to 3."""
    return 1.2 + design.layers[0].n_in / 54


def estimated(design):
    return estimate_record(design, TOOL)


def span(estimate):
    return estimate.total["lut"].high / estimate.total["lut"].low


def test_a_tool_that_differs_is_learned_where_it_differs():
    design = chain([48, 64, 16], 96)  # of no row
    before = estimated(design)
    rows = measured(larger)
    updated = update(rows)
    assert updated.changed
    assert updated.new == updated.rows == len(rows)
    (verdicts,) = updated.verdicts.values()
    by_target = {verdict.target: verdict for verdict in verdicts}
    assert by_target["lut"].changed
    assert by_target["lut"].after < by_target["lut"].before / 3
    assert [verdict.target for verdict in verdicts if verdict.changed] == ["lut"]
    after = estimated(design)
    assert after.total["lut"].value == pytest.approx(before.total["lut"].value * larger(design), rel=0.2)
    assert after.total["latency_cycles"].value == before.total["latency_cycles"].value
    assert after.total["dsp"] == before.total["dsp"]
    # what was measured says how wide intervals are, and makes the tool a known one
    assert (
        after.total["lut"].high / after.total["lut"].low < before.total["lut"].high / before.total["lut"].low
    )
    assert not before.in_domain
    assert after.in_domain
    assert sum(part.figures["lut"] for part in after.layers) == pytest.approx(
        after.total["lut"].value, rel=0.2
    )
    assert find_domain("vitis hls 2024.2") == TOOL


def test_intervals_hold_results_that_were_not_learned_from():
    update(measured(larger, noise=0.1))
    others = measured(larger, noise=0.1, seed=5)
    found = predict(from_records([row.design for row in others]), TOOL).designs["lut"]
    held = [
        low <= row.targets["lut"] <= high
        for row, low, high in zip(others, found.low, found.high, strict=True)
    ]
    assert np.mean(held) > 0.8


def test_other_tools_and_layers_unlike_the_results_stay_as_they_are():
    designs = [chain([16, 32, 16], 64, bits=2), chain([512, 512, 16], 512), chain([48, 64, 16], 96)]
    before = [estimated(design) for design in designs[:2]] + [estimate_record(designs[2])]
    update(measured(larger))
    after = [estimated(design) for design in designs[:2]] + [estimate_record(designs[2])]
    assert [one.total for one in after] == [one.total for one in before]


def test_noise_teaches_nothing(folder):
    for seed in range(3):
        updated = update(measured(noise=0.3, seed=seed), folder=folder / str(seed))
        assert not updated.changed
        assert not (folder / str(seed) / FILE).exists()


def test_few_architectures_teach_nothing():
    rows = [row for row in measured(lambda _: 2.0) if row.group in ("16-16-16", "24-24-16", "32-32-16")]
    updated = update(rows)
    assert not updated.changed
    assert not updated.verdicts


def test_results_that_were_learned_from_are_not_new_again(folder):
    rows = measured(larger)
    assert update(rows).changed
    text = (folder / FILE).read_bytes()
    again = update(rows)
    assert (again.new, again.changed) == (0, False)
    assert (folder / FILE).read_bytes() == text


def test_more_results_replace_a_correction_only_if_they_make_it_better(folder):
    rows = measured(larger)
    few = [row for row in rows if row.design.layers[0].n_in in (16, 96)]
    assert update(few).changed
    more = update(rows)
    assert more.new == len(rows) - len(few)
    assert more.changed
    assert len(list((folder / PREVIOUS).iterdir())) == 1
    text = (folder / FILE).read_bytes()
    wild = [replace(row, group=f"{row.group} again") for row in measured(larger, noise=1.0, seed=8)]
    if not update(wild).changed:
        assert (folder / FILE).read_bytes() == text


def test_reverting_goes_back_step_by_step(folder, capsys):
    design = chain([48, 64, 16], 96)
    figures = [estimated(design).total]
    rows = measured(larger)
    for part in ([row for row in rows if row.design.layers[0].n_in in (16, 96)], rows):
        assert update(part).changed
        figures.append(estimated(design).total)
    assert figures[0] != figures[1] != figures[2]
    for expected, left in ((figures[1], True), (figures[0], False)):
        assert main(["surrogate", "update", "--revert", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"folder": str(folder), "corrections": left}
        load_surrogates.cache_clear()
        assert estimated(design).total == expected
    assert main(["surrogate", "update", "--revert"]) == 2
    assert "nothing to take back" in capsys.readouterr().err


def test_data_that_estimates_were_trained_on_keep_a_correction_from_harm(folder):
    right = measured(noise=0.01, seed=1)
    wrong = [replace(row, group=f"{row.group} mine") for row in measured(lambda _: 1.15, noise=0.05)]
    assert update(wrong, folder=folder / "alone").changed
    assert not update(wrong, old=right, folder=folder / "both").changed


def test_corrections_of_other_estimates_are_not_applied(folder):
    update(measured(larger))
    data = json.loads((folder / FILE).read_text())
    data["corrections"]["prior"] = "another"
    from accelgen.surrogates.learn.model import checksum

    data["sha256"] = checksum(data["corrections"])
    (folder / FILE).write_text(json.dumps(data))
    load_surrogates.cache_clear()
    assert not load_surrogates().corrections.parts


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"shift": 0', '"shift": 1', 1),
        lambda _: '{"format": 1}',
        lambda _: "[]",
        lambda _: "",
    ],
)
def test_a_damaged_file_is_named(folder, damage):
    update(measured(larger))
    path = folder / FILE
    assert load(path).rows > 0
    path.write_text(damage(path.read_text()))
    with pytest.raises(ModelError, match=r"corrections\.json.*--revert"):
        load(path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        update([], folder=tmp_path / "file" / "below")


def failing(row):
    """Whether a design is too large."""
    return row.design.layers[0].n_out > 40


def test_failures_teach_the_chances_of_success_but_not_what_was_killed(tmp_path, capsys, monkeypatch):
    rows = [replace(row, success=False, targets={}) if failing(row) else row for row in measured()]
    monkeypatch.setenv("ACCELGEN_STORE", str(tmp_path / "store.sqlite"))
    with Store() as store:
        store.insert(
            *(Result(row, row.group, failure=None if row.success else Failure.TIMED_OUT) for row in rows)
        )
        killed = [replace(row, success=False, targets={}) for row in rows if row.success]
        store.insert(*(Result(row, row.group, failure=Failure.KILLED) for row in killed))
    assert main(["surrogate", "update", "--json"]) == 0
    updated = json.loads(capsys.readouterr().out)
    assert updated["rows"] == len(rows)
    assert updated["success"]["changed"]
    assert updated["success"]["after"] < 0.05 < updated["success"]["before"]
    assert estimated(chain([48, 24, 16], 96)).success > 0.8
    assert estimated(chain([48, 96, 16], 96)).success < 0.2


def test_a_design_that_fails_after_c_synthesis_is_one_that_fails():
    later = [
        replace(row, resource_stage=Stage.IMPLEMENTATION, success=False, targets={})
        for row in measured()
        if failing(row)
    ]
    found, chances = fit_chances([*measured(), *later], None)
    assert found is not None
    assert (chances.rows, chances.failures) == (len(measured()), len(later))
    assert chances.after < 0.05


def test_the_command_reads_tables_and_says_what_changed(tmp_path, capsys):
    table = tmp_path / "mine.jsonl"
    write(table, measured(larger))
    assert main(["surrogate", "update", "--data", str(table)]) == 0
    shown = capsys.readouterr().out
    assert "Vitis HLS 2024.2 c synthesis" in shown
    assert "--revert" in shown
    assert main(["surrogate", "update", "--data", str(table), "--store", "x"]) == 2
    assert "not both" in capsys.readouterr().err


def test_results_that_are_not_there_are_an_error(tmp_path, capsys):
    store = tmp_path / "missing" / "results.sqlite"
    assert main(["surrogate", "update", "--store", str(store)]) == 2
    assert "there is no file of results at" in capsys.readouterr().err
    assert not store.parent.exists()
    table = tmp_path / "bad.jsonl"
    table.write_text('{"tool": 1, "resource_stage": "", "success": true, "layers": ""}\n')
    assert main(["surrogate", "update", "--data", str(table)]) == 2
    assert "there is no synthesis in" in capsys.readouterr().err
