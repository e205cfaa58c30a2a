"""The options that say what is to be built of a model: those of ``build`` and of ``estimate``."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from typing import TYPE_CHECKING, TypeVar

from accelgen.cli.arguments import FILE, count

if TYPE_CHECKING:
    from accelgen.choices import Options

_Value = TypeVar("_Value")

IO_TYPES = ("io_parallel", "io_stream")
STRATEGIES = (
    *("auto", "packed_unrolled", "packed_folded"),
    *("latency", "resource", "resource_unrolled", "distributed_arithmetic"),
)
ROW_SHARINGS = ("auto", "none", "spanning_tree", "subexpressions", "adder_graph")
WEIGHT_MEMORIES = ("auto", "lut", "bram", "uram")
"""The values of enumerations of `accelgen.design`, which takes too long to import for a parser."""


def add_design_options(parser: ArgumentParser) -> None:
    """Declare everything but the model."""
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--board", metavar="NAME", help="board to build for ('accelgen boards' lists them)")
    target.add_argument("--part", metavar="NAME", help="FPGA to build for, such as xcvu13p-flga2577-2-e")
    parser.add_argument(
        "--clock-ns", metavar="NS", type=float, help="clock period to aim at (default: the board's, or 5)"
    )
    parser.add_argument(
        "--bus-bits",
        metavar="N",
        type=int,
        help="on a board, width of the words that carry inputs and outputs (default: the board's)",
    )
    parser.add_argument(
        "--io-type", choices=IO_TYPES, help="how data moves between layers (default: io_parallel)"
    )
    add_network_options(parser)


def add_network_options(parser: ArgumentParser) -> None:
    """Declare everything but the model, and the board, clock period and io type that it is built for."""
    parser.add_argument("--weights", metavar=FILE, help="H5 weights of a Keras model in JSON")
    parser.add_argument("--config", metavar=FILE, help="design.yaml of choices; the options here win over it")
    parser.add_argument("--name", help="name of the network instead of the model's own")
    hardware = parser.add_argument_group("layers")
    hardware.add_argument(
        "--fifo-depth",
        metavar="[LAYER=]N",
        type=_layer_count,
        action="append",
        default=[],
        help="positions that each FIFO of io_stream holds, for all layers or for one; may be repeated "
        "(default: what each needs)",
    )
    hardware.add_argument("--strategy", choices=STRATEGIES, help="how products are built")
    hardware.add_argument(
        "--reuse-factor",
        metavar="[LAYER=]N",
        type=_layer_count,
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
    packed.add_argument(
        "--row-sharing", choices=ROW_SHARINGS, help="how unrolled rows use each other (default: auto)"
    )
    packed.add_argument(
        "--max-depth", metavar="N", type=count, help="most additions in a chain where rows are shared"
    )
    packed.add_argument(
        "--weight-memory", choices=WEIGHT_MEMORIES, help="where folded layers keep weights (default: auto)"
    )
    numbers = parser.add_argument_group("numbers")
    numbers.add_argument(
        "--precision",
        metavar="W,I",
        help="type of what the model does not quantize: W bits, I of them integer",
    )
    numbers.add_argument("--calibration", metavar=FILE, help=".npz data from which ranges are chosen instead")
    numbers.add_argument("--input-precision", metavar="W,I", help="type of inputs that the model leaves open")


def design_options(options: Namespace) -> Options:
    """What was asked for, as keywords of the Python API; weights, calibration and name go by themselves."""
    return {
        "board": options.board,
        "part": options.part,
        "clock_ns": options.clock_ns,
        "bus_bits": options.bus_bits,
        "io_type": options.io_type,
        **network_options(options),
    }


def network_options(options: Namespace) -> Options:
    """The same without board, clock period and io type."""
    return {
        "config": options.config,
        "strategy": options.strategy,
        "reuse_factor": _for_all(options.reuse_factor),
        "layer_reuse_factors": _by_layer(options.reuse_factor),
        "folding": _for_all(options.folding),
        "layer_foldings": _by_layer(options.folding),
        "row_sharing": options.row_sharing,
        "max_depth": options.max_depth,
        "weight_memory": options.weight_memory,
        "fifo_depth": _for_all(options.fifo_depth),
        "layer_fifo_depths": _by_layer(options.fifo_depth),
        "precision": options.precision,
        "input_precision": options.input_precision,
    }


def _for_all(given: list[tuple[str | None, _Value]]) -> _Value | None:
    """The last value that was given for all layers."""
    return next((value for layer, value in reversed(given) if layer is None), None)


def _by_layer(given: list[tuple[str | None, _Value]]) -> dict[str, _Value]:
    return {layer: value for layer, value in given if layer is not None}


def _layer_count(text: str) -> tuple[str | None, int]:
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
