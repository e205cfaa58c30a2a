"""The exact search on tables of options, and random search and simulated annealing beside it.

    python benchmarks/search.py TABLE.csv ... [--max-latency 50000] [--trials 1000,10000,100000,1000000]
                                              [--seed 0] [--front] [--json]

Chooses one row for each layer (see `accelgen.exploration.tables`) so that LUT + FF + BRAM + DSP are least and
the latencies add to at most ``--max-latency``. Random search draws designs evenly; simulated annealing
changes a layer of many chains at a time. Trials are designs looked at; both are vectorised. ``--front`` adds
every compromise between latency and the sum of resources. Exits with 1 if no design keeps the limit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf
from typing import Any

import numpy as np

from accelgen.errors import AccelgenError
from accelgen.exploration.front import pareto
from accelgen.exploration.infeasible import explain
from accelgen.exploration.milp import Point, solve
from accelgen.exploration.problem import Composition, Numbers, Problem
from accelgen.exploration.tables import LATENCY, RESOURCES, OptionTable, read_tables

COST = "cost"
CHUNK = 20_000
MOST_CHAINS = 1000
GAP_DECIMALS = 9


@dataclass(frozen=True)
class Attempt:
    """What a search by trials found: no cost and gap where nothing kept the limit; ``gap`` is a fraction."""

    method: str
    trials: int
    cost: float | None
    gap: float | None
    seconds: float


class Options:
    """The cost and latency of options as tables (layers, k), filled up with infinity."""

    def __init__(self, problem: Problem) -> None:
        self.sizes = np.array([len(layer) for layer in problem.layers])
        self.limit = problem.limits.get(LATENCY, inf)
        self.cost = np.full((len(self.sizes), self.sizes.max()), inf)
        self.latency = self.cost.copy()
        for row, layer in enumerate(problem.layers):
            self.cost[row, : len(layer)] = sum(layer.columns[name] for name in RESOURCES)
            self.latency[row, : len(layer)] = layer.columns[LATENCY]

    def random(self, n: int, random: np.random.Generator) -> np.ndarray:
        """Designs (n, layers)."""
        return (random.random((n, len(self.sizes))) * self.sizes).astype(np.int64)

    def figures(self, designs: np.ndarray) -> tuple[Numbers, Numbers]:
        """Cost and latency of designs, (n,) each."""
        layers = np.arange(len(self.sizes))
        return self.cost[layers, designs].sum(axis=1), self.latency[layers, designs].sum(axis=1)


def random_search(options: Options, trials: int, seed: int) -> float:
    """The least cost of designs that are drawn evenly, infinity if none keeps the limit."""
    random = np.random.default_rng(seed)
    best = inf
    for start in range(0, trials, CHUNK):
        cost, latency = options.figures(options.random(min(CHUNK, trials - start), random))
        best = min(best, cost[latency <= options.limit].min(initial=inf))
    return best


def anneal(options: Options, trials: int, seed: int) -> float:
    """The least cost that simulated annealing finds, infinity if nothing keeps the limit.

    Chains are as long as there are many, but no more than `MOST_CHAINS`. What is beyond the limit costs its
    share of the limit times the median cost of a random design; the temperature falls from a tenth of that to
    a millionth.
    """
    random = np.random.default_rng(seed)
    chains = max(1, min(MOST_CHAINS, round(trials**0.5)))
    designs = options.random(chains, random)
    cost, latency = options.figures(designs)
    scale = float(np.median(cost))
    penalty = 10 * scale / abs(options.limit or 1)

    def energy(cost: Numbers, latency: Numbers) -> Numbers:
        excess = np.maximum(latency - options.limit, 0) if options.limit < inf else 0.0
        return cost + penalty * excess

    best = cost[latency <= options.limit].min(initial=inf)
    now = energy(cost, latency)
    rows = np.arange(chains)
    steps = trials // chains - 1
    for temperature in np.geomspace(scale / 10, scale / 1e6, max(steps, 1)):
        layer = random.integers(len(options.sizes), size=chains)
        other = (random.random(chains) * options.sizes[layer]).astype(np.int64)
        own = designs[rows, layer]
        new_cost = cost + options.cost[layer, other] - options.cost[layer, own]
        new_latency = latency + options.latency[layer, other] - options.latency[layer, own]
        then = energy(new_cost, new_latency)
        taken = random.random(chains) < np.exp(np.minimum((now - then) / temperature, 0))
        designs[rows[taken], layer[taken]] = other[taken]
        cost, latency = np.where(taken, new_cost, cost), np.where(taken, new_latency, latency)
        now = np.where(taken, then, now)
        best = min(best, cost[latency <= options.limit].min(initial=inf))
    return best


def attempts(problem: Problem, trials: Sequence[int], seed: int, least: float) -> Iterator[Attempt]:
    """Searches by trials, compared with the least cost."""
    options = Options(problem)
    for method, search in (("random search", random_search), ("simulated annealing", anneal)):
        for n in trials:
            start = time.perf_counter()
            cost = float(search(options, n, seed))
            seconds = time.perf_counter() - start
            found = cost < inf
            gap = round(cost / least - 1, GAP_DECIMALS) + 0.0 if found and least > 0 else None
            yield Attempt(method, n, cost if found else None, gap, seconds)


def choices(table: OptionTable, point: Point) -> list[dict[str, Any]]:
    """The row of each layer."""
    chosen = [
        (layer, layer.choices[position], position)
        for layer, position in zip(table.layers, point.positions, strict=True)
    ]
    return [
        {
            "layer": layer.name,
            **asdict(row),
            **{name: float(column[position]) for name, column in layer.columns.items()},
        }
        for layer, row, position in chosen
    ]


def with_cost(problem: Problem) -> Problem:
    """The problem with the sum of resources as one figure, `COST`, too."""
    layers = tuple(
        replace(
            layer, columns={**layer.columns, COST: np.sum([layer.columns[name] for name in RESOURCES], 0)}
        )
        for layer in problem.layers
    )
    return replace(problem, layers=layers, figures={**problem.figures, COST: Composition(added=COST)})


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was asked for."""
    start = time.perf_counter()
    table = read_tables(options.tables)
    problem = table.problem(options.max_latency)
    read_s = time.perf_counter() - start
    found = solve(problem)
    answer: dict[str, Any] = {
        "layers": len(table.layers),
        "combinations": problem.combinations,
        "left_out": list(map(str, table.left_out)),
        "max_latency": options.max_latency,
        "feasible": found is not None,
        "read_s": read_s,
        "exact_s": time.perf_counter() - start - read_s,
    }
    if found is None:
        why = explain(problem)
        return {**answer, **why.as_json(), "choices": choices(table, why.nearest)}
    answer |= {
        "cost": found.cost,
        "proven": found.proven,
        "bound": found.bound,
        "figures": dict(found.figures),
        "choices": choices(table, found),
    }
    if options.front:
        start = time.perf_counter()
        front = pareto(with_cost(problem), LATENCY, COST)
        answer["front_s"] = time.perf_counter() - start
        answer["front"] = [{name: point.figures[name] for name in (LATENCY, COST)} for point in front.points]
    answer["trials"] = [
        asdict(attempt) for attempt in attempts(problem, options.trials, options.seed, found.cost)
    ]
    return answer


def show(answer: dict[str, Any]) -> None:
    """Prints the answer for people."""
    size = f"{answer['layers']} layers, {answer['combinations']:,} combinations"
    print(f"{size}, read in {answer['read_s']:.3f} s")
    for row in answer["left_out"]:
        print(f"left out, since a figure is no number: {row}")
    if not answer["feasible"]:
        least = ", ".join(f"{name} {value:,.1f}" for name, value in answer["least"].items())
        print(f"no design keeps the limit, proven in {answer['exact_s']:.3f} s: the least is {least}")
        return
    print(f"{'layer':24} {'reuse':>8} {'LUT':>12} {'FF':>12} {'BRAM':>9} {'DSP':>9} {'latency':>12}")
    for row in [*answer["choices"], {"layer": "total", "reuse_factor": "", **answer["figures"]}]:
        print(
            f"{row['layer']:24} {row['reuse_factor']:>8} {row['lut']:12,.1f} {row['ff']:12,.1f}"
            f" {row['bram']:9,.1f} {row['dsp']:9,.1f} {row['latency']:12,.1f}"
        )
    proof = "proven" if answer["proven"] else f"not proven, at least {answer['bound']:,.1f}"
    print(f"exact: LUT + FF + BRAM + DSP = {answer['cost']:,.1f}, {proof}, {answer['exact_s']:.3f} s")
    if "front" in answer:
        print(f"front of latency and that sum: {len(answer['front'])} designs, {answer['front_s']:.3f} s")
    for row in answer["trials"]:
        cost = "nothing keeps the limit" if row["cost"] is None else f"{row['cost']:,.1f}"
        gap = "" if row["gap"] is None else f"{row['gap']:+.2%}"
        print(f"{row['method']:20} {row['trials']:>9,} trials {cost:>16} {gap:>8} {row['seconds']:8.3f} s")


def whole_numbers(text: str) -> list[int]:
    """Comma-separated numbers of trials."""
    return [int(number) for number in text.split(",") if number]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("tables", nargs="+", metavar="TABLE.csv")
    parser.add_argument("--max-latency", type=float)
    parser.add_argument("--trials", type=whole_numbers, default=[10**power for power in range(3, 7)])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--front", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    try:
        answer = run(options)
    except AccelgenError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    if options.json:
        print(json.dumps(answer, indent=1))
    else:
        show(answer)
    return 0 if answer["feasible"] else 1


if __name__ == "__main__":
    sys.exit(main())
