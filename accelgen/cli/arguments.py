"""The parser of the command line; imports nothing heavy, so that it is there at once."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from accelgen import __version__

FILE, FOLDER, PATH = "FILE", "DIR", "PATH"
"""Metavars of paths, for which shells complete file names; a PATH is a file or a folder."""


class Command(Protocol):
    """What a command's module holds."""

    SUMMARY: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the command's arguments."""

    def run(self, options: Namespace) -> int:
        """Run the command and return the exit code."""


@dataclass(frozen=True)
class Group:
    """Commands under one name, as in ``accelgen surrogate train``; ``default`` is meant without one."""

    summary: str
    commands: Mapping[str, Command | Group]
    default: str | None = None


class _Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Report bad usage as every other error is reported."""
        self.exit(2, f"accelgen: error: {message}; see '{self.prog} --help'\n")


def named(commands: Mapping[str, Command | Group], arguments: Sequence[str]) -> list[str]:
    """The arguments with the default command of a group, where none is named."""
    if not arguments:
        return []
    first, *rest = arguments
    group = commands.get(first)
    if not isinstance(group, Group):
        return [first, *rest]
    if group.default is not None and (not rest or (rest[0].startswith("-") and rest[0] not in _HELP)):
        return [first, group.default, *rest]
    return [first, *named(group.commands, rest)]


_HELP = ("-h", "--help")


def make_parser(commands: Mapping[str, Command | Group]) -> ArgumentParser:
    """The command line of all commands, each with ``--json`` and ``--debug``."""
    parser = _Parser(
        prog="accelgen",
        description="Builds and verifies exact HLS projects from trained networks.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"accelgen {__version__}")
    _add_commands(parser, commands)
    return parser


def _add_commands(parser: ArgumentParser, commands: Mapping[str, Command | Group]) -> None:
    chosen = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", title="commands")
    for name, command in commands.items():
        summary = command.summary if isinstance(command, Group) else command.SUMMARY
        added = chosen.add_parser(name, help=summary, description=f"{summary}.", allow_abbrev=False)
        if isinstance(command, Group):
            _add_commands(added, command.commands)
            continue
        command.add_arguments(added)
        added.add_argument("--json", action="store_true", help="print the result as JSON")
        added.add_argument("--debug", action="store_true", help="show the traceback of an error")
        added.set_defaults(run=command.run)


def count(text: str) -> int:
    """An argument that is an integer from 1."""
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return value
