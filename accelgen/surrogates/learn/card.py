"""The card of the trained parts: data, licences, figures, and scores on held-out architectures."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.surrogates.features import Flags, Numbers, from_records
from accelgen.surrogates.learn import boosting
from accelgen.surrogates.learn.apply import decimals, offset
from accelgen.surrogates.learn.columns import COLUMNS
from accelgen.surrogates.learn.evaluate import SuccessScore, success_margin_score
from accelgen.surrogates.learn.folds import FOLDS
from accelgen.surrogates.learn.intervals import CONFIDENCE, log_errors
from accelgen.surrogates.learn.model import Part
from accelgen.surrogates.learn.scope import family_name, main_families
from accelgen.surrogates.learn.train import METHODS, HeldOut, Trained, width
from accelgen.surrogates.metrics import Score, score
from accelgen.surrogates.record import TARGETS, Synthesis
from accelgen.surrogates.rules import domain_of

LICENCES: Mapping[str, str] = {
    "wa-hls4ml dense chains": "sample from github.com/jdweitz/wa-hls4ml; the full set is CC-BY-NC-4.0",
    "wa-hls4ml single dense": "Apache-2.0 (github.com/Dendendelen/wa-hls4ml-search)",
    "N-TORC conv1d": "MIT (github.com/HeRCLab/N-TORC)",
    "N-TORC dense": "MIT (github.com/HeRCLab/N-TORC)",
    "N-TORC lstm": "MIT (github.com/HeRCLab/N-TORC)",
    "hls4ml project": "the projects' own (github.com/ArgyKokk/hls4ml_MLP_estimator)",
}


@dataclass(frozen=True)
class Line:
    """What serves one target of one family with one tool, and how well, on held-out architectures."""

    domain: str
    layers: str
    target: str
    serves: str
    smape: Mapping[str, float]
    score: Score
    coverage: float

    def as_json(self) -> dict[str, Any]:
        """The line as JSON, what is not defined as null."""
        return {
            "domain": self.domain,
            "layers": self.layers,
            "target": self.target,
            "serves": self.serves,
            "smape": {name: _json(value) for name, value in self.smape.items()},
            "score": {name: _json(value) for name, value in asdict(self.score).items()},
            "coverage": _json(self.coverage),
        }


def lines(trained: Trained) -> Iterator[Line]:
    """The scores that choices were made by, and the coverage of intervals that did not see a row's fold."""
    for domain, tried in trained.held_out.items():
        main = main_families(from_records([row.design for row in tried.rows]))
        for family in np.unique(main).tolist():
            for target in TARGETS:
                measured = tried.measured(target)
                rows = (main == family) & ~np.isnan(measured)
                if rows.any():
                    yield _line(tried, domain, family, target, rows)


def _line(tried: HeldOut, domain: str, family: int, target: str, rows: Flags) -> Line:
    measured = tried.measured(target)[rows]
    said = {method: own[target][rows] for method, own in tried.by_method.items()}
    return Line(
        domain=domain,
        layers=family_name(family),
        target=target,
        serves=METHODS[int(tried.served[target][rows][0])],
        smape={method: score(measured, values).smape for method, values in said.items()},
        score=score(measured, tried.prediction(target)[rows], decimals(target)),
        coverage=_coverage(tried, target, rows),
    )


def _coverage(tried: HeldOut, target: str, rows: Flags) -> float:
    """The share of rows (n,) that intervals hold whose widths come from the other folds."""
    held: list[Numbers] = []
    for fold in np.unique(tried.folds[rows]):
        own, others = rows & (tried.folds == fold), rows & (tried.folds != fold)
        if not others.any():
            continue
        errors = log_errors(tried.measured(target)[own], tried.prediction(target)[own], offset(target))
        held.append((errors <= width(tried, target, others)).astype(np.float64))
    return float(np.concatenate(held).mean()) if held else float("nan")


def write_card(folder: Path, trained: Trained, rows: Sequence[Synthesis], formats: Mapping[str, int]) -> None:
    """Write ``CARD.md`` and ``card.json``: no dates and no paths, so that the same data give the same bytes.

    ``formats`` counts the rows of each format that was read.
    """
    scores = list(lines(trained))
    success = success_margin_score(rows)
    card = {
        "data": {name: {"rows": count, "licence": _licence(name)} for name, count in formats.items()},
        "architectures": len({row.group for row in rows}),
        "features": list(COLUMNS),
        "confidence": CONFIDENCE,
        "scores": [line.as_json() for line in scores],
        "beyond": [
            {
                "domain": domain,
                "layers": family_name(family),
                "dimension": name,
                "reach": reach,
                "slopes": {
                    target: own[name][0] for target, own in part.transfer.slopes.items() if name in own
                },
            }
            for domain, family, part, name, reach in _tried(trained)
        ],
        "tools": {domain: dict(own) for domain, own in trained.learned.tools.items()},
        "success": None if success is None else success.as_json(),
    }
    text = json.dumps(card, indent=1, allow_nan=False)
    (folder / "card.json").write_text(text + "\n", encoding="utf-8")
    (folder / "CARD.md").write_text(_markdown(trained, rows, formats, scores, success), encoding="utf-8")


def _tried(trained: Trained) -> Iterator[tuple[str, int, Part, str, float]]:
    """What was tried on a tool's own rows: domain, family, its part, dimension, doublings beyond."""
    for domain, parts in trained.learned.parts.items():
        for family, part in parts.items():
            for name, (own, _) in part.transfer.reach.items():
                if own > 0 and any(
                    (trial.domain, trial.family, trial.dimension) == (domain, family, name)
                    for trial in trained.beyond
                ):
                    yield domain, family, part, name, own


def _licence(name: str) -> str:
    return LICENCES.get(name, "that of the table's sources")


def _markdown(
    trained: Trained,
    rows: Sequence[Synthesis],
    formats: Mapping[str, int],
    scores: Sequence[Line],
    success: SuccessScore | None,
) -> str:
    methods = list(dict.fromkeys(name for line in scores for name in line.smape))
    data = [(name, str(count), _licence(name)) for name, count in formats.items()]
    table = [
        (
            line.domain,
            line.layers,
            line.target,
            str(line.score.n),
            *(_text(line.smape.get(method), 2) for method in methods),
            line.serves,
            _text(100 * line.score.exact, 1),
            _text(line.score.r2, 4),
            _text(line.score.rmse, 2),
            _text(line.score.p75_ape, 2),
            _text(100 * line.coverage, 1),
        )
        for line in scores
    ]
    names = (
        "tool, stage",
        "layers",
        "target",
        "rows",
        *(f"SMAPE % of {method}" for method in methods),
        "serves",
        "exact %",
        "R2",
        "RMSE",
        "75 % of errors below %",
        f"coverage % of {100 * CONFIDENCE:g} % intervals",
    )
    return _TEXT.format(
        groups=len({row.group for row in rows}),
        domains=len({domain_of(row) for row in rows}),
        data=_table(("format", "rows", "licence"), data),
        features=", ".join(f"`{name}`" for name in COLUMNS),
        trees=boosting.TREES,
        depth=boosting.DEPTH,
        folds=FOLDS,
        confidence=f"{100 * CONFIDENCE:g}",
        scores=_table(names, table),
        beyond=_beyond(trained),
        tools=_tools(trained),
        success=_success(success),
    )


def _beyond(trained: Trained) -> str:
    targets = ("lut", "ff", "latency_cycles")
    rows = [
        (
            domain,
            family_name(family),
            f"`{name}`",
            _text(reach, 1),
            *(_percent(part.transfer.slopes.get(target, {}).get(name)) for target in targets),
        )
        for domain, family, part, name, reach in _tried(trained)
    ]
    names = ("tool, stage", "layers", "figure", "doublings tried", *(f"{target} %" for target in targets))
    return _table(names, rows)


def _percent(slopes: tuple[float, float] | None) -> str:
    return "" if slopes is None else _text(100 * np.expm1(slopes[0]), 1)


def _tools(trained: Trained) -> str:
    targets = ("lut", "ff", "latency_cycles", "dsp", "bram_18k")
    rows = [
        (domain, *(_text(float(np.exp(own[target])), 2) for target in targets))
        for domain, own in trained.learned.tools.items()
    ]
    return _table(("tool, stage", *targets), rows)


def _success(success: SuccessScore | None) -> str:
    if success is None:
        return "No failures were there to learn from."
    return (
        "Trees on the same figures, with probabilities by Platt's method. On held-out architectures of "
        f"{success.n:,} attempts, {success.failures:,} of which failed: "
        f"accuracy {100 * success.accuracy:.1f} %, "
        f"area under the ROC curve {success.roc_auc:.4f}, Brier score {success.brier:.4f}."
    )


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in (names, ["---"] * len(names), *rows))


def _text(value: float | None, digits: int) -> str:
    return "" if value is None or not np.isfinite(value) else f"{value:.{digits}f}"


def _json(value: float) -> float | None:
    return float(f"{value:.6g}") if np.isfinite(value) else None


_TEXT = """# Rules and boosted residuals

`../rules.json` holds what LUTs and FFs cost by the rules, `model.json` what was learned of the rules'
errors, how wide intervals are, which layers were synthesised, and whether layers synthesise.
`accelgen surrogate train --data DIR...` makes the same files again from the same data.

## Data

{groups} architectures, synthesised by {domains} tools and steps:

{data}

## What is learned

For each tool, family of layers and target: {trees} trees of depth {depth} (XGBoost) on the logarithm of what
the rules miss, a factor for each layer. They see {features}.
DSP blocks never fall with more multipliers, nor cycles with a larger reuse factor. Where rules are exact for
90 % of rows, or trees do not better them, rules serve.

## Scores

Every row is predicted by prices and trees that did not see its architecture ({folds} folds). Intervals are
conformal: as wide, on a log scale, as {confidence} % of such errors need; their coverage is that of widths
from the other folds. Where predictions are exact more often than that, intervals are points.

{scores}

## Will it synthesise

{success}

## Beyond what was synthesised

Layers beyond the ranges of the data are answered by rules, with intervals that are wider by what rules err
there: for each figure of a kernel, rows beyond a quarter, half and three quarters of its values are held out
above and below, prices are fitted to the rest, and the width for each doubling is what {confidence} % of
held-out rows need beyond that of rows within (squares of several figures add up). In percent of the estimate,
for a doubling of each figure alone:

{beyond}

`fast` is another generation of devices, `spread` a reuse factor below the number of inputs, tried on layers
of N-TORC's by prices of the other tool; `looped` is Resource strategy with a reuse factor of 1. Bits of
inputs and sums never varied: they go by the worse of counts and of bits of weights, since rules know
n_in x input_bits and n_out x sum_bits as one figure each. Beyond a tool's own trials those of the same kernel
with other tools say how wide intervals are. Cycles have one more for each layer with other widths, another
clock or device.

Layers that only another tool built have intervals wider by these factors, rules' errors at prices of the
other tools:

{tools}

## Where it does not hold

Layers farther beyond than was tried, of kinds that no tool built, and layers with weights that only another
tool built, are outside of the domain (`in_domain` is false). Their intervals are as wide as rules need at
prices of other tools.
"""
