"""``accelgen boards``: lists the boards, or shows one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from accelgen.cli.output import write_json

if TYPE_CHECKING:
    from accelgen.boards import Board

SUMMARY = "list the boards that accelgen knows, or show one"

FIGURES = ("lut", "ff", "dsp", "bram_18k", "uram")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("name", nargs="?", help="board to show")


def run(options: Namespace) -> int:
    """List all boards, or describe the one named."""
    from accelgen.boards import board_names, find_board
    from accelgen.console import print_table

    if options.name is not None:
        board = describe(find_board(options.name))
        if options.json:
            write_json(board)
        else:
            print_table("", ("", board["name"]), list(_lines(board).items()))
        return 0

    boards = [find_board(name) for name in board_names()]
    if options.json:
        write_json([describe(board) for board in boards])
        return 0
    rows = [
        (data["name"], data["part"], data["clock_ns"], *(data[figure] for figure in FIGURES), data["memory"])
        for data in map(describe, boards)
    ]
    print_table("", ("name", "part", "clock_ns", *FIGURES, "memory"), rows, right=("clock_ns", *FIGURES))
    return 0


def describe(board: Board) -> dict[str, Any]:
    """A board as one flat mapping: the form of ``--json``."""
    resources = board.part.resources
    return {
        "name": board.name,
        "title": board.title,
        "part": board.part.name,
        "family": board.part.family,
        "clock_ns": board.clock_ns,
        "clocks_mhz": dict(board.clocks_mhz),
        **(dict.fromkeys(FIGURES) if resources is None else asdict(resources)),
        "memory": board.memory,
        "source": board.source,
        "resources_source": board.part.source,
    }


def _lines(board: dict[str, Any]) -> dict[str, Any]:
    clocks = ", ".join(f"{name} {frequency:g}" for name, frequency in board["clocks_mhz"].items())
    return {**board, "clocks_mhz": clocks}
