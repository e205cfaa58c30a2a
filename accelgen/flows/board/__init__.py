"""Board designs: what makes a bitstream of a project, and the drivers that use it."""

from accelgen.flows.board.files import board_files
from accelgen.flows.board.target import Signal, Target, find_target

__all__ = ["Signal", "Target", "board_files", "find_target"]
