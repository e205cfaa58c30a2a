"""``accelgen verify``: the compiled project against the golden model, and against the framework."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any

from accelgen.cli.arguments import FILE, FOLDER, count
from accelgen.cli.output import write_json, write_line

SUMMARY = "compare a compiled project with its golden model bit by bit, and with the framework's answers"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("project", metavar=FOLDER, help="directory that 'accelgen build' wrote")
    parser.add_argument(
        "--data", metavar=FILE, help=".npz data: inputs x and, where known, the framework's outputs y"
    )
    parser.add_argument(
        "--layers", action="store_true", help="compare every layer, to find the first to differ"
    )
    parser.add_argument(
        "--samples",
        metavar="N",
        type=count,
        default=1000,
        help="random samples without --data (default: 1000)",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the random samples (default: 0)")


def run(options: Namespace) -> int:
    """Verify the project; exit code 1 where an output differs."""
    from accelgen.api import verify
    from accelgen.console import step

    with step(f"compiling and running {options.project}"):
        result = verify(
            options.project, options.data, layers=options.layers, samples=options.samples, seed=options.seed
        )
    found = result.as_json()
    if options.json:
        write_json(found)
    else:
        _show(found)
    return 0 if result.passed else 1


def _show(found: dict[str, Any]) -> None:
    values = found["samples"] * found["outputs"]
    equal = "all equal" if found["csim_mismatches"] == 0 else f"{found['csim_mismatches']:,} DIFFER"
    write_line(
        f"compiled project against golden model: {values:,} values of {found['samples']:,} samples, {equal}"
    )
    if found["layers_compared"] is not None:
        _show_layers(found)
    if found["max_abs_error"] is None:
        return
    write_line("golden model against the framework:")
    if found["argmax_agreement"] is not None:
        write_line(f"  arg-max agreement        {found['argmax_agreement']:.2%}")
    write_line(f"  largest error            {found['max_abs_error']:.3g}")
    write_line(f"  mean error               {found['mean_abs_error']:.3g}")
    if found["max_abs_error_before_softmax"] is not None:
        write_line(f"  largest before softmax   {found['max_abs_error_before_softmax']:.3g}")


def _show_layers(found: dict[str, Any]) -> None:
    first = found["first_difference"]
    if first is None:
        write_line(f"all {found['layers_compared']} layers compared are equal")
    else:
        write_line(f"first layer that differs: {first['layer']!r}, {first['values_that_differ']:,} values")
        write_line(
            f"  in sample {first['sample']} the golden model has {first['golden']:g}, "
            f"the compiled project {first['compiled']:g}"
        )
