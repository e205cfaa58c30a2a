"""Block designs: their Tcl keeps to the documented commands, and leaves nothing unconnected."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from accelgen.boards import board_names, find_board
from accelgen.design import IoType
from accelgen.errors import DesignError
from accelgen.flows.board import find_target
from accelgen.flows.board.target import System
from tests.flows.board.designs import design_for, make, tool, vivado, write
from tests.flows.board.netlist import BlockDesign

BOARDS = [name for name in board_names() if find_board(name).board_files is not None]
CARDS = [name for name in board_names() if find_board(name).platform is not None]

needs_tclsh = pytest.mark.skipif(shutil.which("tclsh") is None, reason="tclsh is not installed")


@needs_tclsh
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("io_type", IoType)
def test_every_board_design_is_connected(board: str, io_type: IoType, tmp_path: Path):
    inputs, outputs = (2, 1) if board.startswith("z") else (1, 8)
    _, files = write(design_for(board, io_type), tmp_path, inputs, outputs)
    done = vivado(tmp_path, STANDIN_BOARD_PARTS=f"vendor:{find_board(board).board_files}:part0:1.0")
    assert done.returncode == 0, done.stdout + done.stderr
    for suffix in ("bit", "hwh", "xsa"):
        assert (tmp_path / f"build/bitstream/net_top.{suffix}").is_file()
    block = BlockDesign.read(tmp_path / "journal")
    assert block.faults(files["board/net_top_axi.cpp"]) == []
    address = re.search(r"return (0x\w+) \+ (0x\w+) \* uint64_t\(i\)", files["driver/network.hpp"])
    assert address is not None
    controlled = ["core/s_axi_control"] if io_type is IoType.PARALLEL else []
    controlled = controlled or [f"dma_{index}/S_AXI_LITE" for index in range(max(inputs, outputs))]
    assert block.addresses == {
        f"{slave}/Reg": (int(address[1], 0) + index * int(address[2], 0), "64K")
        for index, slave in enumerate(controlled)
    }


@needs_tclsh
def test_without_board_files_the_part_alone_is_configured(tmp_path: Path):
    write(design_for("pynq-z2"), tmp_path)
    done = vivado(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no board files of pynq-z2" in done.stdout
    journal = (tmp_path / "journal").read_text()
    assert "apply_board_preset 0" in journal
    assert "board_part" not in journal.replace("get_board_parts", "")


@needs_tclsh
def test_faults_are_found(tmp_path: Path):
    """The check of connections would notice a design that lacks one."""
    _, files = write(design_for("zcu104"), tmp_path, 2, 2)
    script = tmp_path / "flow/bitstream.tcl"
    text = script.read_text()
    for removed, fault in (
        (
            "            lappend clocked dma_$i/m_axi_s2mm_aclk\n",
            "dma_0/m_axi_s2mm_aclk (<clock) has 0 drivers",
        ),
        ("    lappend resets core/ap_rst_n\n", "core/ap_rst_n (<reset) has 0 drivers"),
        (
            "            lappend interrupts dma_$i/mm2s_introut\n",
            "dma_0/mm2s_introut (>interrupt) is not used",
        ),
        ("    add_interconnect memory $masters", "ps/S_AXI_HP0_FPD (axi slave) has 0 connections"),
        (
            "            connect_bd_intf_net [get_bd_intf_pins core/out$i]",
            "dma_0/S_AXIS_S2MM (axis slave) has 0",
        ),
    ):
        line = next(line for line in text.splitlines(keepends=True) if line.startswith(removed))
        script.write_text(text.replace(line, "", 1))
        (tmp_path / "journal").unlink(missing_ok=True)
        vivado(tmp_path)
        faults = BlockDesign.read(tmp_path / "journal").faults(files["board/net_top_axi.cpp"])
        assert any(found.startswith(fault) for found in faults), (removed, faults)


@needs_tclsh
@pytest.mark.parametrize("board", ["kv260", "u55c"])
@pytest.mark.parametrize("version", ["2020.2", "2023.2", "2024.1"])
def test_the_core_is_made_by_documented_commands(board: str, version: str, tmp_path: Path):
    write(design_for(board), tmp_path)
    done = tool(tmp_path, "vitis_hls", "-f", "../../flow/board-core.tcl", STANDIN_VERSION=version)
    assert done.returncode == 0, done.stdout + done.stderr
    # one that runs freely delivers the last sample without another behind it
    assert ('"-pipeline_style": ["frp"]' in (tmp_path / "journal").read_text()) == (board == "kv260")


@needs_tclsh
def test_make_goes_from_the_core_to_the_bitstream_and_on_after_failures(tmp_path: Path):
    folder = tmp_path / 'a "$project" {é'
    write(design_for("pynq-z1"), folder)
    bitstream = folder / "build/bitstream/net_top.bit"
    failed = make(folder, "bitstream", STANDIN_MODE="bitstream=fail")
    assert failed.returncode
    assert "the implementation failed: route_design ERROR" in failed.stderr + failed.stdout
    assert not bitstream.exists()
    slow = make(folder, "bitstream", STANDIN_SLACK="-0.3")
    assert slow.returncode
    assert "timing is not met: the setup slack is -0.3 ns at 100 MHz" in slow.stderr + slow.stdout
    assert not bitstream.exists()
    core = (folder / "build/board-core.done").stat().st_mtime_ns
    done = make(folder, "bitstream")
    assert done.returncode == 0, done.stdout + done.stderr
    assert bitstream.is_file()
    assert (folder / "build/board-core.done").stat().st_mtime_ns == core
    again = make(folder, "bitstream")
    assert "stand-in" not in again.stdout
    (folder / "board/net_top_axi.cpp").write_text("// changed\n")
    changed = make(folder, "bitstream", "-j4")
    assert changed.returncode == 0
    assert "stand-in: csynth" in changed.stdout
    assert "stand-in: bitstream" in changed.stdout


@needs_tclsh
def test_make_links_a_kernel(tmp_path: Path):
    write(design_for("u250"), tmp_path, 2, 2)
    missing = make(tmp_path, "bitstream", VPP="no-such-program")
    assert missing.returncode
    assert "bitstream: VPP names no-such-program, which is no program" in missing.stderr
    other = make(tmp_path, "bitstream", STANDIN_VERSION="2019.2")
    assert "v++ is Vitis 2019.2, and known are 2020.2 to 2025.2" in other.stderr
    done = make(tmp_path, "bitstream")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "build/bitstream/net_top.xclbin").is_file()


@pytest.mark.parametrize("card", CARDS)
def test_a_card_gets_a_kernel_near_its_memory(card: str, tmp_path: Path):
    target, files = write(design_for(card), tmp_path, 2, 1)
    assert (target.system, target.bus_bits) == (System.ALVEO, 512)
    link = files["board/link.cfg"]
    assert "nk=net_top_axi:1:net_top_axi_1\n" in link
    memory = ["HBM[0]", "HBM[1]", "HBM[2]"] if card in ("u50", "u55c") else ["DDR[0]"] * 3
    for port, own in zip(("in0", "in1", "out0"), memory, strict=True):
        assert f"sp=net_top_axi_1.{port}:{own}\n" in link
    assert f"freqHz={round(1e9 / design_for(card).clock_ns)}:net_top_axi_1.ap_clk" in link
    assert f'"${{PLATFORM:-{find_board(card).platform}}}"' in files["flow/bitstream.sh"]
    assert "flow/bitstream.tcl" not in files
    assert "driver/driver.py" not in files


def test_a_part_alone_has_no_board_design():
    assert find_target(replace(design_for("pynq-z2"), board=None)) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"board": "arty-a7-100t", "part": "xc7a100tcsg324-1"},
            "only for Zynq, Zynq UltraScale[+] and Alveo",
        ),
        ({"clock_ns": 2.0}, "no board design for pynq-z2 at 500 MHz"),
        ({"part": "xc7z010clg400-1"}, "has the part xc7z020clg400-1"),
    ],
)
def test_what_no_board_design_is_made_for_is_named(changes: dict[str, object], message: str):
    with pytest.raises(DesignError, match=message):
        find_target(replace(design_for("pynq-z2"), **changes))


def test_too_many_inputs_are_refused(tmp_path: Path):
    with pytest.raises(DesignError, match="9 inputs, at most 8 are wired"):
        write(design_for("zcu102"), tmp_path, 9)
