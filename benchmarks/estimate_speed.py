"""How fast estimates are: a whole process, one query, and many designs; rule4ml 0.2 beside it.

    python benchmarks/estimate_speed.py [--designs 50000] [--runs 5] [--json]

The process is ``accelgen estimate`` on the shipped jet tagger (four Dense layers and a softmax), with its
imports. Many designs are chains of three Dense layers, each with a reuse factor of its own, in one process on
one core: from a network and arrays of factors, from a network and a list of designs, and from records. The
sums of an exact network are wider than those of the training data, so rules alone answer, with wider
intervals; "corrected" are the same designs with the sums of the data, for which the learned corrections are
evaluated too.
Times are the least of the runs, as wall and as CPU time, which other programs on the machine disturb less.
rule4ml, where it is installed, estimates a Keras network as large as the jet tagger, its models loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

import accelgen
from accelgen.design import Design, LayerDesign, Strategy
from accelgen.design.reuse import legal_reuse_factors, legalize
from accelgen.estimation import estimate_design, estimate_designs, estimate_records
from accelgen.ir import Dense, FixedType, Input, Network, Overflow, Quantize, Rounding
from accelgen.passes.infer_types import infer_types
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import Layers
from accelgen.surrogates.predict import predict
from accelgen.surrogates.variants import layers_of_factors

ROOT = Path(__file__).resolve().parent.parent
TAGGER = ROOT / "examples/jet_tagger/model.keras"
SIZES = (16, 64, 32, 32, 5)
"""Of the jet tagger, for rule4ml."""

CHAIN = (80, 40, 40, 112)
CHUNK = 2048


@dataclass(frozen=True)
class Time:
    """Seconds of the fastest run."""

    wall_s: float
    cpu_s: float


def least(runs: int, work: Callable[[], object]) -> Time:
    """The least time of several runs."""
    walls, cpus = [], []
    for _ in range(runs):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return Time(min(walls), min(cpus))


def process(runs: int) -> Time:
    """``accelgen estimate`` from its start to its end."""
    command = [sys.executable, "-m", "accelgen", "estimate", TAGGER, "--board", "zcu102"]
    command += ["--strategy", "resource", "--reuse-factor", "8"]
    walls, cpus = [], []
    for _ in range(runs):
        before, wall = os.times(), time.perf_counter()
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
        after = os.times()
        walls.append(time.perf_counter() - wall)
        cpus.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return Time(min(walls), min(cpus))


def chain() -> Network:
    """A chain of Dense layers like those of wa-hls4ml: 16-bit data, 8-bit weights."""
    rng = np.random.default_rng(0)
    data = FixedType(16, 6)
    cast = FixedType(16, 6, True, Rounding.RND_CONV, Overflow.SAT)
    nodes: list[Input | Dense | Quantize] = [Input("x", (), (CHAIN[0],), data)]
    for number, (n_in, n_out) in enumerate(pairwise(CHAIN), 1):
        weight = rng.integers(-127, 128, (n_in, n_out)) / 128
        nodes.append(Dense(f"fc{number}", (nodes[-1].name,), weight))
        nodes.append(Quantize(f"cast{number}", (f"fc{number}",), cast))
    return infer_types(Network(tuple(nodes), (nodes[-1].name,)))


def many(designs: int, runs: int) -> Mapping[str, Time]:
    """Estimates of many designs, by what they are made from."""
    network = chain()
    base = Design(
        part="xcu250-figd2104-2L-e",
        clock_uncertainty_percent=12.5,
        default=LayerDesign(Strategy.RESOURCE, 400),
    )
    rng = np.random.default_rng(0)
    factors = {
        f"fc{number}": rng.choice([f for f in legal_reuse_factors(n_in, n_out) if 300 < f < 3000], designs)
        for number, (n_in, n_out) in enumerate(pairwise(CHAIN), 1)
    }

    def chunks() -> Iterator[Layers]:
        for start in range(0, designs, CHUNK):
            part = {name: own[start : start + CHUNK] for name, own in factors.items()}
            yield layers_of_factors(network, base, part)

    def ruled() -> None:
        for layers in chunks():
            predict(layers)

    def corrected() -> None:
        for layers in chunks():
            assert predict(replace(layers, accum_bits=np.full(layers.n_in.shape, 16.0))).in_domain.all()

    listed = [
        replace(
            base,
            layers={name: LayerDesign(Strategy.RESOURCE, int(own[row])) for name, own in factors.items()},
        )
        for row in range(designs)
    ]
    described = [describe(network, legalize(network, design)[0]) for design in listed[:CHUNK]]
    records = [
        replace(record, layers=tuple(replace(layer, accum_bits=16) for layer in record.layers))
        for record in described
    ]
    records *= -(-designs // CHUNK)
    del records[designs:]
    return {
        "arrays of reuse factors": least(runs, ruled),
        "arrays of reuse factors, corrected": least(runs, corrected),
        "list of designs": least(runs, lambda: estimate_designs(network, listed)),
        "list of records, corrected": least(runs, lambda: estimate_records(records)),
    }


def one(runs: int) -> Time:
    """One query in a process that is there already: legal design, description and estimate."""
    network = accelgen.load(TAGGER).exact()
    design = Design(default=LayerDesign(Strategy.RESOURCE, 8))
    return least(20 * runs, lambda: estimate_design(network, design))


def rule4ml(runs: int) -> Time | None:
    """The same of rule4ml; None where it is not installed."""
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    try:
        import keras
        from rule4ml.models.wrappers import MultiModelWrapper
    except ImportError:
        return None
    estimator = MultiModelWrapper()
    estimator.load_default_models()
    network = keras.Sequential(
        [keras.layers.Input((SIZES[0],)), *(keras.layers.Dense(size) for size in SIZES[1:])]
    )
    model = {"strategy": "Resource", "precision": "ap_fixed<8, 3>", "reuse_factor": 8}
    config = {"board": "zcu102", "model": model}
    estimator.predict(network, hls_configs=config)
    return least(runs, lambda: estimator.predict(network, hls_configs=config))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--designs", type=int, default=50_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    single = {"process": process(options.runs), "query": one(options.runs)}
    batches = many(options.designs, options.runs)
    other = rule4ml(options.runs)
    if options.json:
        found = {name: vars(own) for name, own in (single | dict(batches)).items()}
        rates = {name: options.designs / own.cpu_s for name, own in batches.items()}
        beside = None if other is None else vars(other) | {"ratio": other.wall_s / single["query"].wall_s}
        print(json.dumps({"times": found, "designs_per_cpu_second": rates, "rule4ml": beside}, indent=2))
        return
    query = single["query"]
    show("", "wall", "CPU")
    whole = single["process"]
    show("accelgen estimate, whole process", f"{whole.wall_s:.2f} s", f"{whole.cpu_s:.2f} s")
    show("one query", f"{1e3 * query.wall_s:.2f} ms", f"{1e3 * query.cpu_s:.2f} ms")
    if other is not None:
        show("one query of rule4ml", f"{1e3 * other.wall_s:.0f} ms", f"{1e3 * other.cpu_s:.0f} ms")
        show("  times as long", f"{other.wall_s / query.wall_s:.0f}", f"{other.cpu_s / query.cpu_s:.0f}")
    for name, own in batches.items():
        rates = (options.designs / own.wall_s, options.designs / own.cpu_s)
        show(f"designs a second: {name}", *(f"{rate:,.0f}" for rate in rates))


def show(*cells: str) -> None:
    """Print a line of the table."""
    print(f"{cells[0]:54}{cells[1]:>12}{cells[2]:>12}")


if __name__ == "__main__":
    main()
