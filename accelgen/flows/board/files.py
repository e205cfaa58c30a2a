"""The files that put a project on a board: ``board`` makes a bitstream, ``driver`` uses it."""

from __future__ import annotations

from collections.abc import Sequence

from accelgen.flows.board.drivers import driver_files
from accelgen.flows.board.system import system_files
from accelgen.flows.board.target import Signal, Target, check_ports
from accelgen.flows.board.wrapper import wrapper_files


def board_files(
    name: str, top: str, target: Target, inputs: Sequence[Signal], outputs: Sequence[Signal]
) -> dict[str, bytes]:
    """Path within the project and content of every file for a board.

    Args:
        name: the network's name, of any characters.
        top: the network's top function in C++.
        target: see `find_target`.
        inputs: the top function's inputs in order.
        outputs: its outputs.

    Raises:
        DesignError: more inputs or outputs than a board design takes.
    """
    check_ports(target, inputs, outputs)
    text = {
        **wrapper_files(top, target, inputs, outputs),
        **system_files(top, target, len(inputs), len(outputs)),
        **driver_files(
            name,
            top,
            target,
            [signal.port(target.bus_bits) for signal in inputs],
            [signal.port(target.bus_bits) for signal in outputs],
        ),
    }
    return {path: content.encode() for path, content in text.items()}
