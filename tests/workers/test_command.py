"""Programs run to their end or to a limit, and nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from accelgen.errors import ToolError, UsageError
from accelgen.workers import command as command_module
from accelgen.workers.command import Ending, run_command
from tests.workers.waiting import noted, wait_for_line, wait_until_gone

ROOT = Path(__file__).resolve().parents[2]

TWO = "sleep 60 & echo $! > {0}/child.ran; echo $$ > {0}/parent.ran; wait"
"""A program with another one behind it."""


def all_noted(folder):
    return [pid for pids in noted(folder).values() for pid in pids]


def test_a_program_gets_its_arguments_and_directory_and_its_output_is_logged(tmp_path):
    log = tmp_path / "log"
    script = 'echo "$2|$PWD|$NAME"; cat; echo wrong >&2; exit 3'
    finished = run_command(
        ["sh", "-c", script, "sh", "-", "a  'b' $c"],
        tmp_path,
        log=log,
        environment={"PATH": os.environ["PATH"], "NAME": "own"},
    )
    assert (finished.ending, finished.status) == (Ending.EXITED, 3)
    assert log.read_text() == f"a  'b' $c|{tmp_path}|own\nwrong\n"


def test_the_status_says_which_signal_ended_a_program(tmp_path):
    assert run_command(["sh", "-c", "kill -TERM $$"], tmp_path).status == 128 + signal.SIGTERM


def test_a_program_is_ended_with_its_children_when_its_time_is_over(tmp_path):
    finished = run_command(["sh", "-c", TWO.format(tmp_path)], tmp_path, time_s=1)
    assert finished.ending is Ending.TIMED_OUT
    wait_until_gone(all_noted(tmp_path))


def test_what_a_program_leaves_running_is_ended(tmp_path):
    finished = run_command(["sh", "-c", TWO.format(tmp_path).removesuffix("wait")], tmp_path)
    assert (finished.ending, finished.status) == (Ending.EXITED, 0)
    wait_until_gone(all_noted(tmp_path))


def test_memory_is_that_of_all_processes(tmp_path):
    hold = [sys.executable, "-c", "import time; held = b'1' * 40_000_000; time.sleep(60)"]
    script = 'for i in 1 2 3; do "$@" & done; wait'
    limit = 100_000_000
    finished = run_command(["sh", "-c", script, "sh", *hold], tmp_path, memory_bytes=limit, time_s=30)
    assert finished.ending is Ending.OUT_OF_MEMORY
    assert finished.peak_bytes > limit


def test_a_program_does_not_outlive_who_runs_it(tmp_path):
    script = "import sys; from pathlib import Path; from accelgen.workers.command import run_command; "
    script += "run_command(['sh', '-c', sys.argv[1]], Path())"
    caller = subprocess.Popen([sys.executable, "-c", script, TWO.format(tmp_path)], cwd=ROOT)
    wait_for_line(tmp_path / "parent.ran")
    caller.kill()
    caller.wait()
    wait_until_gone(all_noted(tmp_path))


def test_a_program_that_is_absent_is_an_error(tmp_path):
    (tmp_path / "text").write_text("no program")
    for name in ("no-such-program", "./absent", "./text"):
        with pytest.raises(ToolError, match=f"there is no program '{name}' to run in "):
            run_command([name], tmp_path)


def test_a_program_beside_the_project_runs(tmp_path):
    program = tmp_path / "own.sh"
    program.write_text("#!/bin/sh\nexit 5\n")
    program.chmod(0o755)
    assert run_command(["./own.sh"], tmp_path).status == 5


def test_a_log_that_cannot_be_written_is_an_error(tmp_path):
    with pytest.raises(ToolError, match="cannot be written: No such file or directory"):
        run_command(["true"], tmp_path, log=tmp_path / "absent/log")


def test_memory_that_cannot_be_seen_cannot_be_limited(tmp_path, monkeypatch):
    monkeypatch.setattr(command_module, "_PROC", tmp_path)
    assert run_command(["sleep", "0.3"], tmp_path).peak_bytes is None
    with pytest.raises(UsageError, match="only on a system with /proc"):
        run_command(["true"], tmp_path, memory_bytes=1)
