"""A comparison in words and cells, as the terminal and the page show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from accelgen.boards import RESOURCE_TITLES
from accelgen.comparison.compare import (
    C_SYNTHESIS,
    COSIMULATION,
    LOGIC_SYNTHESIS,
    Comparison,
    LayerComparison,
    Step,
)
from accelgen.comparison.data import SUMMARIZED, median_errors, share_within
from accelgen.surrogates.predict import CONFIDENCE
from accelgen.surrogates.record import TARGETS
from accelgen.surrogates.rules import Domain

NAMES = {
    "latency_cycles": "latency, cycles",
    "latency_max_cycles": "longest latency",
    "interval_cycles": "interval, cycles",
    **RESOURCE_TITLES,
    "clock_ns": "clock, ns",
}
LAYER_COLUMNS = ("latency_max_cycles", "lut", "ff", "dsp", "bram_18k")
OUTSIDE = "*"
"""Marks an error where the measurement lies outside of the interval."""

Cell = str | int | float | None


@dataclass(frozen=True)
class Grid:
    """A table: its columns, and its rows, of which the first cell is a name."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def title(comparison: Comparison) -> str:
    """What was built, for what, and by which tool."""
    record, csynth = comparison.record, comparison.reports.csynth
    tool = "" if csynth is None else f", {csynth.tool} {csynth.version}"
    return f"{comparison.network}: {record.part}, {record.clock_ns:g} ns, {record.io_type}{tool}"


def totals(comparison: Comparison) -> Grid:
    """A row for each target: what was predicted, from the tools' steps what they measured, and the errors.

    Estimates differ by what measures; each stands before the steps that it is for.
    """
    columns: list[str] = [""]
    domain: Domain | None = None
    for step in comparison.steps:
        if step.estimate.domain != domain:
            domain = step.estimate.domain
            columns += [f"predicted\n{_stage(domain)}", f"interval\n{CONFIDENCE:.0%}"]
        columns += [step.name.replace(" ", "\n"), "error"]
    measured = [target for target in TARGETS if any(target in step.measured for step in comparison.steps)]
    return Grid(tuple(columns), tuple(tuple(_total(comparison.steps, target)) for target in measured))


def _stage(domain: Domain) -> str:
    return LOGIC_SYNTHESIS if domain.logic else C_SYNTHESIS


def _total(steps: Sequence[Step], target: str) -> Iterator[Cell]:
    yield NAMES[target]
    domain: Domain | None = None
    for step in steps:
        if step.estimate.domain != domain:
            domain = step.estimate.domain
            figure = step.estimate.total[target]
            yield number(target, figure.value)
            yield f"{number(target, figure.low):,} .. {number(target, figure.high):,}"
        yield number(target, step.measured[target]) if target in step.measured else None
        yield error_text(step, target)


def number(target: str, value: float) -> int | float:
    """A figure for people: clocks to a picosecond, counts whole."""
    return round(value, 3) if target == "clock_ns" else round(value)


def error_text(step: Step, target: str) -> str | None:
    """The error as "+3.1%", marked where the measurement lies outside of the interval."""
    if target not in step.measured:
        return None
    error = step.error(target)
    mark = "" if step.within(target) else f" {OUTSIDE}"
    return f"{'of 0' if error is None else f'{error:+.1%}'}{mark}"


def layers(comparison: Comparison) -> Grid | None:
    """A row for each layer whose function was found, None where there are none."""
    found = [layer for layer in comparison.layers if layer.csynth is not None or layer.vivado is not None]
    if not found:
        return None
    vivado = any(layer.vivado is not None for layer in found)
    columns = ["layer", "kernel"]
    for target in LAYER_COLUMNS:
        name = NAMES[target].replace(", cycles", "").replace("longest ", "")
        columns += [f"{name}\npredicted", f"{name}\nC synthesis"]
        if vivado and target != "latency_max_cycles":
            columns.append(f"{name}\nVivado")
    return Grid(tuple(columns), tuple(tuple(_layer(layer, vivado)) for layer in comparison.layers))


def _layer(layer: LayerComparison, vivado: bool) -> Iterator[Cell]:
    yield layer.name
    yield layer.kind
    for target in LAYER_COLUMNS:
        predicted = layer.predicted.get(target, layer.predicted.get("latency_cycles", 0.0))
        yield round(predicted)
        for figures in (layer.csynth, layer.vivado)[: 1 + (vivado and target != "latency_max_cycles")]:
            yield None if figures is None or target not in figures else round(figures[target])


def verdicts(comparison: Comparison) -> Iterator[str]:
    """Sentences on what passed, what is met, how good the prediction was, and what could not be read."""
    for step in comparison.steps:
        if step.name == COSIMULATION:
            yield f"cosimulation {_simulated(step)}"
        if (timing := step.timing) is not None:
            met = {True: "is met", False: "is not met", None: "has no constraints"}[timing.met]
            slack = "" if timing.wns_ns is None else f": worst slack {timing.wns_ns:g} ns"
            period = "" if timing.clock_ns is None else f", shortest clock {timing.clock_ns:.3f} ns"
            yield f"timing after {step.name} {met}{slack}{period}"
    inside = [step.within(target) for step in comparison.steps for target in step.measured]
    yield f"{sum(inside)} of {len(inside)} measured figures lie in their {CONFIDENCE:.0%} intervals"
    unlike = [step for step in comparison.steps if not step.estimate.in_domain]
    if unlike:
        yield f"the design is unlike those that estimates were learned from: {unlike[0].estimate.reasons[0]}"
    for problem in comparison.reports.problems:
        yield f"not read: {problem}"


def _simulated(step: Step) -> str:
    """The tool says "Pass" or "Fail"; it measures nothing where the simulation could not run to its end."""
    if step.passed:
        return "passed" if step.measured else "passed; its report says nothing of cycles"
    if step.measured:
        return "failed: results differ from the C code"
    return "failed and measured nothing; its log beside the report says why"


def summary(comparisons: Sequence[Comparison]) -> Grid:
    """A row for each step of each project with its errors, and their medians below."""
    names = tuple(NAMES[target].replace(", ", "\n") for target in SUMMARIZED)
    columns = ("project", "step", *names, "in their\nintervals", "verdict")
    rows: list[tuple[Cell, ...]] = []
    for comparison in comparisons:
        for step in comparison.steps:
            errors = (error_text(step, target) for target in SUMMARIZED)
            inside = [step.within(target) for target in step.measured]
            rows.append(
                (
                    str(comparison.folder),
                    step.name,
                    *errors,
                    f"{sum(inside)}/{len(inside)}",
                    _verdict(step),
                )
            )
    for name in dict.fromkeys(step.name for comparison in comparisons for step in comparison.steps):
        steps = [step for comparison in comparisons for step in comparison.steps if step.name == name]
        medians, share = median_errors(steps), share_within(steps)
        cells = (f"{medians[target]:.1%}" if target in medians else None for target in SUMMARIZED)
        rows.append(("median size of errors", name, *cells, None if share is None else f"{share:.0%}", None))
    return Grid(columns, tuple(rows))


def _verdict(step: Step) -> str | None:
    if step.passed is None:
        return None
    if step.name == COSIMULATION:
        return "passed" if step.passed else "failed"
    return "timing met" if step.passed else "timing not met"
