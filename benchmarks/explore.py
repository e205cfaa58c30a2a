"""How fast exact searches are, and what random search and brute force find of the same designs.

    python benchmarks/explore.py [MODELS] [--only NAME ...] [--board u250] [--random 1000,100000] [--json]

Networks of ten layers (a chain of Dense layers, and one of convolutions) are generated as ONNX files; MODELS
is a folder of trained models, one a sub-folder. For each and both io types: the time of the table of options,
of the best design and of the whole front between latency and LUTs; how much slower the best of so many random
designs is, and its time; and, of spaces of up to --brute-force designs, whether every design looked at by
itself, estimated as a whole, gives the same best design and front. "process" is ``accelgen explore`` from its
start to its end, imports included. Limits are what the board holds, by the estimates.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import accelgen
from accelgen.design import Design, IoType
from accelgen.estimation import estimate_designs
from accelgen.exploration.front import pareto
from accelgen.exploration.goals import Goals
from accelgen.exploration.milp import Point, solve
from accelgen.exploration.problem import Indices, Problem
from accelgen.exploration.space import LATENCY
from accelgen.exploration.target import Target
from accelgen.ir import Network

ROOT = Path(__file__).resolve().parent.parent
MODEL_FILES = ("model.keras", "model.h5", "model.json", "model.onnx")
PRECISION = "16,6"
CHUNK = 20_000


@dataclass(frozen=True)
class RandomSearch:
    """The best of so many random designs: ``slower`` is its latency less the least, as a share of that.

    None where none of them fits the board.
    """

    designs: int
    slower: float | None
    time_s: float


@dataclass(frozen=True)
class Row:
    """One network in one io type; ``latency_cycles`` is None where nothing fits the board."""

    network: str
    io_type: str
    layers: int
    combinations: int
    table_s: float
    best_s: float
    front_s: float
    points: int
    latency_cycles: float | None
    random: list[RandomSearch]
    brute_force_s: float | None
    brute_force_equal: bool | None
    process_s: float


def chain(path: Path, layers: int) -> Path:
    """An ONNX file of Dense layers of 64 with rectifiers."""
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for number in range(layers):
        matrix = (rng.standard_normal((64, 64)) / 8).astype(np.float32)
        weights.append(numpy_helper.from_array(matrix, f"w{number}"))
        nodes.append(helper.make_node("MatMul", [last, f"w{number}"], [f"sum{number}"], f"fc{number}"))
        last = f"y{number}"
        nodes.append(helper.make_node("Relu", [f"sum{number}"], [last], f"relu{number}"))
    return _save(path, nodes, weights, (1, 64), (1, 64), last)


def convolutions(path: Path, layers: int) -> Path:
    """An ONNX file of 3x3 convolutions of 16 channels on 16x16 pixels with rectifiers."""
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for number in range(layers):
        kernel = (rng.standard_normal((16, 16, 3, 3)) / 8).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{number}"))
        nodes.append(
            helper.make_node(
                "Conv", [last, f"w{number}"], [f"sum{number}"], f"conv{number}", pads=[1, 1, 1, 1]
            )
        )
        last = f"y{number}"
        nodes.append(helper.make_node("Relu", [f"sum{number}"], [last], f"relu{number}"))
    return _save(path, nodes, weights, (1, 16, 16, 16), (1, 16, 16, 16), last)


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: list[onnx.TensorProto],
    shape: tuple[int, ...],
    result: tuple[int, ...],
    last: str,
) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last, TensorProto.FLOAT, result)],
        weights,
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def models(folder: Path | None, work: Path) -> Iterator[tuple[str, Path, Path | None]]:
    """Names of networks, their files, and the files of weights that are apart."""
    yield "ten Dense layers", chain(work / "chain.onnx", 10), None
    yield "ten convolutions", convolutions(work / "convolutions.onnx", 10), None
    for own in sorted(folder.iterdir()) if folder is not None else ():
        file = next((own / name for name in MODEL_FILES if (own / name).exists()), None)
        if file is not None:
            weights = own / "model_weights.h5"
            yield own.name, file, weights if file.suffix == ".json" and weights.exists() else None


def random_search(problem: Problem, designs: int, least: float) -> RandomSearch:
    """The fastest of so many random designs that keeps the limits."""
    rng = np.random.default_rng(0)
    start, best = time.perf_counter(), np.inf
    for first in range(0, designs, CHUNK):
        count = min(CHUNK, designs - first)
        rows = np.stack([rng.integers(0, len(layer), count) for layer in problem.layers], axis=1)
        figures = problem.evaluate(rows)
        kept = problem.within_limits(figures)
        best = min(best, float(figures[LATENCY][kept].min(initial=np.inf)))
    taken = time.perf_counter() - start
    return RandomSearch(designs, best / least - 1 if np.isfinite(best) else None, taken)


def brute_force(network: Network, target: Target, goals: Goals, front: Sequence[Point]) -> bool:
    """Whether designs estimated one by one have the same front, and so the same fastest one."""
    sizes = [len(layer) for layer in target.space.layers]
    points: list[tuple[float, float]] = []
    most = target.most(goals)
    for start in range(0, target.space.combinations, CHUNK):
        stop = min(start + CHUNK, target.space.combinations)
        rows: Indices = np.stack(np.unravel_index(np.arange(start, stop), sizes), axis=1)
        found = estimate_designs(network, [target.space.designed(row) for row in rows])
        kept = np.all([found.total[name].value <= limit for name, limit in most.items()], axis=0)
        values = (found.total[name].value[kept].tolist() for name in (LATENCY, "lut"))
        points = unbeaten([*points, *zip(*values, strict=True)])
    own = [(point.figures[LATENCY], point.figures["lut"]) for point in front]
    return len(own) == len(points) and bool(np.allclose(own, points, rtol=1e-9, atol=0))


def unbeaten(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points that no other one is as good as, up to a rounding."""
    kept: list[tuple[float, float]] = []
    for first, second in sorted(points):
        if not kept or second < kept[-1][1] * (1 - 1e-9):
            kept.append((first, second))
    return kept


def measure(name: str, file: Path, weights: Path | None, io_type: IoType, options: argparse.Namespace) -> Row:
    """Search one network in one io type."""
    goals = Goals.of(margin=0)
    model = accelgen.load(file, weights)
    network, design = model.designed(board=options.board, precision=PRECISION, input_precision=PRECISION)
    start = time.perf_counter()
    target = Target.of(network, replace(design, io_type=io_type), {})
    table_s = time.perf_counter() - start
    problem = target.problem(goals)
    start = time.perf_counter()
    best = solve(problem)
    best_s = time.perf_counter() - start
    start = time.perf_counter()
    front = pareto(problem, LATENCY, "lut")
    front_s = time.perf_counter() - start
    assert front.proven
    equal, brute_force_s = None, None
    if problem.combinations <= options.brute_force:
        start = time.perf_counter()
        equal = brute_force(network, target, goals, front.points)
        brute_force_s = time.perf_counter() - start
    least = None if best is None else best.figures[LATENCY]
    return Row(
        network=name,
        io_type=io_type.value,
        layers=sum(len(layer) > 1 for layer in problem.layers),
        combinations=problem.combinations,
        table_s=table_s,
        best_s=best_s,
        front_s=front_s,
        points=len(front.points),
        latency_cycles=least,
        random=[] if least is None else [random_search(problem, own, least) for own in options.random],
        brute_force_s=brute_force_s,
        brute_force_equal=equal,
        process_s=process(file, weights, target.space.design, options.board),
    )


def process(file: Path, weights: Path | None, design: Design, board: str) -> float:
    """``accelgen explore`` from its start to its end; it may find that nothing fits."""
    command = [sys.executable, "-m", "accelgen", "explore", str(file), "--board", board, "--margin", "0"]
    command += ["--precision", PRECISION, "--input-precision", PRECISION, "--io-type", design.io_type.value]
    command += [] if weights is None else ["--weights", str(weights)]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode and "no design keeps the limits" not in done.stderr:
        raise RuntimeError(done.stderr)
    return time.perf_counter() - start


def show(row: Row) -> str:
    """One line of the table."""
    found = "nothing fits" if row.latency_cycles is None else f"{row.latency_cycles:,.0f} cycles"
    tried = "  ".join(
        f"{own.designs:,}: {'none' if own.slower is None else f'{own.slower:+.0%}'} ({own.time_s:.2f} s)"
        for own in row.random
    )
    force = {None: "", True: f"  brute force equal ({row.brute_force_s or 0:.1f} s)", False: "  NOT EQUAL"}
    return "  ".join(
        (
            f"{row.network:20} {row.io_type:11} {row.layers:2} layers {row.combinations:8.1e} designs",
            f"table {row.table_s:.3f} s",
            f"best {row.best_s:.3f} s",
            f"front {row.front_s:5.2f} s {row.points:5} points",
            f"process {row.process_s:.2f} s",
            f"{found}",
            f"random {tried}{force[row.brute_force_equal]}",
        )
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="?")
    parser.add_argument("--only", metavar="NAME", action="append", default=[])
    parser.add_argument("--board", default="u250")
    parser.add_argument("--brute-force", metavar="N", type=int, default=200_000)
    parser.add_argument(
        "--random", metavar="N,...", type=lambda text: [*map(int, text.split(","))], default=[1000, 100_000]
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as work:
        for name, file, weights in models(options.models, Path(work)):
            if options.only and name not in options.only:
                continue
            for io_type in IoType:
                rows.append(measure(name, file, weights, io_type, options))
                if not options.json:
                    print(show(rows[-1]), flush=True)
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main()
