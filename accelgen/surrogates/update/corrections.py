"""What the user's own results say of estimates: factors for layers like theirs, with intervals, in a file.

A correction holds within the range of the layers that it was learned from (`Scope`), and leaves all others as
they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.errors import ModelError
from accelgen.replacing import write_whole
from accelgen.surrogates.features import Flags, Layers, Numbers
from accelgen.surrogates.learn.apply import WORST, alone
from accelgen.surrogates.learn.columns import COLUMNS, Matrix, columns, design_columns
from accelgen.surrogates.learn.model import (
    MAX_BYTES,
    Success,
    checksum,
    no_constant,
    read_number,
    read_success,
    read_target,
    read_widths,
    success_as_json,
)
from accelgen.surrogates.learn.scope import FAMILIES, Scope, families, family_name, unlike
from accelgen.surrogates.learn.trees import Forest
from accelgen.surrogates.rules import Domain

FORMAT = 1

MOST_SHIFT = 10.0
"""Of a logarithm."""


def within(scope: Scope, layers: Layers, chosen: Flags) -> Flags:
    """Which of some chosen layers (n,) are within a scope."""
    members: Flags = chosen.copy()
    rows = np.flatnonzero(chosen)
    members[rows] = ~np.logical_or.reduce(unlike(scope.distances(layers, rows)), axis=0)
    return members


@dataclass(frozen=True)
class Correction:
    """The logarithm of a factor: a shift for all layers, and trees for what layers differ in."""

    shift: float = 0.0
    forest: Forest | None = None

    def predict(self, rows: Matrix) -> Numbers:
        """The logarithms, (n,), for figures of layers (n, columns)."""
        shifts = np.full(len(rows), self.shift)
        return shifts if self.forest is None else shifts + self.forest.predict(rows)


@dataclass(frozen=True)
class Corrected:
    """What was learned of a family of layers with a tool.

    Attributes:
        scope: the layers that it was learned from.
        targets: the correction of each target that has one.
        widths: half the width of intervals on a log scale, of each target that was measured.
    """

    scope: Scope
    targets: Mapping[str, Correction]
    widths: Mapping[str, float]

    def members(self, layers: Layers, of_family: Flags) -> Flags:
        """Which layers, (n,), of its family are within its scope."""
        return within(self.scope, layers, of_family)


@dataclass(frozen=True)
class Corrections:
    """All that was learned of the user's results.

    Attributes:
        prior: the checksum of the estimates that they correct.
        parts: by name of the domain, and by family.
        success: in place of that of the prior, None to leave it.
        rows: results that they were learned from.
    """

    prior: str = ""
    parts: Mapping[str, Mapping[int, Corrected]] = field(default_factory=dict)
    success: Success | None = None
    rows: int = 0

    def of(self, layers: Layers, domain: Domain) -> list[tuple[int, Corrected, Flags]]:
        """Families that something was learned of, with the layers (n,) that it holds for."""
        own = self.parts.get(domain.name, {})
        if not own:
            return []
        family = families(layers)
        found = [(number, part, part.members(layers, family == number)) for number, part in own.items()]
        return [(number, part, members) for number, part, members in found if members.any()]


Applied = list[tuple[int, Corrected, Flags]]


def correct(
    layers: Layers, applied: Applied, designs: dict[str, Numbers], single: dict[str, Numbers]
) -> None:
    """Correct figures of designs (d,) and layers (n,), by target.

    A design's worst figure is corrected where all of its layers that multiply are.
    """
    for _, part, members in applied:
        own = layers.select(members)
        rows = columns(own)
        for target, correction in part.targets.items():
            if target in WORST:
                factor = np.exp(correction.predict(design_columns(own, rows)))
                designs[target] = np.where(alone(layers, members), designs[target] * factor, designs[target])
                continue
            before = single[target]
            after = before.copy()
            after[members] *= np.exp(correction.predict(rows))
            single[target] = after
            designs[target] = np.maximum(designs[target] + layers.total(after - before), 0)


def with_own_widths(widths: dict[str, Numbers], applied: Applied) -> dict[str, Numbers]:
    """Widths of layers (n,) by target, those that results are like as these say."""
    for _, part, members in applied:
        for target, width in part.widths.items():
            widths[target] = np.where(members, width, widths[target])
    return widths


def without_reasons(outside: Mapping[str, Flags], layers: Layers, applied: Applied) -> Mapping[str, Flags]:
    """Why designs (d,) are outside of all data, but for what the user's own hold."""
    found = dict(outside)
    for number, _, members in applied:
        missed = (families(layers) == number) & ~members
        own = layers.designs_with(missed)
        for reason, marks in outside.items():
            if reason.startswith(f"{family_name(number)}: "):
                found[reason] = marks & own
    return {reason: marks for reason, marks in found.items() if marks.any()}


def save(corrections: Corrections, path: Path) -> None:
    """Write corrections as JSON with a checksum, whole or not at all."""
    model = {
        "prior": corrections.prior,
        "rows": corrections.rows,
        "columns": list(COLUMNS),
        "parts": {
            domain: {family_name(family): _as_json(part) for family, part in own.items()}
            for domain, own in corrections.parts.items()
        },
        "success": None if corrections.success is None else success_as_json(corrections.success),
    }
    text = json.dumps({"format": FORMAT, "sha256": checksum(model), "corrections": model})
    write_whole(path, f"{text}\n".encode())


def load(path: Path) -> Corrections:
    """Read what `save` wrote.

    Raises:
        ModelError: the file is damaged, was changed, or holds what no update writes.
    """
    advice = "remove it, or run 'accelgen surrogate update --revert'"
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path} is larger than any file of corrections; {advice}")
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=no_constant)
        if data["format"] != FORMAT or data["sha256"] != checksum(data["corrections"]):
            raise ModelError(f"{path} was changed after it was learned, or is of another format; {advice}")
        return _read(data["corrections"])
    except ModelError as error:
        text = str(error)
        raise ModelError(text if text.startswith(str(path)) else f"{path}: {text}; {advice}") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, RecursionError):
        raise ModelError(f"{path} is damaged; {advice}") from None


def fingerprint(folder: Path) -> str:
    """The checksum of the trained files in a folder, by which corrections know what they correct."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".json", ".npz") and path.name != "card.json":
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _as_json(part: Corrected) -> dict[str, Any]:
    return {
        "scope": part.scope.as_json(),
        "targets": {
            target: {"shift": own.shift, "forest": None if own.forest is None else own.forest.as_json()}
            for target, own in part.targets.items()
        },
        "widths": dict(part.widths),
    }


def _read(model: Any) -> Corrections:
    if model["columns"] != list(COLUMNS):
        raise ModelError("it was learned of other figures than this version computes")
    success = model["success"]
    return Corrections(
        prior=str(model["prior"]),
        parts={
            Domain.parse(domain).name: {FAMILIES[name]: _part(part) for name, part in own.items()}
            for domain, own in model["parts"].items()
        },
        success=None if success is None else read_success(success),
        rows=int(model["rows"]),
    )


def _part(data: Any) -> Corrected:
    return Corrected(
        scope=Scope.from_json(data["scope"]),
        targets={read_target(target): _correction(own) for target, own in data["targets"].items()},
        widths=read_widths(data["widths"]),
    )


def _correction(data: Any) -> Correction:
    shift = read_number(data["shift"])
    if abs(shift) > MOST_SHIFT:
        raise ModelError("a correction is larger than any")
    forest = data["forest"]
    return Correction(shift, None if forest is None else Forest.from_json(forest, len(COLUMNS)))
