"""Arguments that several of the surrogates' commands take."""

from __future__ import annotations

from argparse import ArgumentParser

from accelgen.cli.arguments import FILE, PATH


def add_data(parser: ArgumentParser) -> None:
    """Declare the measurements to learn from or to score on."""
    parser.add_argument(
        "--data",
        metavar=PATH,
        nargs="+",
        required=True,
        help="tables, data sets, projects, or folders of them",
    )


def add_table(parser: ArgumentParser) -> None:
    """Declare the table that a command writes."""
    parser.add_argument(
        "-o", "--output", metavar=FILE, required=True, help="table to write: .parquet, .csv or .jsonl"
    )
