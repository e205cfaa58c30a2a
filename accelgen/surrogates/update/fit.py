"""Learns corrections, and only those that hold for architectures that they were not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from accelgen.surrogates.features import Flags, Layers, Numbers, from_records, measurements
from accelgen.surrogates.learn.apply import WORST, decimals, offset
from accelgen.surrogates.learn.boosting import Task, grow
from accelgen.surrogates.learn.columns import columns, design_columns
from accelgen.surrogates.learn.folds import group_folds
from accelgen.surrogates.learn.intervals import log_errors, quantile
from accelgen.surrogates.learn.scope import Scope, families, main_families, weighted
from accelgen.surrogates.learn.train import EXACT, GAIN, MIN_ROWS
from accelgen.surrogates.metrics import score, smape
from accelgen.surrogates.predict import Surrogates, predict
from accelgen.surrogates.record import TARGETS, Synthesis
from accelgen.surrogates.rules import Domain
from accelgen.surrogates.update.corrections import Corrected, Correction, within

MIN_GROUPS = 4
"""Architectures from which on anything is learned."""

FOLDS = 5

CERTAIN = 0.994
"""How sure it must be that a correction saves anything: some ten figures are tried at once."""

HARM = 0.1
"""Part of the error by which a correction may be worse on data that the estimates were trained on."""

KINDS = ("none", "shift", "trees")


@dataclass(frozen=True)
class Verdict:
    """What became of a target of a family of layers with a tool.

    Attributes:
        family: of layers.
        target: which figure.
        rows: of the user's results.
        groups: architectures among them.
        before: SMAPE in percent of what was served before, by corrections that did not see the architecture.
        after: the same with what was learned.
        kind: what serves now, one of `KINDS`.
        changed: whether that is new.
    """

    family: int
    target: str
    rows: int
    groups: int
    before: float
    after: float
    kind: str
    changed: bool


@dataclass(frozen=True)
class Row:
    """A result to learn from: the user's own or one that the estimates were trained on (``base``), and
    whether the corrections that serve now were learned from it.
    """

    synthesis: Synthesis
    base: bool = False
    seen: bool = False


@dataclass(frozen=True, eq=False)
class _Family:
    """Rows of a domain whose layer with the most products is of one family, and what the prior says of them.

    ``said`` are the figures of designs (d,), ``single`` those of the family's layers (m,).
    """

    rows: Sequence[Row]
    layers: Layers
    said: dict[str, Numbers]
    single: dict[str, Numbers]
    folds: npt.NDArray[np.int64]
    own: Flags

    @classmethod
    def of(cls, rows: Sequence[Row], family: int, domain: Domain, prior: Surrogates) -> _Family:
        syntheses = [row.synthesis for row in rows]
        layers = from_records([synthesis.design for synthesis in syntheses])
        members = families(layers) == family
        said = predict(layers, domain, prior)
        return cls(
            rows=rows,
            layers=layers.select(members),
            said={target: figures.value for target, figures in said.designs.items()},
            single={target: values[members] for target, values in said.layers.items()},
            folds=group_folds(syntheses, FOLDS),
            own=np.array([not row.base for row in rows], bool),
        )

    def measured(self, target: str) -> Numbers:
        return measurements((row.synthesis for row in self.rows), target)

    def names(self) -> npt.NDArray[np.int64]:
        """The architecture of each row, as a number, (d,)."""
        found: npt.NDArray[np.int64] = np.unique(
            [row.synthesis.group for row in self.rows], return_inverse=True
        )[1]
        return found

    def fit(self, target: str, kind: str, chosen: Flags) -> Correction:
        """The correction of a kind that chosen rows (d,) lead to."""
        measured = self.measured(target)
        chosen = chosen & ~np.isnan(measured)
        if kind == "none" or not chosen.any():
            return Correction()
        worst = target in WORST
        base = self.said[target] if worst else self.layers.total(self.single[target])
        rest = np.zeros(base.shape) if worst else self.said[target] - base
        usable = chosen & (base > 0) & (measured > rest)
        if not usable.any():
            return Correction()
        shift = float(np.median(np.log((measured - rest)[usable] / base[usable])))
        if kind == "shift" or usable.sum() < MIN_ROWS:
            return Correction(shift)
        parts = (self.said if worst else self.single)[target] * np.exp(shift)
        return Correction(shift, grow(Task.of(target, self.layers, parts, rest, measured, usable), target))

    def corrected(self, target: str, correction: Correction) -> Numbers:
        """The figures of designs with a correction, (d,)."""
        figures = columns(self.layers)
        if target in WORST:
            scaled: Numbers = self.said[target] * np.exp(
                correction.predict(design_columns(self.layers, figures))
            )
            return scaled
        added = self.single[target] * (np.exp(correction.predict(figures)) - 1)
        found: Numbers = np.maximum(self.said[target] + self.layers.total(added), 0)
        return found

    def held_out(self, target: str, kind: str, learned_from: Flags) -> Numbers:
        """Figures (d,) by corrections that did not see the row's architecture."""
        found: Numbers = self.said[target].copy()
        for fold in np.unique(self.folds):
            out = self.folds == fold
            found[out] = self.corrected(target, self.fit(target, kind, learned_from & ~out))[out]
        return found


def fit_domain(
    rows: Sequence[Row], domain: Domain, prior: Surrogates, current: dict[int, Corrected]
) -> tuple[dict[int, Corrected], list[Verdict]]:
    """Corrections for results with one tool, and how they were chosen.

    Args:
        rows: results with the tool that succeeded.
        domain: the tool.
        prior: estimates without corrections.
        current: the corrections that serve now.

    Raises:
        ImportError: XGBoost is not installed.
    """
    layers = from_records([row.synthesis.design for row in rows])
    own = np.array([not row.base for row in rows], bool)
    main, of_layer = main_families(layers), families(layers)
    parts = dict(current)
    verdicts: list[Verdict] = []
    for family in np.unique(main[own]).tolist():
        chosen = own & (main == family)
        groups = {row.synthesis.group for row in compress(rows, chosen)}
        if not weighted(family) or len(groups) < MIN_GROUPS:
            continue
        scope = Scope.of(layers.select((of_layer == family) & chosen[layers.design]))
        outside = (of_layer == family) & ~within(scope, layers, of_layer == family)
        chosen = (main == family) & ~layers.designs_with(outside)
        table = _Family.of(list(compress(rows, chosen)), family, domain, prior)
        part, found = _choose(table, family, scope, current.get(family))
        verdicts += found
        if part is not None:
            parts[family] = part
        else:
            parts.pop(family, None)
    return parts, verdicts


def _choose(
    table: _Family, family: int, scope: Scope, current: Corrected | None
) -> tuple[Corrected | None, list[Verdict]]:
    """What is to serve a family, None for the prior alone."""
    everything = np.ones(len(table.rows), bool)
    seen = np.array([row.seen for row in table.rows], bool)
    names = table.names()
    targets: dict[str, Correction] = {}
    widths: dict[str, float] = {}
    verdicts: list[Verdict] = []
    for target in TARGETS:
        measured = table.measured(target)
        own = table.own & ~np.isnan(measured)
        known = target in table.single or target in WORST  # of the others, layers have none
        if not known or len(set(names[own].tolist())) < MIN_GROUPS:
            continue
        was = _kind(current, target)
        before = table.held_out(target, was, seen)
        held = {"none": table.said[target]}
        if score(measured[own], table.said[target][own], decimals(target)).exact < EXACT:
            held |= {kind: table.held_out(target, kind, everything) for kind in KINDS[1:]}
        errors = {kind: _errors(measured, values, target) for kind, values in held.items()}
        kind = _best(errors, names, own, ~table.own & ~np.isnan(measured))
        if was != "none" and kind != "none":
            now = _errors(measured, before, target)
            if _mean(errors[kind], names, own) >= _mean(now, names, own):  # what serves is as good
                held[kind], kind = before, was
                assert current is not None
                targets[target] = current.targets[target]
        if kind != "none" and target not in targets:
            targets[target] = table.fit(target, kind, everything)
        kept = current is not None and targets.get(target) is current.targets.get(target)
        widths[target] = _width(measured[own], held[kind][own], names[own], target)
        verdicts.append(
            Verdict(
                family=family,
                target=target,
                rows=int(own.sum()),
                groups=len(set(names[own].tolist())),
                before=smape(measured[own], before[own]),
                after=smape(measured[own], held[kind][own]),
                kind=kind,
                changed=not (kept or (kind == was == "none")),
            )
        )
    if not targets:
        return None, verdicts
    return Corrected(scope, targets, widths), verdicts


def _kind(current: Corrected | None, target: str) -> str:
    correction = None if current is None else current.targets.get(target)
    if correction is None:
        return "none"
    return "shift" if correction.forest is None else "trees"


def _errors(measured: Numbers, said: Numbers, target: str) -> Numbers:
    """Absolute errors of logarithms, (d,)."""
    plus = max(offset(target), 1e-9)
    errors: Numbers = np.abs(np.log((np.maximum(said, 0) + plus) / (measured + plus)))
    return errors


def _mean(errors: Numbers, names: npt.NDArray[np.int64], chosen: Flags) -> float:
    """The mean over architectures of the mean of each."""
    return float(_by_group(errors, names, chosen).mean())


def _by_group(errors: Numbers, names: npt.NDArray[np.int64], chosen: Flags) -> Numbers:
    counts = np.bincount(names[chosen])
    sums = np.bincount(names[chosen], errors[chosen])
    means: Numbers = sums[counts > 0] / counts[counts > 0]
    return means


def _best(errors: dict[str, Numbers], names: npt.NDArray[np.int64], own: Flags, base: Flags) -> str:
    """The kind of correction that saves most of the error, "none" where no saving is certain.

    Savings are compared architecture by architecture, on those that the correction did not see.
    """
    best, least = "none", _mean(errors["none"], names, own)
    allowed = least * (1 - GAIN)
    for kind, values in errors.items():
        mean = _mean(values, names, own)
        if kind == "none" or mean >= min(least, allowed):
            continue
        saved = _by_group(errors["none"] - values, names, own)
        harmless = not base.any() or _mean(values, names, base) <= (1 + HARM) * _mean(
            errors["none"], names, base
        )
        if certain(saved) and harmless:
            best, least = kind, mean
    return best


def certain(savings: Numbers) -> bool:
    """Whether savings for architectures are above 0 on the whole, by Student's t (one-sided)."""
    margin = float(stdtrit(savings.size - 1, CERTAIN)) * savings.std(ddof=1) / sqrt(savings.size)
    return bool(savings.mean() > margin)


def _width(measured: Numbers, said: Numbers, names: npt.NDArray[np.int64], target: str) -> float:
    """Half the width of intervals on a log scale, from errors for architectures that were held out."""
    errors = log_errors(measured, said, offset(target))
    return float(f"{quantile(errors, len(set(names.tolist()))):.6g}") * (1 + 1e-5)
