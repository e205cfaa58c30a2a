"""Cycles of io_stream designs: what estimates say, beside the simulation of the generated layers and FIFOs.

    python benchmarks/stream_cycles.py [MODEL ...] [--reuse-factor N ...] [--json]

Without models those that come with the tests. Steps of loops take the cycles of the estimator's rules in
both; the simulation adds when layers of the generated code wait for each other, which the estimate sums up.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import accelgen
from accelgen.backend.streams import design_dataflow
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.design.streaming.depths import INFERENCES
from accelgen.design.streaming.schedule import earliest
from accelgen.ir import Network
from accelgen.surrogates.describe import describe
from accelgen.surrogates.rules import estimate_record

MODELS = Path(__file__).resolve().parents[1] / "tests" / "models"
REUSE_FACTORS = (1, 4, 16, 64)


@dataclass(frozen=True)
class Row:
    """One design: cycles as simulated and as estimated."""

    network: str
    reuse_factor: int
    latency: int
    estimated_latency: int
    interval: int
    estimated_interval: int


def row(name: str, network: Network, reuse_factor: int) -> Row:
    """Latency strategy where nothing is shared, else Resource."""
    strategy = Strategy.LATENCY if reuse_factor == 1 else Strategy.RESOURCE
    design = Design(io_type=IoType.STREAM, default=LayerDesign(strategy, reuse_factor))
    finished = earliest(design_dataflow(network, design), INFERENCES).finished.tolist()
    whole, _ = estimate_record(describe(network, legalize(network, design)[0]))
    return Row(
        name,
        reuse_factor,
        finished[0],
        round(whole["latency_max_cycles"]),
        finished[-1] - finished[-2],
        round(whole["interval_cycles"]),
    )


def networks(models: list[str]) -> Iterator[tuple[str, Network]]:
    """The models' exact networks, by the names of their files or folders."""
    for model in models or sorted(map(str, MODELS.glob("*_cnn/model.keras"))):
        path = Path(model)
        name = path.parent.name if path.stem == "model" else path.stem
        yield name, accelgen.load(model).exact(precision="16,6")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", metavar="MODEL")
    parser.add_argument("--reuse-factor", type=int, nargs="+", default=REUSE_FACTORS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = [
        row(name, network, factor)
        for name, network in networks(options.models)
        for factor in options.reuse_factor
    ]
    if options.json:
        print(json.dumps([asdict(each) for each in found], indent=2))
        return
    print(f"{'':24}{'':>6}{'latency':>20}{'':>8}{'interval':>20}")
    print(f"{'network':24}{'reuse':>6}" + 2 * f"{'simulated':>10}{'estimate':>10}{'error':>8}")
    for each in found:
        pairs = (each.latency, each.estimated_latency), (each.interval, each.estimated_interval)
        cells = (f"{simulated:>10,}{said:>10,}{said / simulated - 1:>8.1%}" for simulated, said in pairs)
        print(f"{each.network:24}{each.reuse_factor:>6}" + "".join(cells))


if __name__ == "__main__":
    main()
