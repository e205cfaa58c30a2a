"""Files for boards without a network behind them, and what the stand-in for Vivado makes of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from accelgen.boards import find_board
from accelgen.design import Design, IoType
from accelgen.flows.board import Signal, Target, board_files, find_target
from accelgen.flows.files import flow_files
from accelgen.ir import FixedType

FLOWS = Path(__file__).parents[1]


def design_for(board: str, io_type: IoType = IoType.STREAM, **changes: object) -> Design:
    known = find_board(board)
    return Design(known.part.name, known.clock_ns, io_type=io_type, board=board, **changes)


def signals(count: int, stream: bool) -> list[Signal]:
    return [Signal(f"port {index}", (3,), FixedType(8 + index, 4), "t", stream) for index in range(count)]


def write(design: Design, folder: Path, inputs: int = 1, outputs: int = 1) -> tuple[Target, dict[str, str]]:
    """The files of a design whose network is called net, with stand-ins for the network itself."""
    target = find_target(design)
    assert target is not None
    stream = design.io_type is IoType.STREAM
    files = {
        **flow_files("net", "net_top", design),
        **board_files("net", "net_top", target, signals(inputs, stream), signals(outputs, stream)),
        "firmware/net_top.cpp": b"// network\n",
        "firmware/net_top.h": b"// network\n",
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return target, {name: content.decode() for name, content in files.items()}


def tool(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run one of the stand-ins where a stage of the flow does."""
    (folder / "build/board").mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "STRICT_JOURNAL": str(folder / "journal"), **settings}
    program = [str(FLOWS / "tools" / command[0]), *command[1:]]
    return subprocess.run(
        program, cwd=folder / "build/board", env=environment, capture_output=True, text=True, check=False
    )


def vivado(folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """The block design's script in the stand-in for Vivado."""
    return tool(folder, "vivado", "-mode", "batch", "-source", "../../flow/bitstream.tcl", **settings)


def make(folder: Path, *goals: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Make in a project, the stand-ins on PATH."""
    environment = {**os.environ, "PATH": f"{FLOWS / 'tools'}:{os.environ['PATH']}", **settings}
    environment.pop("MAKEFLAGS", None)
    return subprocess.run(
        ["make", *goals], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
