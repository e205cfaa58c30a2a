"""Training: from measurements to prices, residuals, intervals and the choice of what serves which target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import compress

import numpy as np
import numpy.typing as npt

from accelgen.surrogates.dataset import unique
from accelgen.surrogates.features import Flags, Layers, Numbers, from_records, measurements
from accelgen.surrogates.learn.apply import WORST, corrected, decimals, known_layers, offset
from accelgen.surrogates.learn.boosting import Task, grow
from accelgen.surrogates.learn.folds import group_folds
from accelgen.surrogates.learn.intervals import log_errors, quantile
from accelgen.surrogates.learn.model import Learned, Part
from accelgen.surrogates.learn.scope import WIRING, Scope, families, main_families
from accelgen.surrogates.learn.success import fit_success
from accelgen.surrogates.learn.trees import Forest
from accelgen.surrogates.learn.trials import Trial, between_devices, between_loops, trials, with_transfers
from accelgen.surrogates.metrics import score
from accelgen.surrogates.record import TARGETS, Synthesis
from accelgen.surrogates.rules import Domain, Estimate, Prices, domain_of, estimate
from accelgen.surrogates.rules.calibrate import calibrate
from accelgen.surrogates.rules.prices import TARGETS as PRICED

MIN_ROWS = 20
"""Syntheses of a family from which on trees are tried."""

FEW_GROUPS = 6
"""Architectures from which on they stand for all."""

EXACT = 0.9
"""Share of exact predictions from which on rules serve a target."""

GAIN = 0.02
"""Part of a rule's error that another method must save to serve instead."""

LEAST_TRANSFER = 0.25

METHODS = ("rules", "boosting", "graph")

Graph = Callable[[Sequence[Synthesis]], Mapping[str, Numbers]]
"""Predictions of the graph network by target (n,), by networks that did not see the row's architecture."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions for the n rows of one domain by methods that did not see their architecture.

    Attributes:
        rows: the measurements.
        folds: (n,).
        by_method: figures by method and target, (n,).
        served: the method that serves each target of each row, by target (n,) as position in `METHODS`.
        inside: rows that the other folds' measurements are like, (n,).
    """

    rows: Sequence[Synthesis]
    folds: npt.NDArray[np.int64]
    by_method: Mapping[str, Mapping[str, Numbers]]
    inside: Flags
    served: dict[str, npt.NDArray[np.int64]]

    def measured(self, target: str) -> Numbers:
        """What was measured, (n,), NaN where it was not."""
        return measurements(self.rows, target)

    def prediction(self, target: str) -> Numbers:
        """What the methods that serve say, (n,)."""
        choice = self.served[target]
        return np.choose(
            choice, [self.by_method.get(method, self.by_method["rules"])[target] for method in METHODS]
        )


@dataclass(frozen=True)
class Trained:
    """What training gives.

    ``held_out`` by name of the domain is what the choices were made by, ``beyond`` the trials on held-out
    ranges that say how intervals widen.
    """

    prices: Prices
    learned: Learned
    held_out: Mapping[str, HeldOut]
    beyond: Sequence[Trial] = ()


def usable_rows(rows: Iterable[Synthesis]) -> list[Synthesis]:
    """Each synthesis once, in an order that does not depend on where they were read.

    Whether DSP blocks were allowed does not part those that are equal in all else.
    """
    different: dict[tuple[str, tuple[tuple[str, float], ...]], Synthesis] = {}
    for row in unique(rows):
        key = replace(
            row, design=replace(row.design, dsp_multipliers=True), source="", per_layer={}, targets={}
        )
        figures = tuple(sorted(row.targets.items()))
        different.setdefault((repr(key), figures), row)
    return [different[key] for key in sorted(different)]


def train(rows: Iterable[Synthesis], graph: Graph | None = None) -> Trained:
    """Learn all there is to learn. The same rows give the same.

    ``graph`` predicts rows of a domain by the graph network, where that is to be chosen from.

    Raises:
        ImportError: XGBoost is not installed.
    """
    table = usable_rows(rows)
    measured = [row for row in table if row.success and row.targets]
    by_domain: dict[Domain, list[Synthesis]] = {}
    for row in measured:
        by_domain.setdefault(domain_of(row), []).append(row)
    prices = calibrate(measured)
    parts: dict[str, dict[int, Part]] = {}
    held_out: dict[str, HeldOut] = {}
    for domain in sorted(by_domain, key=lambda domain: domain.name):
        own = by_domain[domain]
        tried = hold_out(own, domain, graph)
        parts[domain.name] = with_widths(fit_parts(own, domain, prices, tried), tried)
        held_out[domain.name] = tried
    parts, tried_beyond = _beyond(by_domain, parts, prices)
    tools, far = _between_tools(by_domain)
    learned = Learned(parts, tools, far, fit_success(table))
    return Trained(prices, learned, held_out, tried_beyond)


@dataclass(frozen=True, eq=False)
class _Ruled:
    """Rows of a domain with their layers and what the rules say of them."""

    rows: Sequence[Synthesis]
    domain: Domain
    layers: Layers
    ruled: Estimate

    @classmethod
    def of(cls, rows: Sequence[Synthesis], domain: Domain, prices: Prices) -> _Ruled:
        layers = from_records([row.design for row in rows])
        return cls(rows, domain, layers, estimate(layers, domain, prices))

    def measured(self, target: str) -> Numbers:
        return measurements(self.rows, target)

    def have(self, family: int) -> Flags:
        """Rows with layers of a family, (d,)."""
        return self.layers.designs_with(families(self.layers) == family)


def hold_out(rows: Sequence[Synthesis], domain: Domain, graph: Graph | None = None) -> HeldOut:
    """Predict rows of one domain by what is learned without their architectures, and choose what serves."""
    folds = group_folds(rows)
    empty = {target: np.full(len(rows), np.nan) for target in TARGETS}
    found = {method: {target: values.copy() for target, values in empty.items()} for method in METHODS[:2]}
    inside = np.zeros(len(rows), bool)
    for fold in np.unique(folds):
        out = folds == fold
        others = list(compress(rows, ~out))
        prices = calibrate(others)
        learned = Learned({domain.name: fit_parts(others, domain, prices)})
        trial = _Ruled.of(list(compress(rows, out)), domain, prices)
        known = known_layers(trial.layers, domain, learned)
        boosted, _ = corrected(trial.layers, trial.ruled, known)
        inside[out] = ~trial.layers.designs_with(~known.inside)
        for target in TARGETS:
            found["rules"][target][out] = trial.ruled.designs[target]
            found["boosting"][target][out] = boosted[target]
    if graph is not None:
        found["graph"] = {**found["rules"], **graph(rows)}
    result = HeldOut(rows, folds, found, inside, {})
    choose(result, from_records([row.design for row in rows]))
    return result


def choose(tried: HeldOut, layers: Layers) -> None:
    """Choose the method for each target of each family; a row follows its family with the most weights."""
    main = main_families(layers)
    for target in TARGETS:
        measured = tried.measured(target)
        chosen = np.zeros(len(tried.rows), np.int64)
        for family in np.unique(main):
            rows = (main == family) & ~np.isnan(measured)
            if rows.any():
                said = {method: own[target][rows] for method, own in tried.by_method.items()}
                chosen[main == family] = METHODS.index(best_method(measured[rows], said, decimals(target)))
        tried.served[target] = chosen


def best_method(measured: Numbers, said: Mapping[str, Numbers], digits: int = 0) -> str:
    """The method with the least SMAPE; rules serve unless another saves `GAIN` and does not cost in RMSE.

    Predictions are exact where they equal what was measured once rounded to ``digits``.
    """
    rules = score(measured, said["rules"], digits)
    if rules.exact >= EXACT or not np.isfinite(rules.smape):
        return "rules"
    best, least = "rules", rules.smape * (1 - GAIN)
    for method, values in said.items():
        own = score(measured, values, digits)
        if method != "rules" and own.smape < least and own.rmse <= rules.rmse * (1 + GAIN):
            best, least = method, own.smape
    return best


def fit_parts(
    rows: Sequence[Synthesis], domain: Domain, prices: Prices, tried: HeldOut | None = None
) -> dict[int, Part]:
    """What is learned of one domain; all that can be unless ``tried`` says what serves."""
    table = _Ruled.of(rows, domain, prices)
    main = main_families(table.layers)
    own_family = families(table.layers)
    depth = np.bincount(table.layers.design, table.layers.weight_bits > 0, len(rows))
    parts: dict[int, Part] = {}
    for family in np.unique(own_family).tolist():
        if family in WIRING:
            continue
        members = own_family == family
        leading = main == family
        forests: dict[str, Forest] = {}
        graph: list[str] = []
        for target in TARGETS:
            method = "boosting" if tried is None else METHODS[_only(tried.served[target][leading])]
            if method == "graph":
                graph.append(target)
            elif method == "boosting":
                forest = _forest(table, members, leading, target)
                if forest is not None:
                    forests[target] = forest
        parts[family] = Part(
            Scope.of(table.layers.select(members)),
            int(depth[table.have(family)].max()),
            forests,
            frozenset(graph),
        )
    return parts


def _only(values: npt.NDArray[np.int64]) -> int:
    return int(values[0]) if values.size else 0


def _forest(table: _Ruled, members: Flags, leading: Flags, target: str) -> Forest | None:
    """Trees for a target of a family, None where there is nothing to learn."""
    measured = table.measured(target)
    said = table.ruled.designs[target]
    chosen = leading & ~np.isnan(measured) & (said + offset(target) > 0)
    groups = {row.group for row in compress(table.rows, chosen)}
    if (
        chosen.sum() < MIN_ROWS
        or len(groups) < 2
        or score(measured[chosen], said[chosen], decimals(target)).exact >= EXACT
    ):
        return None
    own = table.layers.select(members)
    if target in WORST:
        return grow(Task.of(target, own, said, np.zeros(said.shape), measured, chosen), target)
    base = table.ruled.layers.get(target)
    if base is None:
        return None
    rest = said - table.layers.total(np.where(members, base, 0.0))
    return grow(Task.of(target, own, base[members], rest, measured, chosen), target)


def with_widths(parts: Mapping[int, Part], tried: HeldOut) -> dict[int, Part]:
    """Parts with intervals, from the errors of held-out rows that have such layers.

    Rows that the other folds' measurements are like say how wide they are, as far as there are any.
    """
    layers = from_records([row.design for row in tried.rows])
    own_family = families(layers)
    found: dict[int, Part] = {}
    for family, part in parts.items():
        have = layers.designs_with(own_family == family)
        like = have & tried.inside
        widths: dict[str, float] = {}
        rule_widths: dict[str, float] = {}
        for target in TARGETS:
            known = have & ~np.isnan(tried.measured(target))
            if known.any():
                rows = like if (like & known).any() else have
                widths[target] = width(tried, target, rows)
                rule_widths[target] = max(width(tried, target, rows, "rules"), widths[target])
        found[family] = replace(part, widths=widths, rule_widths=rule_widths)
    return found


def width(tried: HeldOut, target: str, rows: Flags, method: str | None = None) -> float:
    """Half the width of intervals for rows (n,), on a log scale, of what serves or of one method.

    Of few architectures the one that needs most counts, since a further one may be as unlike.
    """
    known = rows & ~np.isnan(tried.measured(target))
    said = tried.prediction(target) if method is None else tried.by_method[method][target]
    errors = log_errors(tried.measured(target)[known], said[known], offset(target))
    names = [row.group for row in compress(tried.rows, known)]
    groups = np.unique(names, return_inverse=True)[1]
    count = int(groups.max(initial=0)) + 1
    if count < FEW_GROUPS:
        return _short(max(quantile(errors[groups == group], 1) for group in range(count)))
    return _short(quantile(errors, count))


def _short(value: float) -> float:
    return float(f"{value:.6g}") * (1 + 1e-5)  # rounded, and upwards


def _beyond(
    by_domain: Mapping[Domain, Sequence[Synthesis]], parts: Mapping[str, Mapping[int, Part]], prices: Prices
) -> tuple[dict[str, dict[int, Part]], list[Trial]]:
    """Parts with widths of all targets and with what trials say of how they grow beyond, and the trials."""
    filled = {domain: _with_all_widths(own, parts) for domain, own in parts.items()}
    tried: list[Trial] = []
    for domain in sorted(by_domain, key=lambda domain: domain.name):
        tried += trials(by_domain[domain], domain, filled[domain.name])
    tried += between_loops(by_domain, filled, prices)
    tried += between_devices(by_domain, filled)
    return with_transfers(filled, tried), tried


def _with_all_widths(own: Mapping[int, Part], parts: Mapping[str, Mapping[int, Part]]) -> dict[int, Part]:
    """Parts with widths of targets that a tool did not report, from others, but for what has prices."""
    found: dict[int, Part] = {}
    for family, part in own.items():
        alike = [other[family] for other in parts.values() if family in other]
        widths, rule_widths = dict(part.widths), dict(part.rule_widths)
        for target in TARGETS:
            known = [other.rule_widths[target] for other in alike if target in other.rule_widths]
            if target not in widths and target not in PRICED and known:
                widths[target] = rule_widths[target] = max(known)
        found[family] = replace(part, widths=widths, rule_widths=rule_widths)
    return found


def _between_tools(
    by_domain: Mapping[Domain, Sequence[Synthesis]],
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Widths of intervals of rules at prices of other tools, by domain and target, and the worst by target.

    Each domain is predicted at prices of the others, as far as those hold any; its worst family counts, and
    no width is less than `LEAST_TRANSFER`, however well a rule held everywhere so far.
    """
    least = {**dict.fromkeys(TARGETS, LEAST_TRANSFER), "uram": 0.0}  # none was ever seen
    tools: dict[str, dict[str, float]] = {}
    for domain in by_domain:
        found = {
            target: max(quantile(own, groups) for own, groups in errors)
            for target, errors in _errors_at_other_prices(by_domain, domain).items()
        }
        if set(PRICED) <= set(found):
            tools[domain.name] = {
                target: _short(max(found.get(target, 0.0), floor)) for target, floor in least.items()
            }
    far = {target: max([floor, *(own[target] for own in tools.values())]) for target, floor in least.items()}
    return dict(sorted(tools.items())), far


def _errors_at_other_prices(
    by_domain: Mapping[Domain, Sequence[Synthesis]], domain: Domain
) -> dict[str, list[tuple[Numbers, int]]]:
    """Errors by target of each family with enough rows, with the number of architectures."""
    rows = by_domain[domain]
    others = [row for other, own in by_domain.items() if other != domain for row in own]
    table = _Ruled.of(rows, domain, calibrate(others))
    main = main_families(table.layers)
    found: dict[str, list[tuple[Numbers, int]]] = {}
    for target in TARGETS:
        measured, said = table.measured(target), table.ruled.designs[target]
        known = ~np.isnan(measured) & (
            target not in PRICED or table.layers.total(table.ruled.layers[target]) > 0
        )
        for family in np.unique(main[known]):
            own = known & (main == family)
            if own.sum() >= MIN_ROWS:
                errors = log_errors(measured[own], said[own], offset(target))
                groups = {row.group for row in compress(rows, own)}
                found.setdefault(target, []).append((errors, len(groups)))
    return found
