"""Searches number formats in several ways and prints how good the fronts are and what they took.

    python benchmarks/formats.py ../shared/models [--only NAME ...] [--evaluations N] [--json]

The models are the shipped jet tagger, whose 6 bits are narrowed, and some of a folder, with their data in
``reference.npz``: where they hold ``label`` accuracy is measured, else agreement with the imported network.
The least LUTs within a latency are searched for 4 to 8 bits: by NSGA-II with and without halving, by random
assignments, and among uniform widths alone. Hypervolumes are shares of the rectangle between the best and the
worst of all four fronts.

Halving is checked too: what it stopped is evaluated in full afterwards. ``lost`` are stopped assignments that
no complete one beats, and ``misjudged`` those that were better than what they were stopped for.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from accelgen.api import Model, load
from accelgen.boards import find_board
from accelgen.data import read_labels, read_samples
from accelgen.design import Design, IoType
from accelgen.exploration.formats.bits import Bits
from accelgen.exploration.formats.evaluation import Evaluations
from accelgen.exploration.formats.genetic import first_generation
from accelgen.exploration.formats.hardware import HardwareSearch
from accelgen.exploration.formats.points import Point, front
from accelgen.exploration.formats.search import FormatOptions, FormatSearch
from accelgen.exploration.goals import Goals

ROOT = Path(__file__).resolve().parent.parent
BOARD = "zcu102"
BITS = "4..8"
CASES = {
    "jet_tagger": ("io_parallel", "200"),
    "keras_mlp": ("io_parallel", "200"),
    "keras_conv2d_small": ("io_parallel", "20us"),
    "qkeras_mnist_cnn": ("io_stream", "500us"),
}
"""The io type and the limit on latency."""


@dataclass(frozen=True)
class Row:
    """One way to search one model."""

    model: str
    method: str
    evaluations: int
    samples_share: float
    seconds: float
    front: int
    hypervolume: float
    stopped: int = 0
    misjudged: int = 0
    lost: int = 0


def main() -> None:
    """Search every model in every way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path)
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = (row for name in options.only for row in measure(name, options.models, options.evaluations))
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print("| model | search | evaluations | samples | s | front | hypervolume | stopped | misjudged | lost |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for row in rows:
        print(
            f"| {row.model} | {row.method} | {row.evaluations} | {row.samples_share:.0%} | {row.seconds:.1f} "
            f"| {row.front} | {row.hypervolume:.4f} | {row.stopped} | {row.misjudged} | {row.lost} |",
            flush=True,
        )


def measure(name: str, models: Path, evaluations: int) -> Iterator[Row]:
    """Every way to search one model."""
    halving, whole = (search_of(name, models, evaluations, halving) for halving in (True, False))
    found: dict[str, tuple[Evaluations, float]] = {}
    for method, search in (("NSGA-II, halving", halving), ("NSGA-II", whole)):
        start = time.perf_counter()
        points = search.run()
        found[method] = points, time.perf_counter() - start
    space = whole.task.space
    sizes = [len(knob.widths) for knob in space.knobs]
    uniform = space.uniform()
    for method, assignments in (
        ("random", first_generation(sizes, [], 2 * evaluations, 1)[:evaluations]),
        ("uniform widths", uniform),
    ):
        start = time.perf_counter()
        points = Evaluations(whole.task, halving=False)
        points.add(assignments)
        found[method] = points, time.perf_counter() - start
    fronts = {method: front(points.points.values()) for method, (points, _) in found.items()}
    everything = [point for own in fronts.values() for point in own]
    for method, (points, seconds) in found.items():
        evaluated = list(points.points.values())
        stopped = [point for point in evaluated if point.expected is not None]
        misjudged, lost = judged(points, stopped)
        yield Row(
            name,
            method,
            len(evaluated),
            sum(point.samples for point in evaluated) / len(evaluated) / len(whole.task.benchmark),
            seconds,
            len(fronts[method]),
            hypervolume(fronts[method], everything),
            len(stopped),
            misjudged,
            lost,
        )


def search_of(name: str, models: Path, evaluations: int, halving: bool) -> FormatSearch:
    """The search of one case."""
    folder = ROOT / "examples" / name if (ROOT / "examples" / name).is_dir() else models / name
    model = model_in(folder)
    data = next(path for path in (folder / "test.npz", folder / "reference.npz") if path.exists())
    samples = read_samples(data, model.network).inputs
    io_type, latency = CASES[name]
    board = find_board(BOARD)
    design = Design(part=board.part.name, clock_ns=board.clock_ns, io_type=IoType(io_type))
    return FormatSearch.of(
        model.network,
        design,
        Bits.parse(BITS),
        [HardwareSearch(Goals.of({"latency": latency}, "lut"), (design,))],
        data=samples,
        labels=read_labels(data, model.network),
        calibration=samples,
        options=FormatOptions(evaluations=evaluations, halving=halving),
    )


def model_in(folder: Path) -> Model:
    """The model of a folder."""
    names = ("model.keras", "model.h5", "model.json", "model.onnx")
    path = next(folder / name for name in names if (folder / name).exists())
    return load(path, folder / "model_weights.h5" if path.suffix == ".json" else None)


def hypervolume(points: list[Point], everything: list[Point]) -> float:
    """What a front dominates, as a share of the rectangle between the best and the worst of everything."""
    corners = np.array([(point.cost, point.loss) for point in everything])
    low, high = corners.min(axis=0), corners.max(axis=0)
    scale = np.where(high > low, high - low, 1.0)
    total, above = 0.0, 1.0
    for cost, loss in ((np.array([point.cost, point.loss]) - low) / scale for point in points):
        total += (1 - cost) * (above - loss)
        above = loss
    return float(total)


def judged(found: Evaluations, stopped: list[Point]) -> tuple[int, int]:
    """How many of the stopped points were better than complete ones of no more cost, then and at the end."""
    if not stopped:
        return 0, 0
    order = list(found.points.values())
    full = Evaluations(found.task, halving=False)
    full.add(point.genes for point in stopped)
    complete = [point for point in order if point.complete and point.feasible]
    misjudged = lost = 0
    for point in stopped:
        loss = full.points[point.genes].loss
        before = [other for other in order[: order.index(point)] if other.complete and other.feasible]
        bars = [
            min((other.loss for other in others if other.cost <= point.cost), default=np.inf)
            for others in (before, complete)
        ]
        misjudged += loss < bars[0]
        lost += loss < bars[1]
    return misjudged, lost


if __name__ == "__main__":
    main()
