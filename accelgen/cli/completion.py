"""``accelgen completion``: a script that makes a shell complete accelgen's commands, options and boards."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator

from accelgen.cli.arguments import FILE, FOLDER, PATH
from accelgen.cli.output import write_json

SUMMARY = "print a completion script: source <(accelgen completion bash)"

SHELLS = ("bash", "zsh", "fish")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("shell", choices=SHELLS)


def run(options: Namespace) -> int:
    """Print the script for one shell."""
    import shtab

    from accelgen.boards import board_names
    from accelgen.cli import COMMANDS
    from accelgen.cli.arguments import make_parser

    parser = make_parser(COMMANDS)
    for command in _commands(parser):
        for action in command._actions:  # argparse has no public way to go through the arguments
            if action.dest == "board" or (action.dest == "name" and not action.option_strings):
                action.choices = board_names()
            elif action.metavar in (FILE, FOLDER, PATH):
                path = shtab.DIRECTORY if action.metavar == FOLDER else shtab.FILE
                action.complete = path  # type: ignore[attr-defined]  # shtab's own convention
    script = shtab.complete(parser, options.shell)
    if options.json:
        write_json({"shell": options.shell, "script": script})
    else:
        sys.stdout.write(f"{script}\n")
    return 0


def _commands(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from _commands(command)
