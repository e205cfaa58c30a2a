"""``accelgen surrogate dataset merge``: several tables as one, each synthesis once."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from accelgen.cli.arguments import PATH
from accelgen.cli.surrogate.arguments import add_table
from accelgen.cli.surrogate.reading import write_table

SUMMARY = "join tables into one that holds each synthesis once"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("sources", metavar=PATH, nargs="+", help="tables, or anything that convert reads")
    add_table(parser)


def run(options: Namespace) -> int:
    """Write the table and show what was read, and what stood in several tables."""
    return write_table(options, keep_duplicates=False)
