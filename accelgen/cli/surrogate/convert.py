"""``accelgen surrogate dataset convert``: from public data sets and finished projects to one table."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from accelgen.cli.arguments import PATH
from accelgen.cli.surrogate.arguments import add_table
from accelgen.cli.surrogate.reading import write_table

SUMMARY = "read data sets and synthesised projects into one table"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("sources", metavar=PATH, nargs="+", help="data sets, projects, or folders of them")
    add_table(parser)


def run(options: Namespace) -> int:
    """Write the table and show what was read."""
    return write_table(options, keep_duplicates=True)
