"""Scores the analytic rules on real syntheses, and fits their prices.

    python benchmarks/rules.py ../shared/data/synthesis ../shared/reports [--folds N] [--json] [--save FILE]

Prices are fitted without the architectures that they are tried on (all rows of a group stand on one side), in
as many folds as groups or ``--folds``. Further lines: fitted on chains of two layers and tried on three; the
share of attempts whose failure is foretold; estimates a second. ``--save`` writes prices of all data instead.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from accelgen.surrogates import dataset
from accelgen.surrogates.features import from_records, measurements
from accelgen.surrogates.metrics import Score, score
from accelgen.surrogates.record import TARGETS, Synthesis
from accelgen.surrogates.rules import domain_of, estimate, synthesises
from accelgen.surrogates.rules.calibrate import calibrate, without
from accelgen.surrogates.rules.prices import Prices, save_prices

CLOCK_DECIMALS = 3


@dataclass(frozen=True)
class Line:
    """The score of one target on one set of rows."""

    rows: str
    target: str
    score: Score


def name_of(row: Synthesis) -> str:
    """The set that a row belongs to: its file, or "projects"."""
    return Path(row.source).stem if row.source.endswith(".csv") else "projects"


def predict(rows: Sequence[Synthesis], prices: Prices) -> dict[str, np.ndarray]:
    """Estimates of rows of one domain, by target."""
    return dict(estimate(from_records([row.design for row in rows]), domain_of(rows[0]), prices).designs)


def compare(name: str, rows: Sequence[Synthesis], predicted: dict[str, np.ndarray]) -> Iterator[Line]:
    """The score of every target that was measured."""
    for target in TARGETS:
        actual = measurements(rows, target)
        known = ~np.isnan(actual)
        if known.any() and actual[known].any():
            decimals = CLOCK_DECIMALS if target == "clock_ns" else 0
            yield Line(name, target, score(actual[known], predicted[target][known], decimals))


def held_out(name: str, rows: Sequence[Synthesis], others: Sequence[Synthesis], folds: int) -> Iterator[Line]:
    """Scores of rows whose architectures the prices do not know."""
    groups = sorted({row.group for row in rows})
    order = np.random.default_rng(0).permutation(len(groups))
    tried: list[Synthesis] = []
    found: list[dict[str, np.ndarray]] = []
    for fold in range(min(folds, len(groups))):
        left_out = {groups[index] for index in order[fold::folds]}
        chosen = [row for row in rows if row.group in left_out]
        found.append(predict(chosen, calibrate(without(others, left_out))))
        tried += chosen
    yield from compare(
        name, tried, {target: np.concatenate([part[target] for part in found]) for target in found[0]}
    )


def deeper(rows: Sequence[Synthesis]) -> Iterator[Line]:
    """Scores of chains of three layers, with prices of chains of two."""
    longer = [row for row in rows if len(row.design.layers) > 2]
    if longer and len(longer) < len(rows):
        prices = calibrate([row for row in rows if len(row.design.layers) == 2])
        yield from compare(f"{name_of(longer[0])}, 2 to 3 layers", longer, predict(longer, prices))


def foretold(rows: Sequence[Synthesis]) -> float:
    """The share of attempts of which it is foretold whether they succeed."""
    expected = synthesises(from_records([row.design for row in rows]), domain_of(rows[0]))
    return float(np.mean(expected == [row.success for row in rows]))


def speed(rows: Sequence[Synthesis], prices: Prices, designs: int = 20_000) -> float:
    """Designs a second of one domain, features included."""
    records = [rows[index % len(rows)].design for index in range(designs)]
    start = time.perf_counter()
    estimate(from_records(records), domain_of(rows[0]), prices)
    return designs / (time.perf_counter() - start)


def show(line: Line) -> str:
    """A row of the table."""
    s = line.score
    figures = f"{s.n} | {s.exact:.1%} | {s.r2:.4f} | {s.smape:.2f} | {s.rmse:.4g} | {s.p75_ape:.2f}"
    return f"| {line.rows} | {line.target} | {figures} |"


def main() -> int:
    """Print the scores as Markdown or JSON, or write prices."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    table = dataset.read(*options.data)
    if options.save:
        save_prices(calibrate(table), options.save)
        return 0
    sets: dict[str, list[Synthesis]] = {}
    for row in table:
        sets.setdefault(name_of(row), []).append(row)
    lines: list[Line] = []
    notes: dict[str, float] = {}
    everything = calibrate(table)
    for name, attempts in sets.items():
        rows = [row for row in attempts if row.success]
        others = [row for row in table if domain_of(row) == domain_of(rows[0])]
        lines += [*held_out(name, rows, others, options.folds), *deeper(rows)]
        if len(rows) < len(attempts):
            notes[f"{name}: failures foretold"] = foretold(attempts)
        notes[f"{name}: designs a second"] = speed(rows, everything)
    if options.json:
        print(json.dumps({"scores": [asdict(line) for line in lines], "notes": notes}, indent=1))
        return 0
    print("| rows | target | n | exact | R2 | SMAPE % | RMSE | 75th percentile % |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    print("\n".join(show(line) for line in lines))
    print("\n".join(f"{name}: {value:.4g}" for name, value in notes.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
