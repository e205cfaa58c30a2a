"""Which projects hold board designs, and how a design asks for one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from accelgen.backend.project import read_report
from accelgen.choices import Choices
from accelgen.design import Design, IoType
from accelgen.errors import UsageError
from tests.flows.board.projects import build, image, mixed


def test_a_board_is_remembered_until_a_part_is_asked_for(tmp_path: Path):
    design = Choices(board="PYNQ-Z2", bus_bits=32).design()
    assert (design.board, design.bus_bits, design.part) == ("pynq-z2", 32, "xc7z020clg400-1")
    path = tmp_path / "design.yaml"
    path.write_text(design.to_yaml())
    assert Choices(config=path).design() == design
    assert Choices(config=path, part="xcu50-fsvh2104-2-e").design().board is None
    assert Choices(config=path, board="zcu102").design().board == "zcu102"
    assert Choices(part="xcu50-fsvh2104-2-e").design().board is None


@pytest.mark.parametrize(
    ("text", "message"),
    [("bus_bits: 48", "one of 8, 16, 32"), ("board: ../u50", "no board's name"), ("board: 3", "not of type")],
)
def test_a_design_refuses_what_makes_no_sense(text: str, message: str):
    with pytest.raises(UsageError, match=message):
        Design.from_yaml(text)


def test_a_board_without_a_board_design_is_still_a_part(tmp_path: Path):
    build(image(), tmp_path / "project", "arty-a7-100t", IoType.STREAM)
    names = {path.name for path in (tmp_path / "project").iterdir()}
    assert names.isdisjoint({"board", "driver"})
    notes = read_report(tmp_path / "project").notes
    assert notes == ("no board design for arty-a7-100t: only for Zynq, Zynq UltraScale+ and Alveo boards",)


def test_the_same_design_gives_the_same_bytes(tmp_path: Path):
    contents = []
    for name in ("one", "two"):
        build(image(), tmp_path / name, "kr260", IoType.STREAM)
        files = [path for path in (tmp_path / name).rglob("*") if path.is_file()]
        contents.append({path.relative_to(tmp_path / name): path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    assert {Path("board/board.mk"), Path("flow/bitstream.tcl"), Path("driver/driver.py")} <= set(contents[0])
    assert not any(
        b"/tmp/" in content for path, content in contents[0].items() if path.parts[0] != "firmware"
    )


def test_arrays_are_laid_out_as_the_network_takes_them(tmp_path: Path):
    build(mixed(), tmp_path / "p", "pynq-z2", IoType.PARALLEL)
    (top,) = (path for path in (tmp_path / "p/firmware").glob("*.cpp"))
    pragma = re.compile(r"#pragma HLS (ARRAY_\w+ variable)=(\w+)( complete dim=0)")
    network = {name: (kind, how) for kind, name, how in pragma.findall(top.read_text())}
    arguments = re.findall(r"(\w+)\[\w+\][,\n]", top.read_text().partition(") {")[0] + "\n")
    (wrapper,) = (tmp_path / "p/board").glob("*_axi.cpp")
    given = [(kind, how) for kind, _, how in pragma.findall(wrapper.read_text())]
    assert len(given) == 8
    assert given == [network[name] for name in arguments]
