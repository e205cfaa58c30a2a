"""Campaigns of a few designs, built in full, with the stand-ins for the vendor's tools."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from accelgen.campaign import read_plan, run_campaign
from accelgen.cli import main
from accelgen.errors import ToolError, UsageError
from accelgen.project_files import is_project
from accelgen.results import Failure, Store
from accelgen.surrogates.record import Stage

TOOLS = Path(__file__).resolve().parents[1] / "flows" / "tools"

needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="the stand-ins for tools need tclsh")


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    """Two designs."""
    path = tmp_path_factory.mktemp("plan") / "plan.yaml"
    recipe = {"layers": 1, "inputs": 4, "outputs": 2, "weight_bits": 6}
    entries = {"random_networks": [recipe], "parts": ["xc7z020clg400-1"], "strategies": "resource"}
    path.write_text(json.dumps({**entries, "reuse_factors": [1, 4], "time_limit_s": 300}))
    return path


@pytest.fixture
def tools(monkeypatch):
    monkeypatch.setenv("PATH", f"{TOOLS}{os.pathsep}{os.environ['PATH']}")
    return monkeypatch


@needs_tclsh
def test_designs_are_synthesised_and_kept_with_their_predictions(plan, tmp_path, tools, capsys):
    tools.setenv("ACCELGEN_STORE", str(tmp_path / "store.sqlite"))
    directory = tmp_path / "it is here"
    assert main(["campaign", str(plan), "-o", str(directory), "--json"]) == 0
    campaign = json.loads(capsys.readouterr().out)
    assert campaign["status"] == {"done": 2}
    assert campaign["ran"] == 2
    with Store() as store:
        results = [stored.result for stored in store.query()]
    assert [result.synthesis.design.layers[0].reuse_factor for result in results] == [1, 4]
    for result in results:
        assert result.synthesis.success
        assert result.synthesis.resource_stage is Stage.C_SYNTHESIS
        assert result.synthesis.version == "2023.2"
        assert set(campaign["errors"]["c_synthesis"]) == set(result.synthesis.targets) & set(
            result.predicted.total
        )
        assert result.details["campaign"]["tries"] == 1
    for project in (directory / "projects").iterdir():
        assert is_project(project)  # whose reports can be read again
        left = {path.suffix for path in project.rglob("*") if path.is_file()}
        assert left == {".json", ".yaml", ".npz", ".xml", ".log"}
    assert main(["report", *map(str, (directory / "projects").iterdir())]) == 0
    capsys.readouterr()
    assert main(["campaign", str(plan), "-o", str(directory), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {**campaign, "ran": 0}
    with Store() as store:
        assert store.count() == 2


@needs_tclsh
@pytest.mark.parametrize(
    ("mood", "failure"),
    [
        ("fail", Failure.FAILED),
        ("die", Failure.KILLED),
        ("half", Failure.NO_REPORT),
        ("memory", Failure.OUT_OF_MEMORY),
    ],
)
def test_failures_are_labels_until_a_design_is_done_after_all(plan, tmp_path, tools, mood, failure):
    entries = {**json.loads(plan.read_text()), "reuse_factors": 4, "memory_limit_gb": 0.2, "keep": "all"}
    (tmp_path / "plan.yaml").write_text(json.dumps(entries))
    own = read_plan(tmp_path / "plan.yaml")
    store = tmp_path / "store.sqlite"
    tools.setenv("STANDIN_MODE", f"csynth={mood}")
    failed = run_campaign(own, tmp_path / "campaign", store=store)
    assert failed.counts == {failure.value: 1}
    assert failed.failures[0].reason
    assert failed.failures[0].reason.startswith("took more than 0.2 GB; last: ") == (mood == "memory")
    with Store(store) as opened:
        (stored,) = opened.query()
    assert stored.result.failure is failure
    assert not stored.result.synthesis.success
    assert (stored.result.synthesis.tool, stored.result.synthesis.version) == ("Vitis HLS", "2023.2")
    tools.delenv("STANDIN_MODE")
    assert (
        run_campaign(own, tmp_path / "campaign", store=store).counts == failed.counts
    )  # it is not run again
    again = run_campaign(own, tmp_path / "campaign", store=store, retry_failed=True)
    assert again.counts == {"done": 1}
    with Store(store) as opened:
        (stored,) = opened.query()
    assert stored.result.failure is None


@needs_tclsh
@pytest.mark.parametrize(
    ("target", "step", "kept", "lost"),
    [
        ("cosim", "cosim", ["c_synthesis"], None),
        ("cosim", "csynth", [], "c_synthesis"),
        ("vivado-impl", "csynth", [], "c_synthesis"),
        ("vivado-impl", "vivado-synth", ["c_synthesis"], "logic_synthesis"),
        ("vivado-impl", "vivado-impl", ["c_synthesis", "logic_synthesis"], "implementation"),
    ],
)
def test_steps_before_the_one_that_failed_are_kept(plan, tmp_path, tools, target, step, kept, lost):
    entries = {**json.loads(plan.read_text()), "reuse_factors": 4, "target": target}
    (tmp_path / "plan.yaml").write_text(json.dumps(entries))
    own, store = read_plan(tmp_path / "plan.yaml"), tmp_path / "store.sqlite"
    tools.setenv("STANDIN_MODE", f"{step}=fail")
    assert run_campaign(own, tmp_path / "campaign", store=store).counts == {"failed": 1}
    with Store(store) as opened:
        results = [stored.result for stored in opened.query()]
    stages = [result.synthesis.resource_stage.value for result in results if result.failure is None]
    failures = [result.synthesis.resource_stage.value for result in results if result.failure is not None]
    assert (stages, failures) == (kept, [] if lost is None else [lost])
    tools.delenv("STANDIN_MODE")
    again = run_campaign(own, tmp_path / "campaign", store=store, retry_failed=True)
    assert again.counts == {"done": 1}
    with Store(store) as opened:
        assert all(stored.result.failure is None for stored in opened.query())
        assert opened.count() == len(list(again.results))


@needs_tclsh
@pytest.mark.parametrize(
    "cause",
    [
        "ERROR: [Common 17-345] A valid license was not found for feature 'HLS' and/or device 'xc7z020'.",
        'couldn\'t write "build/x": No space left on device',
    ],
)
def test_what_fails_for_the_machine_is_no_label_of_a_design(plan, tmp_path, tools, cause):
    store = tmp_path / "store.sqlite"
    tools.setenv("STANDIN_MODE", "csynth=fail")
    tools.setenv("STANDIN_ERROR", cause)
    with pytest.raises(ToolError, match=re.escape(cause)):
        run_campaign(read_plan(plan), tmp_path / "campaign", store=store)
    with Store(store) as opened:
        assert opened.count() == 0
    tools.delenv("STANDIN_MODE")
    assert run_campaign(read_plan(plan), tmp_path / "campaign", store=store).counts == {"done": 2}


@needs_tclsh
@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("damage", ["", "[" * 9000, "{}", '{"failure": "bored"}', "half"])
def test_a_design_whose_end_cannot_be_read_runs_again(plan, tmp_path, damage):
    entries = {**json.loads(plan.read_text()), "reuse_factors": 4}
    (tmp_path / "plan.yaml").write_text(json.dumps(entries))
    own, directory = read_plan(tmp_path / "plan.yaml"), tmp_path / "campaign"
    before = run_campaign(own, directory, store=tmp_path / "store.sqlite")
    (result,) = directory.glob("projects/*/result.json")
    whole = result.read_text()
    result.write_text(whole[: len(whole) // 2] if damage == "half" else damage)
    (directory / "journal.jsonl").unlink()
    again = run_campaign(own, directory, store=tmp_path / "store.sqlite")
    assert (again.ran, again.counts) == (1, {"done": 1})
    assert [one.digest for one in again.results] == [one.digest for one in before.results]
    assert json.loads(result.read_text())["failure"] is None


def test_without_a_tool_nothing_is_learned_of_designs(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("VITIS_HLS", str(tmp_path / "missing"))
    with pytest.raises(ToolError, match=r"no design can be run.*missing"):
        run_campaign(read_plan(plan), tmp_path / "campaign", store=tmp_path / "store.sqlite")
    with Store(tmp_path / "store.sqlite") as store:
        assert store.count() == 0


def test_one_campaign_at_a_time_has_a_directory(plan, tmp_path):
    def another(*_):
        with pytest.raises(UsageError, match="in use"):
            run_campaign(read_plan(plan), tmp_path / "campaign", store=tmp_path / "store.sqlite")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_campaign(read_plan(plan), tmp_path / "campaign", store=tmp_path / "store.sqlite", started=another)
