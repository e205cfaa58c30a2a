"""How far estimates are from what tools report of real projects, whole and layer by layer.

    python benchmarks/reports.py ../shared/reports [--json]

Estimates that were learned from these very projects are nearer than those of others will be: beside what is
served stands, where the surrogates' card has it, the error of those that had not seen the architecture.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from accelgen.comparison import Comparison, compare, find_projects
from accelgen.comparison.words import NAMES
from accelgen.console import print_table
from accelgen.resources import data_dir
from accelgen.surrogates.metrics import score
from accelgen.surrogates.record import TARGETS

COLUMNS = ("n", "median", "75th", "worst", "within", "smape", "held out")
CARD = "boosting/card.json"


def held_out() -> dict[tuple[str, str], float]:
    """The symmetric error on architectures left out, by domain and target, of domains of one family."""
    card = json.loads((data_dir("surrogates") / CARD).read_text(encoding="utf-8"))
    found: dict[tuple[str, str], list[float]] = {}
    for row in card["scores"]:
        found.setdefault((row["domain"], row["target"]), []).append(row["score"]["smape"])
    return {key: own[0] for key, own in found.items() if len(own) == 1}


def of_designs(comparisons: Sequence[Comparison]) -> Iterator[dict[str, Any]]:
    """The errors of each step's figures."""
    known = held_out()
    steps = [step for comparison in comparisons for step in comparison.steps]
    for name in dict.fromkeys(step.name for step in steps):
        for target in TARGETS:
            own = [step for step in steps if step.name == name and target in step.measured]
            if not own:
                continue
            pairs = [(step.measured[target], step.estimate.total[target].value) for step in own]
            domains = {step.estimate.domain.name for step in own}
            yield {
                "of": name,
                "target": target,
                **errors(pairs),
                "within": sum(step.within(target) for step in own) / len(own),
                "held_out_smape": known.get((domains.pop(), target)) if len(domains) == 1 else None,
            }


def of_layers(comparisons: Sequence[Comparison]) -> Iterator[dict[str, Any]]:
    """The errors of the figures of layers' own functions in C synthesis, by kernel."""
    layers = [layer for comparison in comparisons for layer in comparison.layers]
    for kind in dict.fromkeys(layer.kind for layer in layers):
        for target in ("latency_max_cycles", "lut", "ff", "dsp", "bram_18k"):
            pairs = [
                (layer.csynth[target], layer.predicted.get(target, layer.predicted["latency_cycles"]))
                for layer in layers
                if layer.kind == kind and layer.csynth is not None and target in layer.csynth
            ]
            if any(measured for measured, _ in pairs):
                yield {"of": f"{kind} layers", "target": target, **errors(pairs)}


def errors(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Sizes of relative errors of (measured, predicted), zeros left out, and the symmetric error of all."""
    sizes = sorted(abs(predicted / measured - 1) for measured, predicted in pairs if measured)
    actual, predicted = zip(*pairs, strict=True)
    return {
        "n": len(pairs),
        "median": median(sizes) if sizes else None,
        "75th": sizes[(3 * (len(sizes) - 1) + 3) // 4] if sizes else None,
        "worst": sizes[-1] if sizes else None,
        "smape": score(actual, predicted).smape,
    }


def main() -> int:
    """Print the errors; exit code 1 where there is no project."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    comparisons = [compare(project) for folder in options.folders for project in find_projects(folder)]
    rows = [*of_designs(comparisons), *of_layers(comparisons)]
    if options.json:
        json.dump({"projects": len(comparisons), "errors": rows}, sys.stdout, indent=2)
        print()
    else:
        print_table(
            f"{len(comparisons)} projects", ("of", "figure", *COLUMNS), [*map(cells, rows)], right=COLUMNS
        )
    return 0 if comparisons else 1


def cells(row: dict[str, Any]) -> tuple[object, ...]:
    """A row of the table."""
    shares = (
        None if row.get(name) is None else f"{row[name]:.1%}"
        for name in ("median", "75th", "worst", "within")
    )
    left = row.get("held_out_smape")
    figures = (f"{row['smape']:.1f}%", None if left is None else f"{left:.1f}%")
    return (row["of"], NAMES[row["target"]], row["n"], *shares, *figures)


if __name__ == "__main__":
    raise SystemExit(main())
