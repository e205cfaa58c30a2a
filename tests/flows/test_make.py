"""The Makefile of a project, run by make with stand-ins for the vendor's tools."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from accelgen.reports.project import read_project_reports
from tests.flows.makes import SECONDS, TOOLS, Makes, build, needs_tclsh
from tests.workers.waiting import wait_until

ALL = {"csynth", "cosim", "export", "vivado-synth", "vivado-impl"}

pytestmark = needs_tclsh


def test_everything_from_synthesis_to_timing_is_made_once(make: Makes, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    made = make("-j4", "export", "vivado", "cosim", STRICT_JOURNAL=str(journal))
    assert made.status == 0, made.output
    assert make.stamps() == ALL
    commands = [entry["command"] for entry in make.commands(journal)]
    for once in ("csynth_design", "cosim_design", "export_design", "synth_design", "route_design"):
        assert commands.count(once) == 1
    again = make("vivado", "cosim", "export", STRICT_JOURNAL=str(journal))
    assert (again.status, again.output.count("Nothing to be done")) == (0, 3)
    assert len(make.commands(journal)) == len(commands)
    reports = read_project_reports(make.folder)
    assert not reports.problems
    assert reports.csynth is not None
    assert reports.csynth.of_config("config2") is not None
    assert reports.csynth.of_config("config3") is not None
    assert reports.cosim is not None
    assert reports.cosim.passed
    for vivado in (reports.synth, reports.impl):
        assert None not in (vivado.utilization, vivado.hierarchy, vivado.timing)
    assert (make.folder / "build/ip/component.xml").is_file()
    assert make("clean").status == 0
    assert not (make.folder / "build").exists()


@pytest.mark.parametrize(
    ("touched", "again"),
    [
        ("firmware/small_top.cpp", ALL),
        ("tb_data/inputs.txt", {"cosim"}),
        ("flow/export.tcl", {"export"}),
        ("flow/clock.xdc", {"vivado-synth", "vivado-impl"}),
        ("flow/vivado-impl.tcl", {"vivado-impl"}),
        ("driver.txt", set()),
    ],
)
def test_only_what_changed_is_made_again(make: Makes, touched: str, again: set[str]) -> None:
    targets = ("cosim", "export", "vivado")
    assert make(*targets).status == 0
    before = {stage: (make.folder / f"build/{stage}.done").stat().st_mtime_ns for stage in ALL}
    (make.folder / touched).touch()
    assert make(*targets).status == 0
    after = {stage: (make.folder / f"build/{stage}.done").stat().st_mtime_ns for stage in ALL}
    assert {stage for stage in ALL if after[stage] != before[stage]} == again


@pytest.mark.parametrize(
    ("stage", "mood", "message"),
    [
        ("csynth", "fail", "csynth: failed (exit status 1), ERROR: [HLS 200-70] stand-in: csynth was told"),
        ("csynth", "die", "csynth: failed (exit status 137), killed by signal 9; see build/logs/csynth.log"),
        ("csynth", "half", "syn/report/csynth.xml is missing or not whole; see build/logs/csynth.log"),
        ("csynth", "silent", "syn/report/csynth.xml is missing or not whole"),
        ("cosim", "silent", "sim/report/small_top_cosim.rpt is missing or not whole"),
        ("export", "half", "component.xml is missing or not whole"),
        ("vivado-synth", "die", "vivado-synth: failed (exit status 137)"),
        ("vivado-impl", "fail", "vivado-impl: failed (exit status 1)"),
    ],
)
def test_a_failure_is_named_and_make_goes_on_from_there(
    make: Makes, stage: str, mood: str, message: str
) -> None:
    made = make(stage, STANDIN_MODE=f"{stage}={mood}")
    assert made.status == 2
    assert message in made
    assert stage not in make.stamps()
    assert not list((make.folder / "build").glob("*.start"))
    assert make(stage).status == 0
    assert stage in make.stamps()


def test_a_damaged_checkpoint_is_made_again(make: Makes) -> None:
    assert make("vivado-synth").status == 0
    (make.folder / "build/vivado/synth.dcp").write_text("half {")
    made = make("vivado")
    assert made.status == 2
    assert "build/vivado/synth.dcp is not whole, and the next make makes it again" in made
    assert make("vivado").status == 0


def test_an_old_report_does_not_outlive_a_new_failure(make: Makes) -> None:
    assert make("vivado-synth").status == 0
    (make.folder / "flow/clock.xdc").touch()
    assert make("vivado-synth", STANDIN_MODE="vivado-synth=fail").status == 2
    reports = make.folder / "build/vivado/reports"
    assert not list(reports.glob("*_synth.rpt"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_interrupted_make_goes_on(make: Makes, number: signal.Signals) -> None:
    process = make.start("csynth", STANDIN_MODE="csynth=hang")
    log = make.folder / "build/logs/csynth.log"
    wait_until(lambda: log.is_file() and "(hang)" in log.read_text(), "the stage does not start")
    os.killpg(process.pid, number)
    process.communicate(timeout=SECONDS)
    assert make.stamps() == set()
    assert make("csynth").status == 0
    assert make.stamps() == {"csynth"}


def test_what_changes_while_a_stage_runs_makes_it_run_again(make: Makes) -> None:
    process = make.start("csynth", STANDIN_SECONDS="1")
    start = make.folder / "build/csynth.start"
    wait_until(start.exists, "the stage does not start")
    time.sleep(0.05)  # so that the source is newer
    (make.folder / "firmware/small_top.cpp").touch()
    process.communicate(timeout=SECONDS)
    assert make.stamps() == {"csynth"}
    assert "Nothing to be done" not in make("csynth")
    assert "Nothing to be done" in make("csynth")


def test_makes_of_one_project_share_the_work(make: Makes, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    words = ("-j4", "vivado-synth", "cosim")
    first = make.start(*words, STANDIN_SECONDS="0.5", STRICT_JOURNAL=journal)
    second = make(*words, STANDIN_SECONDS="0.5", STRICT_JOURNAL=journal)
    output, _ = first.communicate(timeout=SECONDS)
    assert (first.returncode, second.status) == (0, 0), output + second.output
    assert make.stamps() == {"csynth", "cosim", "vivado-synth"}
    commands = [entry["command"] for entry in make.commands(tmp_path / "journal")]
    assert [commands.count(once) for once in ("csynth_design", "cosim_design", "synth_design")] == [1, 1, 1]
    assert "stand-in: csynth" in make("-B", "csynth")


def test_a_full_disk_is_named(make: Makes) -> None:
    (make.folder / "build").mkdir()
    (make.folder / "build/csynth.start").symlink_to("/dev/full")
    made = make("csynth", STANDIN_MODE="csynth=fail")
    assert "csynth: failed (exit status 1), build/ cannot be written: is the disk full?" in made
    assert make("csynth").status == 0


def test_a_folder_that_the_tools_may_not_take_is_named(make: Makes, tools: Path) -> None:
    warning = "csynth: warning: AMD's tools support only letters, digits, ~ and _ in names of folders (UG895)"
    assert warning in make("csynth")
    plain = Makes(make.folder.parent / "plain", tools)
    make.folder.rename(plain.folder)
    assert warning not in plain("-B", "csynth")


@pytest.mark.parametrize("target", ["csynth", "vivado-synth"])
def test_a_missing_tool_is_named_with_what_to_do(make: Makes, tools: Path, target: str) -> None:
    program, title = {"csynth": ("vitis_hls", "Vitis HLS"), "vivado-synth": ("vivado", "Vivado")}[target]
    (tools / program).unlink()
    made = make(target)
    assert made.status == 2
    assert f"{target}: needs {title} 2020.2 to 2025.2: install it and source its settings64.sh" in made


@pytest.mark.parametrize("version", ["2019.2", "2020.1", "2026.1"])
def test_an_unknown_version_is_refused_unless_asked_for(make: Makes, version: str) -> None:
    made = make("csynth", STANDIN_VERSION=version)
    assert made.status == 2
    assert f"is Vitis HLS {version}, and known are 2020.2 to 2025.2; ANY_VERSION=1 tries it" in made
    assert make("csynth", "ANY_VERSION=1", STANDIN_VERSION=version).status == 0


@pytest.mark.parametrize("version", ["2020.2", "2021.1", "2022.2", "2023.2", "2024.1"])
def test_scripts_keep_to_what_each_version_documents(make: Makes, version: str) -> None:
    made = make("cosim", "export", "vivado", STANDIN_VERSION=version)
    assert made.status == 0, made.output


def test_newer_versions_are_run_by_vitis_run(make: Makes, tools: Path) -> None:
    (tools / "vitis_hls").unlink()
    (tools / "vitis-run").symlink_to(TOOLS / "vitis-run")
    made = make("cosim", "export", "vivado", STANDIN_VERSION="2025.2")
    assert made.status == 0, made.output
    assert make.stamps() == ALL


def test_variables_name_other_programs(make: Makes, tools: Path) -> None:
    other = tools.parent / "a b'c"
    tools.rename(other)
    tools.mkdir()
    made = make("vivado-synth", VITIS_HLS=str(other / "vitis_hls"), VIVADO=str(other / "vivado"))
    assert made.status == 0, made.output
    assert "names nowhere/vivado, which is no program" in make("vivado-impl", VIVADO="nowhere/vivado")


def test_a_program_that_says_no_version_is_refused(make: Makes, tools: Path) -> None:
    (tools / "vitis_hls").unlink()
    (tools / "vitis_hls").write_text("#!/bin/sh\necho hello\n")
    (tools / "vitis_hls").chmod(0o755)
    assert "does not say which version of Vitis HLS it is" in make("csynth")
    folder = tools / "Vitis" / "2019.1" / "bin"
    folder.mkdir(parents=True)
    (tools / "vitis_hls").rename(folder / "vitis_hls")
    assert "is Vitis HLS 2019.1, and known are" in make("csynth", VITIS_HLS=str(folder / "vitis_hls"))


def test_the_design_reaches_the_tools(tmp_path: Path, tools: Path) -> None:
    name = 'a "b" [exit] $x {\\'
    directives = {"synth": "AreaOptimized_high", "place": "Explore"}
    choices = {"part": "xc7z020clg400-1", "clock_ns": 6.25, "clock_uncertainty_percent": 12.5}
    make = Makes(build(tmp_path / "p", name, directives=directives, **choices), tools)
    journal = tmp_path / "journal"
    made = make("export", "vivado", STRICT_JOURNAL=str(journal))
    assert made.status == 0, made.output
    entries = make.commands(journal)

    def options(command: str) -> list[dict[str, list[str]]]:
        return [entry["options"] for entry in entries if entry["command"] == command]

    def arguments(command: str) -> list[str]:
        return next(entry["arguments"] for entry in entries if entry["command"] == command)

    assert options("create_clock") == [
        {"-period": ["6.25"], "-name": ["default"]},
        {"-period": ["6.25"], "-name": ["ap_clk"]},
    ]
    assert arguments("set_clock_uncertainty") == ["12.5%", "default"]
    assert arguments("set_part") == ["xc7z020clg400-1"]
    assert options("export_design")[0]["-display_name"] == [name]
    assert options("synth_design")[0]["-directive"] == ["AreaOptimized_high"]
    assert options("place_design") == [{"-directive": ["Explore"]}]
    assert options("route_design") == [{}]


def test_a_project_for_a_part_says_that_it_has_no_bitstream(make: Makes) -> None:
    made = make("bitstream")
    assert made.status == 2
    assert "the project has no board design; build it with --board" in made


def test_help_names_every_target(make: Makes) -> None:
    made = make()
    for target in ("csim", "csynth", "cosim", "export", "vivado", "bitstream", "report", "clean"):
        assert f"make {target} " in made


def test_reports_are_accelgens(make: Makes, tools: Path) -> None:
    (tools / "accelgen").write_text("#!/bin/sh\necho called: $*\n")
    (tools / "accelgen").chmod(0o755)
    assert "called: report ." in make("report")
