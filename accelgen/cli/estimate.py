"""``accelgen estimate``: latency and resources before synthesis."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from accelgen.cli.arguments import FILE, PATH
from accelgen.cli.design_options import add_design_options, design_options
from accelgen.cli.output import write_json, write_line
from accelgen.errors import UsageError

if TYPE_CHECKING:
    from accelgen.design import Design
    from accelgen.ir import Network
    from accelgen.surrogates.rules import Domain
    from accelgen.sweep import Sweep

SUMMARY = "say what a model takes as hardware and how fast it is, without any tool"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument(
        "model", metavar=PATH, help="trained model: .keras, .h5, .json or .onnx; or a project's directory"
    )
    parser.add_argument(
        "--check-fit", action="store_true", help="exit code 1 unless the part is known to hold the design"
    )
    parser.add_argument(
        "--tool", metavar="NAME", help="tool whose results to estimate, such as 'Vitis HLS 2021.1'"
    )
    many = parser.add_argument_group("many designs")
    many.add_argument(
        "--sweep",
        metavar="NAME=VALUES",
        action="append",
        default=[],
        help="estimate a design for each value: reuse-factor=1..4096 (every legal one), "
        "strategy=latency,resource or clock-ns=3,4,5; may be repeated",
    )
    many.add_argument("--csv", metavar=FILE, help="write the sweep as CSV")
    many.add_argument("--plot", metavar=FILE, help="draw the sweep as .png or .svg")
    add_design_options(parser)


def run(options: Namespace) -> int:
    """Estimate one design or a sweep; exit code 1 only with --check-fit, where nothing fits."""
    from accelgen.api import designed
    from accelgen.console import step
    from accelgen.estimation import find_domain
    from accelgen.surrogates.rules import DEFAULT_DOMAIN

    if not options.sweep and (options.csv or options.plot):
        raise UsageError("--csv and --plot go with --sweep NAME=VALUES")
    with step(f"reading {options.model}"):
        network, design = designed(
            options.model,
            weights=options.weights,
            calibration=options.calibration,
            **design_options(options),
        )
    if options.name is not None:
        network = replace(network, name=options.name)
    domain = DEFAULT_DOMAIN if options.tool is None else find_domain(options.tool)
    estimated = _sweep if options.sweep else _one
    fits = estimated(network, design, domain, options)
    return 1 if options.check_fit and not fits else 0


def _one(network: Network, design: Design, domain: Domain, options: Namespace) -> bool | None:
    from accelgen.estimation import estimate_design

    found = estimate_design(network, design, domain)
    if options.json:
        write_json({"network": network.name, **found.as_json()})
    else:
        from accelgen.cli.estimates import show_layers, show_verdict

        show_layers(found, network.name)
        show_verdict(found)
    return found.fits


def _sweep(network: Network, design: Design, domain: Domain, options: Namespace) -> bool:
    from accelgen.console import step
    from accelgen.sweep import Axis, sweep
    from accelgen.sweep_plot import check_plot, plot_sweep

    axes = [Axis.parse(text) for text in options.sweep]
    if options.plot:
        check_plot(Path(options.plot))
    fixed = {layer for layer, _ in (*options.reuse_factor, *options.folding) if layer is not None}
    with step("estimating the sweep"):
        found = sweep(network, design, axes, fixed, domain)
    if options.csv:
        found.write_csv(Path(options.csv))
    if options.plot:
        plot_sweep(found, f"{network.name} on {design.part}", Path(options.plot))
    if options.json:
        write_json({"network": network.name, **found.as_json()})
    else:
        _show(found, network.name)
        for path in (options.csv, options.plot):
            if path:
                write_line(f"written: {path}")
    return bool(found.estimates.fits.any())


def _show(found: Sweep, network: str) -> None:
    from accelgen.cli.estimates import COLUMNS, cells
    from accelgen.console import print_table

    estimates, first = found.estimates, found.designs[0]
    rows = [
        (
            *values,
            *cells({name: figures.value[row] for name, figures in estimates.total.items()}, design.clock_ns),
            _yes(bool(estimates.fits[row])) if estimates.capacity_known[row] else None,
            _yes(bool(estimates.in_domain[row])),
        )
        for row, (values, design) in enumerate(zip(found.rows, found.designs, strict=True))
    ]
    names = tuple(name.replace("_", "\n", 1) for name in found.axes)
    title = f"{network}: {first.part}, {first.io_type.value}"
    print_table(title, (*names, *COLUMNS, "fits", "like the\ndata"), rows, right=(*names, *COLUMNS))
    for reason in found.refused:
        write_line(f"left out: {reason}")
    for note in found.notes:
        write_line(f"note: {note}")
    if not estimates.in_domain.all():
        write_line("rules answer for designs unlike the data; estimate one of them to see why")


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"
