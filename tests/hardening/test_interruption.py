"""Builds that are killed or meet each other, and disks that fill up: the old project or the new one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accelgen import api, cli
from accelgen.backend import project as project_module
from accelgen.backend.project import read_report

ROOT = Path(__file__).resolve().parents[2]
TAGGER = ROOT / "examples/jet_tagger/model.keras"
KILLS = 6


def start(directory: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "accelgen", "build", str(TAGGER), "--board", "pynq-z2", "--name", name]
    return subprocess.Popen([*command, "-o", str(directory)], cwd=ROOT, stdout=subprocess.DEVNULL)


def complete_project(directory: Path) -> str:
    """The name of the network of a project that has every file of its build; fails where one is missing."""
    report = read_report(directory)
    wanted = ("Makefile", "design.yaml", "network.npz", "csim.cpp", f"firmware/{report.top}.cpp")
    assert all((directory / path).stat().st_size for path in wanted)
    return report.network


def test_kill_leaves_a_whole_project_and_the_next_build_sweeps_up(tmp_path: Path) -> None:
    target = tmp_path / "p"
    began = time.monotonic()
    assert start(target, "old").wait() == 0
    usual = time.monotonic() - began
    draw = random.Random(1)
    for attempt in range(KILLS):
        build = start(target, f"new{attempt}")
        time.sleep(usual * draw.uniform(0.6, 1.1))
        build.send_signal(signal.SIGKILL)
        build.wait()
        assert complete_project(target).startswith(("old", "new"))
    (tmp_path / ".p.accelgen-killed").mkdir()
    (tmp_path / ".p.another").mkdir()
    assert start(target, "last").wait() == 0
    assert complete_project(target) == "last"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".p.another", "p"]
    assert api.verify(target, samples=10).passed


def test_builds_at_once_leave_one_whole_project(tmp_path: Path) -> None:
    builds = [start(tmp_path / "p", f"n{index}") for index in range(4)]
    assert [build.wait() for build in builds] == [0] * 4
    assert complete_project(tmp_path / "p") in {f"n{index}" for index in range(4)}
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_verifications_at_once_share_a_cold_cache(tmp_path: Path) -> None:
    api.load(TAGGER).build(tmp_path / "p", board="pynq-z2")
    command = [sys.executable, "-m", "accelgen", "verify", str(tmp_path / "p"), "--samples", "10"]
    environment = {**os.environ, "ACCELGEN_CACHE_DIR": str(tmp_path / "cold")}
    runs = [subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]


def test_disk_that_fills_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(project_module.Path, "write_bytes", full)
    assert cli.main(["build", str(TAGGER), "--board", "pynq-z2", "-o", str(tmp_path / "p")]) == 2
    assert capsys.readouterr().err == (
        f"accelgen: error: cannot write {tmp_path / 'p'}: No space left on device\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("real")
    model = api.load(TAGGER)
    for name in ("first", "second"):
        model.build(tmp_path / "link", board="pynq-z2", name=name)
    assert (tmp_path / "link").is_symlink()
    assert complete_project(tmp_path / "real") == "second"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


@pytest.mark.parametrize("target", [".", "", "../here", ".."])
def test_current_directory_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], target: str
) -> None:
    """A shell that stands in it would go on in the old one, which is gone."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert cli.main(["build", str(TAGGER), "--board", "pynq-z2", "-o", target]) == 2
    assert "cannot be replaced" in capsys.readouterr().err


@pytest.mark.parametrize(("length", "code"), [(250, 0), (300, 2)])
def test_long_directory_names(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int, code: int
) -> None:
    target = tmp_path / ("x" * length)
    assert cli.main(["build", str(TAGGER), "--board", "pynq-z2", "-o", str(target)]) == code
    assert [path.name for path in tmp_path.iterdir()] == ([] if code else [target.name])
    assert ("File name too long" in capsys.readouterr().err) == bool(code)


def test_directory_names_that_shells_split(tmp_path: Path) -> None:
    target = tmp_path / "a b'c\"é\nf"
    api.load(TAGGER).build(target, board="pynq-z2")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    assert api.verify(target, samples=10).passed
    subprocess.run(["make", "-s", "csim"], cwd=target, check=True, capture_output=True)
