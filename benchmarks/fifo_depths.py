"""How deep FIFOs must be: automatic depths beside hls4ml's whole results, and what cheaper ones would cost.

    python benchmarks/fifo_depths.py [MODEL ...] [--reuse-factor N] [--json]

Without models a residual network: ten 3 x 3 convolutions of 16 channels on 32 x 32 pixels, in pairs beside
which their input goes on. Cycles are simulated from the estimator's rules, LUTs and blocks counted by rule.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass

import numpy as np

import accelgen
from accelgen.backend.streams import design_dataflow
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.streaming import Dataflow, automatic_depths, simulate
from accelgen.design.streaming.cost import total_cost, trade_offs
from accelgen.design.streaming.depths import INFERENCES
from accelgen.ir import Conv, FixedType, Input, Merge, Network, Node, Quantize, Relu
from accelgen.passes.infer_types import infer_types

CONVOLUTIONS, PIXELS, CHANNELS = 10, 32, 16
TYPE = FixedType(8, 4)


@dataclass(frozen=True)
class Row:
    """FIFOs of one network, in one way."""

    network: str
    depths: str
    bits: int
    lut: int
    bram_18k: int
    latency: int
    interval: int
    seconds: float


def residual_network() -> Network:
    """The network of the docstring."""
    rng = np.random.default_rng(0)
    nodes: list[Node] = [Input("x0", (), (PIXELS, PIXELS, CHANNELS), TYPE)]
    ones, same = (1, 1), ((1, 1), (1, 1))
    for number in range(CONVOLUTIONS):
        weight = rng.integers(-4, 4, (3, 3, CHANNELS, CHANNELS)) / 8.0
        nodes.append(Conv(f"conv{number}", (nodes[-1].name,), weight, None, ones, same, ones))
        if number % 2 == 0:
            nodes.append(Quantize(f"cast{number}", (nodes[-1].name,), TYPE))
            nodes.append(Relu(f"relu{number}", (nodes[-1].name,)))
        else:
            nodes.append(Merge(f"add{number}", (nodes[-1].name, f"x{number - 1}")))
            nodes.append(Quantize(f"x{number + 1}", (nodes[-1].name,), TYPE))
    return infer_types(Network(tuple(nodes), (nodes[-1].name,), name="residual"))


def rows(name: str, dataflow: Dataflow) -> list[Row]:
    """Whole results, automatic depths, and the cheaper ones of `trade_offs`."""

    def row(kind: str, depths: dict[str, int], seconds: float) -> Row:
        run, cost = simulate(dataflow, depths, INFERENCES), total_cost(dataflow, depths)
        bits = sum(depths[fifo.name] * fifo.bits for fifo in dataflow.fifos)
        return Row(name, kind, bits, cost.lut, cost.bram_18k, run.latency, run.interval, seconds)

    whole = {fifo.name: fifo.tokens for fifo in dataflow.fifos}
    start = time.perf_counter()
    automatic = automatic_depths(dataflow)
    seconds = time.perf_counter() - start
    found = [row("whole results", whole, 0), row("automatic", automatic, seconds)]
    start = time.perf_counter()
    cheaper = trade_offs(dataflow)[1:]
    seconds = time.perf_counter() - start
    return found + [row(f"cheaper {i}", dict(each.depths), seconds) for i, each in enumerate(cheaper, 1)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--reuse-factor", type=int, default=1, help="above 1 with the Resource strategy")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    strategy = Strategy.AUTO if options.reuse_factor == 1 else Strategy.RESOURCE
    choice = LayerDesign(strategy, options.reuse_factor)
    design = Design(io_type=IoType.STREAM, default=choice)
    networks = [accelgen.load(model).exact(precision="16,6") for model in options.models]
    found = [
        each
        for network in networks or [residual_network()]
        for each in rows(network.name, design_dataflow(network, design))
    ]
    if options.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
        return
    figures = ("bits", 10), ("LUT", 8), ("BRAM", 6), ("latency", 9), ("interval", 9), ("found in", 10)
    print(f"{'network':20}{'FIFOs':15}" + "".join(f"{name:>{width}}" for name, width in figures))
    for each in found:
        print(
            f"{each.network:20}{each.depths:15}{each.bits:>10,}{each.lut:>8,}{each.bram_18k:>6}"
            f"{each.latency:>9,}{each.interval:>9,}{each.seconds:>8.2f} s"
        )


if __name__ == "__main__":
    main()
