"""``accelgen campaign``: many syntheses by a plan."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from accelgen.cli.arguments import FILE, FOLDER
from accelgen.cli.output import write_json, write_line
from accelgen.cli.worker_options import add_worker_options, workers_of

if TYPE_CHECKING:
    from accelgen.campaign.summary import Campaign, Ended

SUMMARY = "synthesise the designs of a plan, with limits and retries, and keep the results"

MAX_LISTED = 20
"""Failures that are shown one by one; --json has all."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("plan", metavar=FILE, help="plan.yaml: designs, target and limits")
    parser.add_argument(
        "-o",
        "--output",
        metavar=FOLDER,
        help="directory of the campaign (default: the plan's name); the same command goes on there",
    )
    parser.add_argument(
        "--store", metavar=FILE, help="file of results to add to (default: see 'accelgen results')"
    )
    parser.add_argument("--retry-failed", action="store_true", help="run designs again that failed")
    add_worker_options(parser, journal=False)


def run(options: Namespace) -> int:
    """Run the campaign and show what came of it."""
    from accelgen.campaign import read_plan, run_campaign

    path = Path(options.plan)
    plan = read_plan(path)
    progress = _Progress()
    with workers_of(options) as workers:
        campaign = run_campaign(
            plan,
            Path(path.stem if options.output is None else options.output),
            workers=workers,
            store=None if options.store is None else Path(options.store),
            retry_failed=options.retry_failed,
            started=progress.start,
            progress=progress.show,
        )
    if options.json:
        write_json(campaign.as_json())
    else:
        _show(campaign)
    return 1 if campaign.failures else 0


class _Progress:
    """A line on stderr for each design that ends."""

    def start(self, designs: int, left: int) -> None:
        """Say how much there is to do."""
        self._left, self._count = left, 0
        sys.stderr.write(f"{designs:,} designs, {designs - left:,} of them ended before\n")

    def show(self, ended: Ended) -> None:
        """Say how a design ended."""
        from accelgen.console import printable

        self._count += 1
        took = "" if ended.outcome is None else f" after {ended.outcome.seconds:.0f} s"
        reason = f": {ended.reason}" if ended.reason else ""
        text = (
            f"{self._count}/{self._left} {ended.job.name} {ended.job.project}: {ended.status}{took}{reason}"
        )
        sys.stderr.write(f"{printable(text)}\n")


def _show(campaign: Campaign) -> None:
    from accelgen.console import print_table

    for stage, errors in campaign.errors().items():
        rows = [
            (target, own.n, f"{own.smape:.2f}", f"{100 * own.held:.1f}") for target, own in errors.items()
        ]
        figures = ("results", "SMAPE %", "within %")
        title = f"{stage.replace('_', ' ')}: what was predicted before"
        print_table(title, ("target", *figures), rows, right=figures)
    failures = [
        (ended.job.name, ended.job.project, ended.status, ended.reason[:100])
        for ended in campaign.failures[:MAX_LISTED]
    ]
    if failures:
        title = f"{len(campaign.failures):,} of {len(campaign.ended):,} designs failed"
        print_table(title, ("network", "project", "how", "reason"), failures)
        if len(campaign.failures) > MAX_LISTED:
            write_line(f"... and {len(campaign.failures) - MAX_LISTED:,} more, see --json")
    for reason in campaign.refused[:MAX_LISTED]:
        write_line(f"no design: {reason}")
    if len(campaign.refused) > MAX_LISTED:
        write_line(f"... and {len(campaign.refused) - MAX_LISTED:,} more, see --json")
    if campaign.repeated:
        write_line(f"{campaign.repeated:,} combinations lead to the same design as another")
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(campaign.counts.items()))
    write_line(
        f"make {campaign.target} of {len(campaign.ended):,} designs: {counts}; {campaign.ran:,} ran now"
    )
    write_line(f"the results are in {campaign.store}, reports in {campaign.directory}")
