"""``accelgen surrogate dataset describe``: what a table or a data set holds."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from accelgen.cli.arguments import PATH
from accelgen.cli.output import write_json
from accelgen.cli.surrogate.reading import Reading

SUMMARY = "count what tables and data sets hold, and the ranges of what was measured"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("sources", metavar=PATH, nargs="+", help="tables, or anything that convert reads")


def run(options: Namespace) -> int:
    """Read everything and show the counts."""
    from accelgen.console import step
    from accelgen.surrogates.dataset.summary import summarize

    reading = Reading()
    with step(f"reading {', '.join(options.sources)}"):
        summary = summarize(reading.syntheses(options.sources))
    if options.json:
        write_json({**reading.as_json(), **summary})
        return 0
    reading.show()
    _show(summary)
    return 0


def _show(summary: dict[str, Any]) -> None:
    from accelgen.console import print_table

    counts = [
        (what, value, number)
        for what, values in summary["counts"].items()
        for value, number in values.items()
    ]
    print_table(f"{summary['groups']:,} architectures", ("what", "value", "rows"), counts, right=("rows",))
    figures = ("rows", "min", "median", "mean", "max")
    targets = [(name, *(own[figure] for figure in figures)) for name, own in summary["targets"].items()]
    print_table("measured", ("target", *figures), targets, right=figures)
