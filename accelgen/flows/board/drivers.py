"""The drivers: what programs on a board's processor, or on a card's host, use the network by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from accelgen.flows.board import packing
from accelgen.flows.board.packing import Port
from accelgen.flows.board.system import CONTROL_BASES
from accelgen.flows.board.target import Interface, System, Target
from accelgen.flows.board.wrapper import core_name, shape_text
from accelgen.templates import fill, read

MAX_CPP_WIDTH = 64
"""Bits of a value that the C++ drivers convert; packing.py converts any."""

FIRST_REGISTER = 0x10
"""Of a core's arguments; addresses take 12 bytes each (AMD UG1399, "S_AXILITE Control Register Map")."""

REGISTER_STRIDE = 0x0C
SLAVE_STRIDE = 0x1_0000


def driver_files(
    name: str, top: str, target: Target, inputs: Sequence[Port], outputs: Sequence[Port]
) -> dict[str, str]:
    """Path within the project and text of the drivers and of what says how to use them."""
    ports = (*inputs, *outputs)
    cpp = all(port.width <= MAX_CPP_WIDTH for port in ports)
    names = ["program.hpp", "xrt.cpp"] if target.system is System.ALVEO else _BOARD_FILES
    files = {}
    if cpp:
        files["driver/network.hpp"] = _header(name, top, target, inputs, outputs)
        for file in ("accelgen.hpp", *names):
            files[f"driver/{file}"] = read(f"board/{file}")
    if target.system is not System.ALVEO:
        files["driver/network.py"] = _module(name, top, target, inputs, outputs)
        files["driver/driver.py"] = read("board/driver.py")
        files["driver/packing.py"] = Path(packing.__file__).read_text(encoding="utf-8")
    files["driver/README.md"] = _readme(top, target, inputs, outputs, cpp)
    return files


_BOARD_FILES = ["program.hpp", "registers.hpp", "linux.hpp", "linux.cpp", "baremetal.cpp"]


def _module(name: str, top: str, target: Target, inputs: Sequence[Port], outputs: Sequence[Port]) -> str:
    """The constants of the Python driver."""
    offsets = [FIRST_REGISTER + REGISTER_STRIDE * index for index in range(len(inputs) + len(outputs) + 1)]
    return fill(
        "board/network.py.in",
        network=ascii(name),
        board=ascii(target.board.name),
        bitfile=ascii(f"{top}.bit"),
        interface=ascii(target.interface.value),
        inputs=_ports(inputs),
        outputs=_ports(outputs),
        addresses=", ".join(f"0x{offset:02x}" for offset in offsets[:-1]),
        samples=f"0x{offsets[-1]:02x}",
    )


def _ports(ports: Sequence[Port]) -> str:
    return "".join(f"    Port({', '.join(map(ascii, port))}),\n" for port in ports)


def _header(name: str, top: str, target: Target, inputs: Sequence[Port], outputs: Sequence[Port]) -> str:
    """The constants of the C++ drivers."""
    count = len(inputs) + len(outputs)
    return fill(
        "board/network.hpp",
        network=_literal(name),
        core=core_name(top),
        is_stream=str(target.interface is Interface.STREAM).lower(),
        n_inputs=str(len(inputs)),
        n_outputs=str(len(outputs)),
        inputs="".join(map(_initializer, inputs)),
        outputs="".join(map(_initializer, outputs)),
        base=f"0x{CONTROL_BASES.get(target.system, 0):08x}",
        slave_stride=f"0x{SLAVE_STRIDE:x}",
        first_register=f"0x{FIRST_REGISTER:02x}",
        register_stride=f"0x{REGISTER_STRIDE:02x}",
        samples_register=f"0x{FIRST_REGISTER + REGISTER_STRIDE * count:02x}",
    )


def _initializer(port: Port) -> str:
    fields = (
        _literal(port.name),
        str(port.values),
        str(port.width),
        str(port.fraction),
        str(port.signed).lower(),
        f"accelgen::Rounding::{port.rounding}",
        f"accelgen::Overflow::{port.overflow}",
        str(port.lane_bits),
        str(port.sample_bytes),
    )
    return f"    {{{', '.join(fields)}}},\n"


def _literal(text: str) -> str:
    """A string of C++, of the text's UTF-8 bytes; what could mean something else is written in octal."""
    plain = set(b" !#$%&'()*+,-./:;<=>@[]^_`{|}~") | set(range(0x30, 0x3A))
    plain |= set(range(0x41, 0x5B)) | set(range(0x61, 0x7B))
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode()) + '"'


def _readme(top: str, target: Target, inputs: Sequence[Port], outputs: Sequence[Port], cpp: bool) -> str:
    rows = "".join(
        f"| {what} {index} | {shape_text(port)} | {'' if port.signed else 'un'}signed, {port.width} bits, "
        f"a step of 2^{-port.fraction} | {port.lane_bits} bits | {port.sample_bytes} |\n"
        for what, ports in (("input", inputs), ("output", outputs))
        for index, port in enumerate(ports)
    )
    kind = "alveo" if target.system is System.ALVEO else "zynq"
    wide = "" if cpp else f"There is no C++ here: a value has more than {MAX_CPP_WIDTH} bits.\n\n"
    return fill(
        f"board/README.{kind}.md",
        top=top,
        title=target.board.title,
        rows=rows,
        wide=wide,
        bus_bits=str(target.bus_bits),
        platform=target.board.platform or "",
        core=core_name(top),
    )
