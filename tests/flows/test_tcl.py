"""Words of Tcl, and the interpreter that the scripts are tested with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.flows.tcl import word
from tests.flows.makes import SECONDS, STRICT, needs_tclsh

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    '[]{}$"\\; \n#u0Aé', max_size=12
)

GOOD = """
open_project -reset p
set_top top
add_files {top.cpp}
open_solution solution1
set_part xc7z020clg400-1
create_clock -period 5
csynth_design
exit
"""

pytestmark = needs_tclsh


def run(folder: Path, script: str, tool: str = "vitis_hls", version: str = "2023.2") -> tuple[int, str]:
    """Exit status and errors of the strict interpreter."""
    (folder / "top.cpp").write_text("")
    (folder / "script.tcl").write_text(script, encoding="ascii")
    journal = str(folder / "journal")
    process = subprocess.run(
        ["tclsh", str(STRICT), tool, version, "script.tcl"],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C", "STRICT_JOURNAL": journal},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return process.returncode, process.stderr


@settings(max_examples=20, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=30))
def test_tools_receive_exactly_the_text(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("words")
    names = "".join(f"open_project [lindex [list {word(text)}] 0]\n" for text in texts if text[:1] != "-")
    status, errors = run(folder, names + "exit\n")
    assert status == 0, errors
    lines = (folder / "journal").read_text(encoding="ascii").splitlines() if names else []
    received = [json.loads(line)["arguments"][0] for line in lines]
    assert received == [text for text in texts if text[:1] != "-"]


def test_a_documented_script_is_accepted(tmp_path: Path) -> None:
    assert run(tmp_path, GOOD) == (0, "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("csynth_design", "synthesize"), "synthesize: no documented command of vitis_hls"),
        (("-reset p", "-rest p"), "open_project: no option -rest"),
        (("-period 5", "-period"), "create_clock: -period lacks its value"),
        (("-period 5", "-period fast"), "-period takes float"),
        (("-reset p", "p q"), "open_project: 2 arguments, at most 1"),
        (("set_top top", "set_top"), "set_top: 0 arguments, at least 1"),
        (("{top.cpp}", "{top.cpp other.cpp}"), "add_files: there is no file other.cpp"),
        (("open_project -reset p", ""), "set_top comes before what it needs: project"),
        (("open_solution solution1", ""), "set_part comes before what it needs: solution"),
        (("set_top top", ""), "csynth_design comes before what it needs: top"),
        (("create_clock -period 5", ""), "csynth_design comes before what it needs: clock"),
        (("set_top top", "set_top top\ncosim_design"), "cosim_design comes before what it needs: testbench"),
        (("set_top top", "catch {set_tops top}\nset_top top"), "set_tops: no documented command"),
        (("set_top top", "set_top [lmap x top {set x}]"), "lmap: needs Tcl 8.6"),
        (("set_top top", "exec touch x\nset_top top"), "exec: no documented command"),
        (("exit", ""), "ends without exit"),
    ],
)
def test_anything_undocumented_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    status, errors = run(tmp_path, GOOD.replace(*change, 1))
    assert status == 70, errors
    assert message in errors


def test_options_are_those_of_the_version(tmp_path: Path) -> None:
    script = "set_part a\nread_verilog top.cpp\nsynth_design -top t -global_retiming on\nexit\n"
    assert run(tmp_path, script, "vivado", "2023.2")[0] == 0
    assert "no option -global_retiming" in run(tmp_path, script, "vivado", "2021.1")[1]
