"""Whether intervals hold beyond what was synthesised, and what that makes of estimates for real models.

    python benchmarks/transfer.py [--data DIR...] [--models DIR] [--no-trials] [--json]

First, each family of layers and each of its figures: rows beyond a quantile of its values, above or below,
are held out, all is learned from the rest of the tool's rows, intervals and how they widen included, and the
shares of rows are counted that are in the domain, and that intervals hold. Then the models of ``--models``
and the shipped jet tagger: how many of their layers are in the domain, and by which factor the 90 % intervals
of LUTs, FFs and cycles reach from the estimate, for both strategies and both kinds of io.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from shared_data import SHARED, add_data

import accelgen
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.errors import AccelgenError
from accelgen.estimation import find_domain
from accelgen.ir import FixedType
from accelgen.surrogates.dataset import read
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import from_records
from accelgen.surrogates.learn.evaluate import answer
from accelgen.surrogates.learn.scope import family_name
from accelgen.surrogates.learn.train import train, usable_rows
from accelgen.surrogates.learn.trials import held_out_ranges
from accelgen.surrogates.predict import Surrogates, predict
from accelgen.surrogates.record import Synthesis
from accelgen.surrogates.rules import DEFAULT_DOMAIN, domain_of

TAGGER = Path(__file__).resolve().parent.parent / "examples/jet_tagger/model.keras"
TARGETS = ("lut", "ff", "latency_cycles", "dsp")
CHOICES = ((Strategy.RESOURCE, 64), (Strategy.RESOURCE, 8), (Strategy.LATENCY, 1))
LATENCY_TOOL = "Vitis HLS 2021.1"
PRECISION = FixedType(16, 6)
"""Of models with float weights."""


@dataclass(frozen=True)
class Held:
    """Rows beyond a range: how many, how many of them in the domain, and the share that intervals hold."""

    tool: str
    layers: str
    dimension: str
    rows: int
    in_domain: float
    coverage: dict[str, float]


@dataclass(frozen=True)
class Answer:
    """An estimate of a model: layers in the domain, and highs of intervals as multiples of the estimates."""

    model: str
    io_type: str
    strategy: str
    reuse_factor: int
    tool: str
    layers: int
    layers_in_domain: int
    in_domain: bool
    lut: float
    ff: float
    latency: float


def beyond(rows: Sequence[Synthesis]) -> Iterator[Held]:
    """Trials of each domain, by what was learned from the rest of its rows."""
    domains: dict[str, list[Synthesis]] = {}
    for row in rows:
        if row.success and row.targets:
            domains.setdefault(domain_of(row).name, []).append(row)
    for name, own in sorted(domains.items()):
        for family, dimension, held in held_out_ranges(own):
            trained = train([row for row, out in zip(own, held, strict=True) if not out])
            found = answer(
                [row for row, out in zip(own, held, strict=True) if out],
                Surrogates(trained.prices, trained.learned),
            )
            coverage: dict[str, float] = {}
            for target in TARGETS:
                measured, figures = found.measured(target), found.figures[target]
                known = ~np.isnan(measured)
                if known.any():
                    inside = (figures.low <= measured) & (measured <= figures.high)
                    coverage[target] = float(inside[known].mean())
            yield Held(
                name, family_name(family), dimension, int(held.sum()), float(found.inside.mean()), coverage
            )


def models(folder: Path) -> Iterator[tuple[str, Path]]:
    """The jet tagger and the models of a folder, each with a name."""
    yield "jet_tagger", TAGGER
    for path in sorted(folder.glob("*/")):
        files = [file for file in sorted(path.glob("model.*")) if file.suffix != ".npz"]
        if files:
            yield path.name, files[0]


def answers(folder: Path) -> Iterator[Answer]:
    """Estimates of models, with the default tool, and with that of the Latency strategy."""
    for name, path in models(folder):
        model = accelgen.load(path)
        try:
            network = model.exact()
        except AccelgenError:
            network = model.exact(precision=PRECISION)
        for io_type in IoType:
            for strategy, factor in CHOICES:
                design = Design(
                    part="xczu9eg-ffvb1156-2-e", io_type=io_type, default=LayerDesign(strategy, factor)
                )
                try:
                    record = describe(network, legalize(network, design)[0])
                except AccelgenError:
                    continue
                layers = from_records([record])
                latency = find_domain(LATENCY_TOOL)
                for domain in (DEFAULT_DOMAIN, *([latency] if strategy is Strategy.LATENCY else [])):
                    found = predict(layers, domain)
                    single = from_records(
                        [replace(record, layers=(replace(layer, inputs=()),)) for layer in record.layers]
                    )
                    widths = [
                        float((figures.high[0] + 1) / (figures.value[0] + 1))
                        for target in ("lut", "ff", "latency_cycles")
                        if (figures := found.designs[target])
                    ]
                    yield Answer(
                        name,
                        io_type.value,
                        strategy.value,
                        factor,
                        f"{domain.tool} {domain.version}",
                        len(record.layers),
                        int(predict(single, domain).in_domain.sum()),
                        bool(found.in_domain[0]),
                        *widths,
                    )


def main() -> int:
    """Print both as Markdown or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_data(parser)
    parser.add_argument("--models", type=Path, default=SHARED / "models")
    parser.add_argument("--no-trials", action="store_true", help="leave the held-out ranges out: minutes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    tried = [] if options.no_trials else list(beyond(usable_rows(read(*options.data))))
    found = list(answers(options.models))
    if options.json:
        print(json.dumps({"beyond": list(map(asdict, tried)), "models": list(map(asdict, found))}, indent=1))
        return 0
    if tried:
        print(f"| tool, stage | layers | held out by | rows | in domain | {' | '.join(TARGETS)} |")
        print(f"|---|---|---|---:|---:|{'---:|' * len(TARGETS)}")
        for line in tried:
            shares = " | ".join(f"{line.coverage.get(target, np.nan):.0%}" for target in TARGETS)
            held_out = f"{line.tool} | {line.layers} | {line.dimension} | {line.rows} | {line.in_domain:.0%}"
            print(f"| {held_out} | {shares} |")
        total = np.array([line.rows for line in tried])
        for target in TARGETS:
            held = np.array([line.coverage.get(target, np.nan) for line in tried])
            known = ~np.isnan(held)
            print(f"\n{target}: {np.average(held[known], weights=total[known]):.1%} of rows held", end="")
        print("\n")
    print(
        "| model | io_type | strategy | RF | tool | layers in domain | in domain | LUT x | FF x | cycles x |"
    )
    print("|---|---|---|---:|---|---:|---|---:|---:|---:|")
    for line in found:
        print(
            f"| {line.model} | {line.io_type} | {line.strategy} | {line.reuse_factor} | {line.tool} "
            f"| {line.layers_in_domain} of {line.layers} | {'yes' if line.in_domain else 'no'} "
            f"| {line.lut:.2f} | {line.ff:.2f} | {line.latency:.2f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
