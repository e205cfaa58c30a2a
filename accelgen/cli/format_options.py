"""The options of ``explore --bits``: which number formats are searched, on which samples, for how long."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from accelgen.cli.arguments import FILE, count
from accelgen.errors import UsageError

if TYPE_CHECKING:
    from accelgen.exploration.formats.search import FormatOptions


METRICS = ("accuracy", "agreement", "mean_abs_error")
"""Those of `accelgen.exploration.formats.accuracy`, which takes too long to import for a parser."""


def add_format_options(parser: ArgumentParser) -> None:
    """Declare the search for formats."""
    formats = parser.add_argument_group("number formats")
    formats.add_argument(
        "--bits",
        metavar="[LAYER=]A..B",
        action="append",
        default=[],
        help="search widths of weights and results too, for all layers or for one: 4..8 or 4,6,8; may be "
        "repeated. The front is then between accuracy and the objective (default: resources)",
    )
    formats.add_argument(
        "--data",
        metavar=FILE,
        help=".npz data to measure accuracy on, with the right classes in 'label'; without these it is "
        "agreement with the model (default: the calibration data)",
    )
    formats.add_argument(
        "--metric",
        choices=METRICS,
        help="what to measure (default: accuracy with labels, else agreement, or the error where results are "
        "no classes)",
    )
    formats.add_argument(
        "--evaluations", metavar="N", type=count, help="most format assignments to try (default: 400)"
    )
    formats.add_argument("--seed", metavar="N", type=count, help="another search of the same formats")
    formats.add_argument(
        "--all-samples", action="store_true", help="stop no format assignment after part of the samples"
    )


def check_format_options(options: Namespace) -> None:
    """Refuse what goes with ``--bits`` without it, and what makes no sense with it."""
    given = {
        "--data": options.data,
        "--metric": options.metric,
        "--evaluations": options.evaluations,
        "--seed": options.seed,
        "--all-samples": options.all_samples,
    }
    if not options.bits:
        if alone := [name for name, value in given.items() if value]:
            raise UsageError(f"{alone[0]} goes with --bits A..B, the number formats to search")
        return
    if options.axes:
        raise UsageError("with --bits the front is between accuracy and --objective; --axes has no meaning")
    if options.time_limit is not None:
        raise UsageError("a search of formats ends after --evaluations; --time-limit goes without --bits")
    if options.objective is None:
        options.objective = "resources"
    timed = options.objective in ("latency", "interval")
    if not timed and options.max_latency is None and options.max_interval is None:
        raise UsageError(
            "--bits looks for the least hardware that is fast enough: give --max-latency or --max-interval, "
            "or --objective latency"
        )


def format_options(options: Namespace) -> dict[str, Any]:
    """What was asked for, as keywords of `accelgen.api.explore_formats`."""
    return {"bits": options.bits, "data": options.data, "search": _search(options)}


def _search(options: Namespace) -> FormatOptions:
    from accelgen.exploration.formats.accuracy import Metric
    from accelgen.exploration.formats.search import FormatOptions

    asked = {"evaluations": options.evaluations, "seed": options.seed}
    given = {name: value for name, value in asked.items() if value is not None}
    metric = None if options.metric is None else Metric(options.metric)
    return FormatOptions(**given, halving=not options.all_samples, metric=metric)
