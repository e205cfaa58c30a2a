"""What surrounds a network on a board: which system, which interface, which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from accelgen.boards import Board, find_board
from accelgen.design import Design, IoType
from accelgen.errors import DesignError
from accelgen.flows.board.packing import Port
from accelgen.ir import FixedType
from accelgen.ir.nodes import Shape

MAX_PORTS = 8
"""Inputs or outputs: a SmartConnect has 16 slave interfaces (AMD PG247), and an AXI DMA takes two."""


class System(Enum):
    """What the network's memory and processor are."""

    ZYNQ_7000 = "zynq-7000"
    ZYNQ_ULTRASCALE = "zynq-ultrascale+"
    ALVEO = "alveo"


class Interface(Enum):
    """How the network reaches memory."""

    STREAM = "stream"  # AXI4-Stream, an AXI DMA for every input and output
    MEMORY = "memory"  # AXI4 masters of its own


_SYSTEMS = {
    "zynq-7000": System.ZYNQ_7000,
    "zynq-ultrascale+": System.ZYNQ_ULTRASCALE,
    "zynq-ultrascale+-rfsoc": System.ZYNQ_ULTRASCALE,
    "kria": System.ZYNQ_ULTRASCALE,
}

_BUS_BITS = {System.ZYNQ_7000: 64, System.ZYNQ_ULTRASCALE: 128, System.ALVEO: 512}
"""The width of the system's ports to memory: S_AXI_HP of AMD UG585 and UG1085, and Alveo's DDR and HBM."""

_CLOCKS_MHZ = {
    System.ZYNQ_7000: (5.0, 250.0),
    System.ZYNQ_ULTRASCALE: (5.0, 333.0),
    System.ALVEO: (60.0, 500.0),
}
"""Clocks at which such a system can work: its ports to memory, and the clock wizards of Alveo platforms."""


@dataclass(frozen=True)
class Signal:
    """An argument of the network's top function: an input or output.

    ``cpp`` is the C++ type of an element: a value in io_parallel, a pack of values in io_stream, where it is
    a ``stream``. ``type`` has the rounding and overflow with which real numbers become inputs.
    """

    name: str
    shape: Shape
    type: FixedType
    cpp: str
    stream: bool

    def port(self, bus_bits: int) -> Port:
        """How values lie in words of a bus."""
        kind = self.type
        return Port(
            self.name,
            tuple(self.shape),
            kind.width,
            kind.fraction,
            kind.signed,
            kind.rounding.name,
            kind.overflow.name,
            bus_bits,
        )


@dataclass(frozen=True)
class Target:
    """A board and how a network is put on it."""

    board: Board
    system: System
    interface: Interface
    bus_bits: int
    clock_mhz: float


def find_target(design: Design) -> Target | None:
    """How the design's network is put on its board; None where the design names a part alone.

    Raises:
        DesignError: no board design is made for that board, or not at that clock.
        UsageError: there is no such board.
    """
    if design.board is None:
        return None
    board = find_board(design.board)
    if board.part.name.lower() != design.part.lower():
        raise DesignError(f"the board {board.name} has the part {board.part.name}, not {design.part}")
    system = System.ALVEO if board.platform is not None else _SYSTEMS.get(board.part.family or "")
    if system is None:
        raise DesignError(
            f"no board design for {board.name}: only for Zynq, Zynq UltraScale+ and Alveo boards"
        )
    clock_mhz = 1000 / design.clock_ns
    least, most = _CLOCKS_MHZ[system]
    if not least <= clock_mhz <= most:
        raise DesignError(
            f"no board design for {board.name} at {clock_mhz:.4g} MHz: its ports to memory take {least:g} to "
            f"{most:g} MHz"
        )
    streams = design.io_type is IoType.STREAM and system is not System.ALVEO
    interface = Interface.STREAM if streams else Interface.MEMORY
    return Target(board, system, interface, design.bus_bits or _BUS_BITS[system], clock_mhz)


def check_ports(target: Target, inputs: Sequence[Signal], outputs: Sequence[Signal]) -> None:
    """Raise DesignError where a network has more inputs or outputs than a board design takes."""
    for ports, what in ((inputs, "inputs"), (outputs, "outputs")):
        if len(ports) > MAX_PORTS:
            raise DesignError(
                f"no board design for {target.board.name}: {len(ports)} {what}, at most {MAX_PORTS} are wired"
            )
