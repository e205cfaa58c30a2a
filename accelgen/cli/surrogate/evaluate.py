"""``accelgen surrogate evaluate``: estimates against measurements."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelgen.cli.arguments import FOLDER
from accelgen.cli.output import decimal_cell, write_json, write_line
from accelgen.cli.surrogate.arguments import add_data
from accelgen.cli.surrogate.reading import Reading

if TYPE_CHECKING:
    from accelgen.surrogates.learn.evaluate import TargetScore

SUMMARY = "score estimates on syntheses: wa-hls4ml's metrics, and how often intervals hold"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    add_data(parser)
    parser.add_argument(
        "--surrogates", metavar=FOLDER, help="trained files to score (default: those that come with accelgen)"
    )


def run(options: Namespace) -> int:
    """Predict every synthesis and show the scores of each target."""
    from accelgen.console import step
    from accelgen.surrogates.learn.evaluate import answer, by_domain, success_score, target_scores
    from accelgen.surrogates.predict import read_surrogates

    reading = Reading()
    with step(f"reading {', '.join(options.data)}"):
        rows = list(reading.syntheses(options.data))
    trained = None if options.surrogates is None else read_surrogates(Path(options.surrogates))
    answers = answer(rows, trained)
    success = success_score(answers)
    domains = {name: target_scores(answers, chosen) for name, chosen in by_domain(rows).items()}
    scores = target_scores(answers)
    if options.json:
        write_json(
            {
                "rows": len(rows),
                "skipped": reading.n_skipped,
                "reasons": reading.reasons,
                "in_domain": int(answers.inside.sum()),
                "targets": _as_json(scores),
                "success": success.as_json(),
                "domains": {name: _as_json(found) for name, found in domains.items()},
            }
        )
        return 0
    _show("all", scores)
    if len(domains) > 1:
        for name, found in domains.items():
            _show(name, found)
    if success.failures:
        right = 100 * success.accuracy
        write_line(f"{success.failures:,} of {success.n:,} attempts failed; {right:.1f} % were told so")
    reading.show_skipped()
    inside, skipped = int(answers.inside.sum()), reading.n_skipped
    write_line(f"{len(rows):,} rows, {inside:,} of them like the training data; {skipped:,} records skipped")
    return 0


def _as_json(scores: Mapping[str, TargetScore]) -> dict[str, Any]:
    return {target: own.as_json() for target, own in scores.items()}


def _show(title: str, scores: Mapping[str, TargetScore]) -> None:
    """Print a table of the scores of each target."""
    from accelgen.console import print_table

    figures = ("n", "exact %", "R2", "SMAPE %", "RMSE", "75 % below %", "coverage %")
    lines = [
        (
            target,
            own.score.n,
            decimal_cell(100 * own.score.exact, 1),
            decimal_cell(own.score.r2, 4),
            decimal_cell(own.score.smape, 2),
            decimal_cell(own.score.rmse, 2),
            decimal_cell(own.score.p75_ape, 2),
            decimal_cell(100 * own.coverage, 1),
        )
        for target, own in scores.items()
    ]
    print_table(title, ("target", *figures), lines, right=figures)
