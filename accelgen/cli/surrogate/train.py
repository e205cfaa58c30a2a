"""``accelgen surrogate train``: the trained parts, made from measurements."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from accelgen.cli.arguments import FOLDER
from accelgen.cli.output import decimal_cell, write_json, write_line
from accelgen.cli.surrogate.arguments import add_data

SUMMARY = "learn prices, residuals and intervals from syntheses; the same data give the same files"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_data(parser)
    parser.add_argument(
        "--graph",
        action="store_true",
        help="train the graph network as well, with Keras on TensorFlow; takes minutes",
    )
    parser.add_argument(
        "-o", "--output", metavar=FOLDER, default="surrogates", help="where to write (default: surrogates)"
    )


def run(options: Namespace) -> int:
    """Train, write the files and show what serves which target."""
    from accelgen.console import print_table, step
    from accelgen.errors import UsageError
    from accelgen.surrogates.learn.recipe import make_surrogates

    with step(f"learning from {', '.join(options.data)}"):
        try:
            made = make_surrogates(options.data, Path(options.output), options.graph)
        except ImportError as error:
            raise UsageError(
                f"training needs XGBoost, and {error.name} is missing; install accelgen[surrogates]"
            ) from None
    if options.json:
        write_json(
            {
                "output": options.output,
                "rows": made.rows,
                "skipped": made.skipped,
                "files": made.files,
                "scores": [line.as_json() for line in made.lines],
            }
        )
        return 0
    figures = ("rows", "rules %", "served %", "coverage %")
    table = [
        (
            line.domain,
            line.layers,
            line.target,
            line.serves,
            line.score.n,
            decimal_cell(line.smape["rules"], 2),
            decimal_cell(line.score.smape, 2),
            decimal_cell(100 * line.coverage, 1),
        )
        for line in made.lines
    ]
    columns = ("tool", "layers", "target", "serves", *figures)
    print_table("SMAPE on held-out architectures", columns, table, right=figures)
    write_line(f"{made.rows:,} rows, {made.skipped:,} records skipped")
    write_line(f"the trained files are in {options.output}: {', '.join(made.files)}")
    return 0
