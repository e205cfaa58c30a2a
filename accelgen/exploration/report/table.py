"""front.csv and front.jsonl: a line for each candidate."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from accelgen.estimation import RESOURCES
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.report.figures import all_quantities, figures_of


def to_csv(exploration: Exploration) -> str:
    """The front as CSV: figures with their intervals, shares of the part, verdicts, and choices by layer.

    Every row has every column; what is not known of a candidate is empty.
    """
    candidates = exploration.candidates
    figures = [figures_of(candidate) for candidate in candidates]
    shown = all_quantities(figures)
    rows: list[dict[str, Any]] = []
    for candidate, own in zip(candidates, figures, strict=True):
        row = _identity(candidate, exploration.best)
        for entry in shown:
            figure = own.get(entry.name)
            row[entry.name] = None if figure is None else figure.value
            if not entry.score:
                row[f"{entry.name}_low"] = None if figure is None else figure.low
                row[f"{entry.name}_high"] = None if figure is None else figure.high
        row |= _verdicts(candidate) | _choices(candidate)
        rows.append(row)
    columns = dict.fromkeys(column for row in rows for column in row)
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({column: _cell(value) for column, value in row.items()} for row in rows)
    return file.getvalue()


def to_jsonl(exploration: Exploration) -> str:
    """The candidates, each as `Candidate.as_json` on a line of its own."""
    return "".join(
        json.dumps(candidate.as_json(), allow_nan=False) + "\n" for candidate in exploration.candidates
    )


def _identity(candidate: Candidate, best: str) -> dict[str, Any]:
    design = candidate.design
    return {
        "name": candidate.name,
        "recommended": candidate.name == best,
        "part": design.part,
        "io_type": design.io_type.value,
        "target_clock_ns": design.clock_ns,
    }


def _verdicts(candidate: Candidate) -> dict[str, Any]:
    estimate = candidate.estimate
    shares = {name: None if share is None else round(share, 4) for name, share in estimate.shares.items()}
    return {
        **{f"{name}_share": shares[name] for name in RESOURCES},
        "fits": estimate.fits,
        "certain": estimate.certain,
        "in_domain": estimate.in_domain,
        "success_probability": None if estimate.success is None else round(estimate.success, 3),
    }


def _choices(candidate: Candidate) -> dict[str, Any]:
    """Strategy, reuse factor and width of weights of each layer that has them."""
    row: dict[str, Any] = {}
    for entry in candidate.estimate.layers:
        if entry.layer.strategy:
            row[f"strategy:{entry.layer.name}"] = entry.layer.strategy
            row[f"reuse_factor:{entry.layer.name}"] = entry.layer.reuse_factor
        if entry.layer.weight_bits:
            row[f"weight_bits:{entry.layer.name}"] = entry.layer.weight_bits
    return row


def _cell(value: object) -> object:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else value
