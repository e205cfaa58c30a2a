"""Targets of many projects at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from accelgen.flows.files import sweep_makefile
from tests.flows.makes import Makes, needs_tclsh

NAMES = ("plain", "it's", "$(shell exit) $HOME", "a {b} [c] #d", '"é"', "-x", "a%b")

pytestmark = needs_tclsh


@pytest.fixture
def sweep(built: Path, tmp_path: Path, tools: Path) -> Makes:
    folder = tmp_path / "a sweep"
    for name in NAMES:
        shutil.copytree(built, folder / "runs" / name, ignore=shutil.ignore_patterns("ap_types"))
    (folder / "runs" / "no project").mkdir()
    (folder / "Makefile").write_bytes(sweep_makefile("runs/*"))
    return Makes(folder, tools, {"TMPDIR": str(tmp_path)})


def done(sweep: Makes, stage: str) -> set[str]:
    return {path.parent.parent.name for path in sweep.folder.glob(f"runs/*/build/{stage}.done")}


def test_projects_of_any_name_are_made_in_parallel(sweep: Makes) -> None:
    made = sweep("-j3", "csynth", "export")
    assert made.status == 0, made.output
    assert done(sweep, "export") == set(NAMES)
    assert f"export: {len(NAMES)} of {len(NAMES)} projects done" in made
    assert not list(sweep.folder.parent.glob("tmp.*"))


def test_one_that_fails_does_not_stop_the_others(sweep: Makes) -> None:
    (sweep.folder / "runs/plain/firmware/small_top.cpp").unlink()
    made = sweep("-j2", "csynth", "PROJECTS=runs/* nowhere")
    assert made.status == 2
    assert done(sweep, "csynth") == set(NAMES) - {"plain"}
    assert f"csynth: {len(NAMES) - 1} of {len(NAMES) + 1} projects done" in made
    assert made.output.count("csynth: ./runs/plain: failed: csynth: failed") == 2
    assert "csynth: ./nowhere: failed: there is no project" in made


def test_all_goals_are_made_of_all_projects_whatever_fails(sweep: Makes) -> None:
    (sweep.folder / "runs/plain/firmware/small_top.cpp").unlink()
    made = sweep("-j4", "csynth", "export", "vivado-synth", STANDIN_MODE="export=fail")
    assert made.status == 2
    count = len(NAMES)
    for goal, done_of_it in (("csynth", count - 1), ("export", 0), ("vivado-synth", count - 1)):
        assert f"{goal}: {done_of_it} of {count} projects done" in made
        assert len(done(sweep, goal)) == done_of_it
    assert "vivado-synth: ./runs/plain: failed: not tried without C synthesis" in made


def test_projects_are_named_as_in_a_shell(sweep: Makes) -> None:
    assert sweep("csynth", """PROJECTS="runs/it's" 'runs/$(shell exit) $HOME' runs/-*""").status == 0
    assert done(sweep, "csynth") == {"it's", "$(shell exit) $HOME", "-x"}


def test_a_sweep_of_nothing_says_how_to_name_projects(sweep: Makes) -> None:
    made = sweep("csynth", "PROJECTS=")
    assert made.status == 2
    assert "name projects: make csynth PROJECTS='runs/*'" in made
