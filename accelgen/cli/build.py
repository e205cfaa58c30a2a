"""``accelgen build``: from a model file to a project."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from shlex import quote
from typing import TYPE_CHECKING, Any

from accelgen.cli.arguments import FILE, FOLDER
from accelgen.cli.design_options import add_design_options, design_options
from accelgen.cli.goal_options import add_goal_options, goals_asked, goals_of
from accelgen.cli.output import write_json, write_line

if TYPE_CHECKING:
    from accelgen.api import Build
    from accelgen.estimation import Estimate

SUMMARY = "write a Vitis HLS project that computes exactly what a trained network computes"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar=FILE, help="trained model: .keras, .h5, .json or .onnx")
    parser.add_argument("-o", "--output", metavar=FOLDER, required=True, help="directory of the project")
    add_goal_options(parser)
    add_design_options(parser)
    parser.epilog = (
        "One of --board, --part and --config is needed. Where a goal is given, or nothing says how layers "
        "are built, the design is searched: the fastest one that fits, or the best one within the limits."
    )


def run(options: Namespace) -> int:
    """Build the project and show what was built."""
    from accelgen.api import load
    from accelgen.console import step

    with step(f"reading {options.model}"):
        model = load(options.model, options.weights)
    with step(f"building {options.output}"):
        build = model.build(
            options.output,
            calibration=options.calibration,
            name=options.name,
            goals=goals_of(options) if _searches(options) else None,
            **{**design_options(options), "strategies": options.strategies},
        )
    summary = summarize(build)
    estimate = build.estimate()
    if options.json:
        write_json({**summary, "search": _searched(build), "estimate": estimate.as_json()})
    else:
        _show(summary, estimate)
        if build.found is not None:
            write_line(f"chosen: {build.found.reason}")
            for note in build.found.notes:
                write_line(f"note: {note}")
    return 0


def _searches(options: Namespace) -> bool:
    """Whether the design is searched for: goals are given, or nothing that says how layers are built."""
    said = (options.config, options.strategy, options.row_sharing, options.max_depth, options.weight_memory)
    return goals_asked(options) or not (any(said) or options.reuse_factor or options.folding)


def _searched(build: Build) -> dict[str, Any] | None:
    """How the design was chosen, as ``--json`` prints it."""
    found = build.found
    if found is None:
        return None
    return {
        "objective": found.goals.objective,
        "reason": found.reason,
        "proven": found.proven,
        "combinations": found.combinations,
        "notes": list(found.notes),
    }


def summarize(build: Build) -> dict[str, Any]:
    """What was built, as ``--json`` prints it; ``multiplications`` are those of one inference."""
    report, design = build.report, build.design
    return {
        "directory": str(build.directory),
        "network": report.network,
        "part": design.part,
        "clock_ns": design.clock_ns,
        "io_type": design.io_type.value,
        "inputs": [_port(port) for port in report.inputs],
        "outputs": [_port(port) for port in report.outputs],
        "layers": [
            {
                "name": layer.layer,
                "kernel": layer.kernel,
                "shape": list(layer.shape),
                "weight_type": layer.types.get("weight"),
                "result_type": layer.types.get("result"),
                "multiplications": layer.multiplications,
                "nonzero": layer.nonzero,
                "strategy": layer.strategy,
                "reuse_factor": layer.reuse_factor,
                "pe": layer.pe,
                "simd": layer.simd,
                "row_sharing": layer.row_sharing,
                "costs": layer.costs,
            }
            for layer in report.layers
        ],
        "fifos": [dict(fifo) for fifo in report.fifos],
        "multiplications": sum(layer.multiplications for layer in report.layers),
        "adjustments": [dict(adjustment) for adjustment in report.adjustments],
        "notes": list(report.notes),
        "calibration": [dict(error) for error in report.calibration],
    }


def _port(port: Any) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "type": str(port.type)}


def _show(summary: dict[str, Any], estimate: Estimate) -> None:
    from accelgen.cli.estimates import show_totals
    from accelgen.console import print_table

    figures = ("multiplied", "reuse")
    rows = [
        (
            layer["name"],
            layer["kernel"],
            "x".join(map(str, layer["shape"])),
            layer["weight_type"],
            layer["result_type"],
            layer["multiplications"] or None,
            layer["reuse_factor"],
        )
        for layer in summary["layers"]
    ]
    title = f"{summary['network']}: {summary['part']}, {summary['clock_ns']:g} ns, {summary['io_type']}"
    columns = ("layer", "kernel", "shape", "weights", "result", *figures)
    print_table(title, columns, rows, right=figures)
    _show_costs(summary["layers"])
    show_totals(estimate)
    _show_sharing(summary["layers"])
    _show_fifos(summary["fifos"])
    for change in summary["adjustments"]:
        write_line(
            f"layer {change['layer']!r}: {change['choice']} {change['requested']} became {change['used']} "
            f"({change['reason']})"
        )
    for error in summary["calibration"]:
        write_line(
            f"calibrated {error['layer']!r}: {error['type']} over {error['low']:.3g} to {error['high']:.3g}, "
            f"error at most {error['max_abs_error']:.2g}, mean {error['mean_abs_error']:.2g}"
        )
    for note in summary["notes"]:
        write_line(f"note: {note}")
    write_line(
        f"{summary['multiplications']:,} multiplications an inference; the project is {summary['directory']}"
    )
    project = quote(summary["directory"])
    write_line(f"verify it: accelgen verify {project}")
    write_line(f"layer by layer, with reasons: accelgen estimate {project}")


def _show_fifos(fifos: list[dict[str, Any]]) -> None:
    """What FIFOs hold, and what they cost, where there are some."""
    from accelgen.design.streaming.cost import FifoCost, fifo_cost

    if not fifos:
        return
    held, whole = (sum(fifo[size] * fifo["bits"] for fifo in fifos) for size in ("depth", "tokens"))
    cost = sum((fifo_cost(fifo["depth"], fifo["bits"]) for fifo in fifos), FifoCost())
    deepest = max(fifos, key=lambda fifo: fifo["depth"] * fifo["bits"])
    write_line(
        f"{len(fifos)} FIFOs of {held:,} bits together (whole results: {whole:,}), by rule {cost.lut:,} LUTs "
        f"and {cost.bram_18k:,} blocks of 18 Kb; the largest, from {deepest['layer']!r} to "
        f"{deepest['reader']!r}, holds {deepest['depth']:,} of {deepest['tokens']:,} positions"
    )


def _show_costs(layers: list[dict[str, Any]]) -> None:
    """A table of what layers of few bits cost, where there are some."""
    from accelgen.console import print_table

    rows = []
    for layer in layers:
        costs = layer["costs"]
        if costs is not None:
            how = layer["row_sharing"] if layer["pe"] is None else f"{layer['pe']}x{layer['simd']}"
            operations = [costs["operations"][name] for name in ("xnor", "additions", "comparisons")]
            rows.append((layer["name"], how, *operations, *(costs[name] for name in _COSTS)))
    if rows:
        figures = ("XNOR", "add", "compare", *(name.replace("_", "\n") for name in _COSTS))
        title = "few-bit layers: operations and cycles of an inference; LUTs by a formula, not by synthesis"
        print_table(title, ("layer", "folding\nor sharing", *figures), rows, right=figures)


def _show_sharing(layers: list[dict[str, Any]]) -> None:
    """What layers save whose rows are computed from each other."""
    for layer in layers:
        if layer["row_sharing"] not in (None, "none"):
            costs = layer["costs"]
            write_line(
                f"layer {layer['name']!r}: {costs['operations']['additions']:,} additions in a depth of "
                f"{costs['depth']}, instead of {costs['separate_additions']:,} in {costs['separate_depth']}"
            )


_COSTS = ("weight_bits", "threshold_bits", "interval_cycles", "lut_estimate")
