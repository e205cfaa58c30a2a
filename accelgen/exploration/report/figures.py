"""The figures of candidates, as tables, page and picture show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from accelgen.boards import RESOURCE_TITLES
from accelgen.estimation import DECIMALS, RESOURCES, Figure
from accelgen.exploration.candidate import Candidate, Exploration
from accelgen.exploration.goals import RESOURCES_TOGETHER, in_us

Figures = Mapping[str, Figure]


@dataclass(frozen=True)
class Quantity:
    """What a figure is: its name in files, how people call it, its unit, empty for a mere number.

    ``score`` says that it comes from a candidate's scores, ``more`` that more of it is better.
    """

    name: str
    title: str
    unit: str = ""
    score: bool = False
    more: bool = False

    @property
    def label(self) -> str:
        """Title and unit, for an axis."""
        return f"{self.title} [{self.unit}]" if self.unit else self.title


KNOWN = (
    Quantity("latency_max_cycles", "latency", "cycles"),
    Quantity("latency_max_us", "latency", "µs"),
    Quantity("latency_cycles", "least latency", "cycles"),
    Quantity("latency_us", "least latency", "µs"),
    Quantity("interval_cycles", "initiation interval", "cycles"),
    Quantity("interval_us", "initiation interval", "µs"),
    *(Quantity(name, title) for name, title in RESOURCE_TITLES.items()),
    Quantity("clock_ns", "clock period reached", "ns"),
)
"""What an estimate says of every design; scores come after these."""

CYCLES = ("latency_cycles", "latency_max_cycles", "interval_cycles")
"""Those of them that are in cycles; each stands for one in microseconds too."""

MORE_IS_BETTER = ("accuracy", "agreement")
"""The scores that are to be large; of others, such as errors and shares of resources, less is better."""


def figures_of(candidate: Candidate) -> dict[str, Figure]:
    """Every figure of a candidate with its interval, by name; scores are known as they are."""
    estimate = candidate.estimate
    period_us = estimate.record.clock_ns / 1000
    figures = {name: estimate.total[name] for name in (*CYCLES, *RESOURCES, "clock_ns")}
    figures |= {in_us(name): _scaled(figures[name], period_us) for name in CYCLES}
    figures = {name: _rounded(figure) for name, figure in figures.items()}
    figures |= {name: Figure(score, score, score) for name, score in candidate.scores.items()}
    return {name: figure for name, figure in figures.items() if isfinite(figure.value)}


def all_quantities(figures: Sequence[Figures]) -> tuple[Quantity, ...]:
    """What an estimate says, and the scores that some candidate has."""
    known = {entry.name for entry in KNOWN}
    scores = dict.fromkeys(name for own in figures for name in own if name not in known)
    return (*KNOWN, *map(_score, scores))


def telling_quantities(exploration: Exploration, figures: Sequence[Figures]) -> tuple[Quantity, ...]:
    """What there is to show: no URAMs where no candidate has one, one latency where least and most agree.

    The axes of the search are always among them.
    """
    silent = set() if any(own["uram"].value for own in figures if "uram" in own) else {"uram"}
    for unit in ("cycles", "us"):
        if all(own.get(f"latency_{unit}") == own.get(f"latency_max_{unit}") for own in figures):
            silent.add(f"latency_{unit}")
    return tuple(
        entry
        for entry in all_quantities(figures)
        if entry.name not in silent or entry.name in exploration.axes
    )


def variant_of(candidates: Sequence[Candidate]) -> Callable[[Candidate], str]:
    """What is chosen for whole designs, and differs among them, in words: "io_stream, 5 ns"."""
    choices: tuple[Callable[[Candidate], str], ...] = (
        lambda own: own.design.part,
        lambda own: own.design.io_type.value,
        lambda own: f"{own.design.clock_ns:g} ns",
    )
    varying = [choice for choice in choices if len({choice(own) for own in candidates}) > 1]
    return lambda own: ", ".join(choice(own) for choice in varying)


def limits_asked(exploration: Exploration) -> dict[str, float]:
    """The limits less those that are what a part holds, which the report shows anyway."""
    held = [candidate.estimate.capacity for candidate in exploration.candidates]
    return {
        name: most
        for name, most in exploration.limits.items()
        if not any(getattr(capacity, name, None) == most for capacity in held)
    }


def limit_lines(exploration: Exploration) -> dict[str, float]:
    """The limits that were asked for, in cycles and in microseconds where all candidates have one clock."""
    limits = limits_asked(exploration)
    clocks = {candidate.estimate.record.clock_ns for candidate in exploration.candidates}
    if len(clocks) == 1:
        period_us = clocks.pop() / 1000
        for name in CYCLES:
            timed = in_us(name)
            if name in limits:
                limits.setdefault(timed, _decimals(limits[name] * period_us))
            elif timed in limits:
                limits[name] = _decimals(limits[timed] / period_us)
    return limits


def _score(name: str) -> Quantity:
    unit = "shares" if name == RESOURCES_TOGETHER else ""  # of the part, added
    return Quantity(name, name.replace("_", " "), unit, score=True, more=name in MORE_IS_BETTER)


def _scaled(figure: Figure, factor: float) -> Figure:
    return Figure(figure.value * factor, figure.low * factor, figure.high * factor)


def _rounded(figure: Figure) -> Figure:
    return replace(figure, **{end: _decimals(number) for end, number in vars(figure).items()})


def _decimals(number: float) -> float:
    return round(number, DECIMALS) + 0.0  # which makes 0 of -0
