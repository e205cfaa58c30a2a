"""``accelgen build``: from a model file to a project."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, Any, TypeVar

from accelgen.cli.arguments import FILE, FOLDER, count
from accelgen.cli.output import write_json, write_line

if TYPE_CHECKING:
    from accelgen.api import Build

_Value = TypeVar("_Value")

SUMMARY = "write a Vitis HLS project that computes exactly what a trained network computes"

IO_TYPES = ("io_parallel", "io_stream")
STRATEGIES = (
    *("auto", "packed_unrolled", "packed_folded"),
    *("latency", "resource", "resource_unrolled", "distributed_arithmetic"),
)
ROW_SHARINGS = ("auto", "none", "spanning_tree", "subexpressions", "adder_graph")
WEIGHT_MEMORIES = ("auto", "lut", "bram", "uram")
"""The values of enumerations of `accelgen.design`, which takes too long to import for a parser."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("model", metavar=FILE, help="trained model: .keras, .h5, .json or .onnx")
    parser.add_argument("-o", "--output", metavar=FOLDER, required=True, help="directory of the project")
    parser.add_argument("--weights", metavar=FILE, help="H5 weights of a Keras model in JSON")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--board", metavar="NAME", help="board to build for ('accelgen boards' lists them)")
    target.add_argument("--part", metavar="NAME", help="FPGA to build for, such as xcvu13p-flga2577-2-e")
    parser.add_argument("--config", metavar=FILE, help="design.yaml of choices; the options here win over it")
    parser.add_argument("--name", help="name of the network in the project")
    hardware = parser.add_argument_group("hardware")
    hardware.add_argument("--clock-ns", metavar="NS", type=float, help="clock period to aim at")
    hardware.add_argument("--io-type", choices=IO_TYPES, help="how data moves between layers")
    hardware.add_argument("--strategy", choices=STRATEGIES, help="how products are built")
    hardware.add_argument(
        "--reuse-factor",
        metavar="[LAYER=]N",
        type=_reuse_factor,
        action="append",
        default=[],
        help="products that share a multiplier, for all layers or for one; may be repeated",
    )
    packed = parser.add_argument_group("layers of few bits")
    packed.add_argument(
        "--folding",
        metavar="[LAYER=]PExSIMD",
        type=_folding,
        action="append",
        default=[],
        help="rows by inputs computed at once, for all packed layers or for one; may be repeated",
    )
    packed.add_argument("--row-sharing", choices=ROW_SHARINGS, help="how unrolled rows use each other")
    packed.add_argument(
        "--max-depth", metavar="N", type=count, help="most additions in a chain where rows are shared"
    )
    packed.add_argument("--weight-memory", choices=WEIGHT_MEMORIES, help="where folded layers keep weights")
    numbers = parser.add_argument_group("numbers")
    numbers.add_argument(
        "--precision",
        metavar="W,I",
        help="type of what the model does not quantize: W bits, I of them integer",
    )
    numbers.add_argument("--calibration", metavar=FILE, help=".npz data from which ranges are chosen instead")
    numbers.add_argument("--input-precision", metavar="W,I", help="type of inputs that the model leaves open")


def run(options: Namespace) -> int:
    """Build the project and show what was built."""
    from accelgen.api import load
    from accelgen.console import step

    with step(f"reading {options.model}"):
        model = load(options.model, options.weights)
    with step(f"building {options.output}"):
        build = model.build(
            options.output,
            board=options.board,
            part=options.part,
            clock_ns=options.clock_ns,
            io_type=options.io_type,
            strategy=options.strategy,
            reuse_factor=_for_all(options.reuse_factor),
            layer_reuse_factors=_by_layer(options.reuse_factor),
            folding=_for_all(options.folding),
            layer_foldings=_by_layer(options.folding),
            row_sharing=options.row_sharing,
            max_depth=options.max_depth,
            weight_memory=options.weight_memory,
            precision=options.precision,
            calibration=options.calibration,
            input_precision=options.input_precision,
            config=options.config,
            name=options.name,
        )
    summary = summarize(build)
    if options.json:
        write_json(summary)
    else:
        _show(summary)
    return 0


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
        "multiplications": sum(layer.multiplications for layer in report.layers),
        "adjustments": [dict(adjustment) for adjustment in report.adjustments],
        "notes": list(report.notes),
        "calibration": [dict(error) for error in report.calibration],
    }


def _port(port: Any) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "type": str(port.type)}


def _show(summary: dict[str, Any]) -> None:
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
    write_line(f"verify it: accelgen verify {summary['directory']}")


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
    for layer in layers:
        if layer["row_sharing"] not in (None, "none"):
            costs = layer["costs"]
            write_line(
                f"layer {layer['name']!r}: {costs['operations']['additions']:,} additions in a depth of "
                f"{costs['depth']}, instead of {costs['separate_additions']:,} in {costs['separate_depth']}"
            )


_COSTS = ("weight_bits", "threshold_bits", "interval_cycles", "lut_estimate")


def _for_all(given: list[tuple[str | None, _Value]]) -> _Value | None:
    """The last value that was given for all layers."""
    return next((value for layer, value in reversed(given) if layer is None), None)


def _by_layer(given: list[tuple[str | None, _Value]]) -> dict[str, _Value]:
    return {layer: value for layer, value in given if layer is not None}


def _reuse_factor(text: str) -> tuple[str | None, int]:
    layer, number = _split(text, "N")
    return layer, count(number)


def _folding(text: str) -> tuple[str | None, str]:
    return _split(text, "PExSIMD")


def _split(text: str, value: str) -> tuple[str | None, str]:
    """The layer, None for all, and what is given for it."""
    layer, equals, given = text.rpartition("=")
    if equals and not layer:
        raise ArgumentTypeError(f"{text!r} names no layer; write {value} or LAYER={value}")
    return layer or None, given
