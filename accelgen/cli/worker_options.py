"""The options that say where many evaluations run, and where their results are kept."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from accelgen.cli.arguments import FILE, count
from accelgen.errors import UsageError

if TYPE_CHECKING:
    from accelgen.workers import Workers


def add_worker_options(parser: ArgumentParser, journal: bool = True) -> None:
    """Declare workers, and the journal where the command has no place of its own for one."""
    scale = parser.add_argument_group("scale")
    scale.add_argument("--workers", metavar="N", type=count, help="processes to evaluate on (default: 1)")
    scale.add_argument(
        "--dask", metavar="HOST:PORT", help="scheduler of a Dask cluster to evaluate on instead"
    )
    if journal:
        scale.add_argument(
            "--journal",
            metavar=FILE,
            help="keep finished evaluations here; the same command goes on from them",
        )


def workers_of(options: Namespace) -> Workers:
    """The workers that were asked for, to be entered as a context.

    Raises:
        UsageError: two kinds of them, or Dask is not installed.
        ToolError: the scheduler does not answer.
    """
    from accelgen.workers import open_workers

    if options.workers is not None and options.dask is not None:
        raise UsageError("give --workers or --dask, not both: a Dask cluster has its own workers")
    return open_workers(options.workers or 1, options.dask)
