"""Estimates against real syntheses, beside other methods, on architectures that none of them has seen.

    python benchmarks/surrogates.py [--data DIR...] [--folds N] [--rule4ml N] [--json]

For every data set and target: rules alone (prices without the held-out architectures), boosting (on every
target, useful or not), the graph network (``--graph``, with Keras), what is served (choice and intervals made
without them too; no graph network), XGBoost and a random forest on raw sizes (N-TORC's method, where
scikit-learn is installed), and rule4ml 0.2 as it comes (where installed, on ``--rule4ml`` chains). All rows
of an architecture stand on one side of a split; the projects are split by network.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from shared_data import add_data

from accelgen.surrogates.dataset import read
from accelgen.surrogates.dataset.wa_hls4ml_csv import dense_chain
from accelgen.surrogates.features import from_records, measurements
from accelgen.surrogates.learn.apply import corrected, decimals, known_layers
from accelgen.surrogates.learn.evaluate import Answers, answer, success_margin_score
from accelgen.surrogates.learn.folds import group_folds
from accelgen.surrogates.learn.model import Learned
from accelgen.surrogates.learn.train import fit_parts, train, usable_rows
from accelgen.surrogates.metrics import Score, score
from accelgen.surrogates.predict import Surrogates, predict
from accelgen.surrogates.record import TARGETS, DesignRecord, Synthesis
from accelgen.surrogates.rules import DEFAULT_DOMAIN, domain_of, estimate
from accelgen.surrogates.rules.calibrate import calibrate

LAYERS = 8
"""Layers of a design that methods on raw sizes see."""

VERSIONS = {"hls4ml_versions": ["1.1.0"], "vivado_versions": ["2023.2"]}
"""Of the chains, as rule4ml names them."""

Figures = dict[str, np.ndarray]
"""Predictions of n rows by target."""


@dataclass(frozen=True)
class Line:
    """The score of a method on a target of a data set; ``coverage`` where it gives intervals.

    ``wide`` counts the intervals that are no points, and ``held`` those of them that hold the measurement.
    """

    rows: str
    target: str
    method: str
    score: Score
    median_ape: float
    coverage: float | None = None
    wide: int = 0
    held: int = 0


@dataclass(frozen=True)
class Goal:
    """What is wanted of the served estimates, what they reach, and whether that is enough."""

    what: str
    wanted: str
    found: float
    reached: bool


def set_of(row: Synthesis) -> str:
    """The set that a row belongs to: its file, or "projects"."""
    return Path(row.source).stem if row.source.endswith(".csv") else "projects"


def raw_columns(rows: Sequence[Synthesis]) -> np.ndarray:
    """Sizes and choices as a user states them, (n, columns), without knowledge of what is built from them."""
    table = np.zeros((len(rows), 6 + 3 * LAYERS))
    for number, row in enumerate(rows):
        layers = [layer for layer in row.design.layers if layer.strategy][:LAYERS]
        first = layers[0]
        table[number, :6] = (
            len(layers),
            first.weight_bits,
            first.requested_reuse_factor,
            first.strategy == "resource",
            first.positions,
            row.design.dsp_multipliers,
        )
        sizes = [size for layer in layers for size in (layer.n_in, layer.n_out, layer.reuse_factor)]
        table[number, 6 : 6 + len(sizes)] = sizes
    return table


def raw_xgboost(columns: np.ndarray, measured: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """XGBoost on the logarithm of a target."""
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=300, max_depth=6, learning_rate=0.1, n_jobs=1, random_state=0)
    model.fit(columns, np.log1p(measured))
    return lambda rows: np.expm1(model.predict(rows).astype(np.float64))


def raw_forest(columns: np.ndarray, measured: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """A random forest as N-TORC fits it (scikit-learn's defaults)."""
    from sklearn.ensemble import RandomForestRegressor

    model = RandomForestRegressor(n_jobs=1, random_state=0).fit(columns, measured)
    return lambda rows: model.predict(rows)


def raw_methods() -> Mapping[str, Callable[..., Callable[[np.ndarray], np.ndarray]]]:
    """The methods on raw sizes that are installed."""
    try:
        import sklearn  # noqa: F401
    except ImportError:
        return {"raw xgboost": raw_xgboost}
    return {"raw xgboost": raw_xgboost, "raw forest": raw_forest}


class Trial:
    """Predictions of a domain's rows by each method, by what it learned without their architectures."""

    def __init__(self, rows: Sequence[Synthesis], graph: bool) -> None:
        self.rows = rows
        self.domain = domain_of(rows[0])
        self.graph = graph
        self.found: dict[str, Figures] = {}
        self.seconds: dict[str, float] = {}
        self.held = {target: np.full(len(rows), np.nan) for target in TARGETS}
        self.wide = {target: np.zeros(len(rows), bool) for target in TARGETS}

    def run(self, folds: np.ndarray) -> None:
        """Hold out each fold in turn."""
        for fold in np.unique(folds):
            out = folds == fold
            self._fold(out, *self._split(out))

    def _split(self, out: np.ndarray) -> tuple[list[Synthesis], list[Synthesis]]:
        pairs = list(zip(self.rows, out, strict=True))
        return [row for row, held in pairs if not held], [row for row, held in pairs if held]

    def _fold(self, out: np.ndarray, others: list[Synthesis], own: list[Synthesis]) -> None:
        layers = from_records([row.design for row in own])
        prices = calibrate(others)
        start = time.perf_counter()
        ruled = estimate(layers, self.domain, prices)
        self._keep("rules", out, ruled.designs, start)
        learned = Learned({self.domain.name: fit_parts(others, self.domain, prices)})
        start = time.perf_counter()
        boosted, _ = corrected(
            layers, estimate(layers, self.domain, prices), known_layers(layers, self.domain, learned)
        )
        self._keep("boosting", out, boosted, start)
        trained = train(others)
        start = time.perf_counter()
        served = answer(own, Surrogates(trained.prices, trained.learned))
        self._keep("served", out, {name: figures.value for name, figures in served.figures.items()}, start)
        self._hold(out, served)
        if self.graph:
            self._graph(out, others, layers, ruled, prices)
        columns, rows = raw_columns(others), raw_columns(own)
        for name, fit in raw_methods().items():
            seconds, said = 0.0, {}
            for target in TARGETS:
                goal = measurements(others, target)
                known = ~np.isnan(goal)
                if known.any():
                    model = fit(columns[known], goal[known])
                    begun = time.perf_counter()
                    said[target] = model(rows)
                    seconds += time.perf_counter() - begun
            self._keep(name, out, said, time.perf_counter() - seconds)

    def _graph(self, out: np.ndarray, others: list[Synthesis], layers, ruled, prices) -> None:  # type: ignore[no-untyped-def]
        from accelgen.surrogates.graph.train import train_graph_network

        network = train_graph_network(others, prices)
        start = time.perf_counter()
        self._keep("graph", out, network.correct(layers, ruled, self.domain), start)

    def _keep(self, method: str, out: np.ndarray, said: Mapping[str, np.ndarray], start: float) -> None:
        self.seconds[method] = self.seconds.get(method, 0.0) + time.perf_counter() - start
        own = self.found.setdefault(method, {target: np.full(len(self.rows), np.nan) for target in TARGETS})
        for target, values in said.items():
            own[target][out] = values

    def _hold(self, out: np.ndarray, served: Answers) -> None:
        for target, figures in served.figures.items():
            goal = served.measured(target)
            inside = (figures.low <= goal) & (goal <= figures.high)
            self.held[target][out] = np.where(np.isnan(goal), np.nan, inside)
            self.wide[target][out] = figures.high > figures.low

    def lines(self) -> Iterator[Line]:
        """Scores of all methods by data set and target."""
        sets = np.array([set_of(row) for row in self.rows])
        for name in dict.fromkeys(sets.tolist()):
            for target in TARGETS:
                actual = measurements(self.rows, target)
                chosen = (sets == name) & ~np.isnan(actual)
                if not chosen.any() or not actual[chosen].any():
                    continue
                for method, figures in self.found.items():
                    line = compare(name, target, method, actual[chosen], figures[target][chosen])
                    if method == "served":
                        held, wide = self.held[target][chosen], self.wide[target][chosen]
                        counts = int(wide.sum()), int(held[wide].sum())
                        line = replace(line, coverage=float(held.mean()), wide=counts[0], held=counts[1])
                    yield line


def compare(
    rows: str, target: str, method: str, actual: np.ndarray, said: np.ndarray, coverage: float | None = None
) -> Line:
    """The score of one method."""
    nonzero = actual != 0
    ape = 100 * np.abs(said - actual)[nonzero] / np.abs(actual[nonzero])
    median = float(np.median(ape)) if ape.size else float("nan")
    return Line(rows, target, method, score(actual, said, decimals(target)), median, coverage)


def deeper(rows: Sequence[Synthesis]) -> Iterator[Line]:
    """Learned from chains of two layers, tried on chains of three."""
    short = [row for row in rows if len(row.design.layers) == 2]
    longer = [row for row in rows if len(row.design.layers) == 3]
    trained = train(short)
    served = answer(longer, Surrogates(trained.prices, trained.learned))
    for target in ("latency_cycles", "lut", "ff", "dsp", "bram_18k"):
        actual, own = measurements(longer, target), served.figures[target]
        held = float(np.mean((own.low <= actual) & (actual <= own.high)))
        yield compare("chains, 2 to 3 layers", target, "served", actual, own.value, held)
        for name, fit in raw_methods().items():
            model = fit(raw_columns(short), measurements(short, target))
            yield compare("chains, 2 to 3 layers", target, name, actual, model(raw_columns(longer)))


def random_chains(count: int) -> list[DesignRecord]:
    """Designs of two or three Dense layers, no two alike but by chance."""
    random = np.random.default_rng(0)
    designs = []
    for _ in range(count):
        widths = random.integers(16, 129, random.integers(3, 5)).tolist()
        bits, reuse_factor = int(random.integers(2, 17)), int(random.integers(64, 4097))
        layers = dense_chain(widths, bits, "resource", reuse_factor)
        designs.append(DesignRecord(layers, part="xcu250-figd2104-2L-e", clock_uncertainty_percent=12.5))
    return designs


def speed(designs: int = 50_000) -> dict[str, float]:
    """Times of one design and of many, from records to figures with intervals, on one core."""
    records, domain = random_chains(designs), DEFAULT_DOMAIN
    predict(from_records(records[:1]), domain)
    start = time.perf_counter()
    for record in records[:20]:
        predict(from_records([record]), domain)
    single = (time.perf_counter() - start) / 20
    start, cpu = time.perf_counter(), time.process_time()
    layers = from_records(records)
    described = time.process_time() - cpu
    predict(layers, domain)
    return {
        "one query, ms": 1e3 * single,
        "many, designs a second": designs / (time.perf_counter() - start),
        "many, designs a second of CPU": designs / (time.process_time() - cpu),
        "many, of that for columns, %": 100 * described / (time.process_time() - cpu),
    }


def rule4ml_lines(rows: Sequence[Synthesis], limit: int) -> tuple[list[Line], float]:
    """Scores of rule4ml's own models on chains of Dense layers, and its seconds a query."""
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    import keras
    from rule4ml.models.wrappers import MultiModelWrapper

    estimator = MultiModelWrapper()
    estimator.load_default_models()
    chosen = [rows[number] for number in np.linspace(0, len(rows) - 1, limit).astype(int)]
    names = {"BRAM": "bram_18k", "DSP": "dsp", "FF": "ff", "LUT": "lut", "CYCLES": "latency_cycles"}
    said: dict[str, list[float]] = {name: [] for name in names}
    seconds: list[float] = []
    for row in chosen:
        layers = row.design.layers
        network = keras.Sequential(
            [keras.layers.Input((layers[0].n_in,)), *(keras.layers.Dense(layer.n_out) for layer in layers)]
        )
        bits = layers[0].weight_bits
        model = {
            "strategy": layers[0].strategy.capitalize(),
            "precision": f"ap_fixed<{bits}, {min(6, max(1, bits // 2))}>",
            "reuse_factor": layers[0].requested_reuse_factor,
        }
        start = time.perf_counter()
        table = estimator.predict(network, hls_configs={"board": "alveo-u250", "model": model}, **VERSIONS)
        seconds.append(time.perf_counter() - start)
        for name in names:
            said[name].append(float(table[name].iloc[-1]))
    lines = [
        compare(
            f"{set_of(rows[0])}, {limit} rows",
            target,
            "rule4ml",
            measurements(chosen, target),
            np.array(said[name]),
        )
        for name, target in names.items()
    ]
    return lines, float(np.median(seconds))


def goals(lines: Sequence[Line], timings: Mapping[str, float]) -> Iterator[Goal]:
    """What issue 4 asks for."""
    found = {(line.rows, line.target, line.method): line for line in lines}

    def smape(rows: str, target: str, most: float) -> Iterator[Goal]:
        line = found.get((rows, target, "served"))
        if line is not None:
            yield Goal(f"{rows} {target}: SMAPE %", f"<= {most}", line.score.smape, line.score.smape <= most)

    chains = "wa_hls4ml_dense_chains"
    files = {line.rows for line in lines if line.method == "rules"}
    for target, most in (("lut", 2.0), ("ff", 0.6), ("dsp", 2.0), ("bram_18k", 10.0)):
        yield from smape(chains, target, most)
    for target in ("latency_cycles", "latency_max_cycles"):
        line = found.get((chains, target, "served"))
        if line is not None:
            yield Goal(f"{chains} {target}: exact", ">= 0.97", line.score.exact, line.score.exact >= 0.97)
    for target, most in (("lut", 3.0), ("ff", 0.5)):
        yield from smape("chains, 2 to 3 layers", target, most)
    for (rows, target, method), line in found.items():
        if method == "served" and rows.startswith("ntorc"):
            forest = found.get((rows, target, "raw forest"))
            if forest is not None:
                times = forest.score.smape / max(line.score.smape, 1e-9)
                enough = times >= 3 or line.score.smape <= 1
                yield Goal(
                    f"{rows} {target}: times better than a random forest", ">= 3 or <= 1 %", times, enough
                )
        if method == "served" and rows == "projects" and target in ("lut", "ff", "dsp", "latency_cycles"):
            yield Goal(f"{rows} {target}: median error %", "<= 15", line.median_ape, line.median_ape <= 15)
    for target in TARGETS:
        own = [
            line
            for line in lines
            if line.coverage is not None and line.target == target and line.rows in files
        ]
        if own:
            yield from covered(target, own)
    rate = timings["many, designs a second of CPU"]
    yield Goal("designs a second on one core", ">= 50000", rate, rate >= 50_000)
    if "rule4ml, ms" in timings:
        times = timings["rule4ml, ms"] / timings["one query, ms"]
        yield Goal("times faster a query than rule4ml", ">= 100", times, times >= 100)


def covered(target: str, lines: Sequence[Line]) -> Iterator[Goal]:
    """Whether intervals hold as many held-out rows as they say; points, which are never too wide, as many."""
    rows, wide = sum(line.score.n for line in lines), sum(line.wide for line in lines)
    held = sum(line.score.n * line.coverage for line in lines if line.coverage is not None)
    within = sum(line.held for line in lines)
    if rows > wide:
        share = (held - within) / (rows - wide)
        yield Goal(f"{target}: points that are exact, of {rows - wide}", ">= 0.88", share, share >= 0.88)
    if wide:
        share = within / wide
        yield Goal(f"{target}: coverage of {wide} intervals", "0.88 to 0.95", share, 0.88 <= share <= 0.95)


def show(lines: Sequence[Line], timings: Mapping[str, float], wanted: Sequence[Goal]) -> None:
    """Print everything as Markdown."""
    print("| rows | target | method | n | exact | R2 | SMAPE % | RMSE | median % | 75th % | coverage |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for line in lines:
        s = line.score
        held = "" if line.coverage is None else f"{line.coverage:.1%}"
        figures = f"{s.n} | {s.exact:.1%} | {s.r2:.4f} | {s.smape:.2f} | {s.rmse:.4g} | {line.median_ape:.2f}"
        print(f"| {line.rows} | {line.target} | {line.method} | {figures} | {s.p75_ape:.2f} | {held} |")
    print()
    for name, value in timings.items():
        print(f"{name}: {value:.4g}")
    print("\n| goal | wanted | found | |\n|---|---|---:|---|")
    for goal in wanted:
        reached = "reached" if goal.reached else "NOT reached"
        print(f"| {goal.what} | {goal.wanted} | {goal.found:.4g} | {reached} |")


def main() -> int:
    """Print the scores as Markdown or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data(parser)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--graph", action="store_true", help="train graph networks too, which takes minutes")
    parser.add_argument("--rule4ml", type=int, default=0, metavar="N", help="try rule4ml on so many chains")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    table = usable_rows(read(*options.data))
    rows = [row for row in table if row.success and row.targets]
    domains: dict[str, list[Synthesis]] = {}
    for row in rows:
        domains.setdefault(domain_of(row).name, []).append(row)
    lines: list[Line] = []
    timings: dict[str, float] = {}
    for name, own in domains.items():
        trial = Trial(own, options.graph)
        trial.run(group_folds(own, options.folds))
        lines += trial.lines()
        timings |= {
            f"{name}, {method}, us a design": 1e6 * s / len(own) for method, s in trial.seconds.items()
        }
    chains = [row for row in rows if set_of(row) == "wa_hls4ml_dense_chains"]
    if chains:
        lines += deeper(chains)
    timings |= speed()
    if options.rule4ml and chains:
        tried, seconds = rule4ml_lines(chains, options.rule4ml)
        lines += tried
        timings["rule4ml, ms"] = 1e3 * seconds
    success = success_margin_score(table)
    wanted = list(goals(lines, timings))
    if options.json:
        found = {
            "scores": [asdict(line) for line in lines],
            "success": None if success is None else success.as_json(),
            "timings": timings,
            "goals": [asdict(goal) for goal in wanted],
        }
        print(json.dumps(found, indent=1))
        return 0
    show(lines, timings, wanted)
    if success is not None:
        print(f"\nwill it synthesise: {success}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
