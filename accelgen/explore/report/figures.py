"""The figures of candidates, as tables, page and picture show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite

from accelgen.estimation import DECIMALS, Figure
from accelgen.explore.candidate import Candidate


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
    Quantity("latency_cycles", "latency", "cycles"),
    Quantity("latency_us", "latency", "µs"),
    Quantity("interval_cycles", "initiation interval", "cycles"),
    Quantity("interval_us", "initiation interval", "µs"),
    Quantity("lut", "LUT"),
    Quantity("ff", "FF"),
    Quantity("dsp", "DSP"),
    Quantity("bram_18k", "BRAM 18K"),
    Quantity("uram", "URAM"),
    Quantity("clock_ns", "clock period reached", "ns"),
)
"""What an estimate says of every design; scores come after these."""

LESS_IS_BETTER = ("bits", "error", "loss")
"""How names of scores end that are to be small, such as "mean_abs_error"."""


def figures_of(candidate: Candidate) -> dict[str, Figure]:
    """Every figure of a candidate with its interval, by name; scores are known as they are."""
    estimate = candidate.estimate
    figures = {name: estimate.total[name] for name in ("latency_cycles", "interval_cycles")}
    for name in tuple(figures):
        in_us = name.replace("cycles", "us")
        figures[in_us] = _scaled(figures[name], estimate.record.clock_ns / 1000)
    figures |= {entry.name: estimate.total[entry.name] for entry in KNOWN if entry.name not in figures}
    figures |= {name: Figure(score, score, score) for name, score in candidate.scores.items()}
    return {name: _rounded(figure) for name, figure in figures.items() if isfinite(figure.value)}


def quantities(figures: Iterable[Mapping[str, Figure]]) -> tuple[Quantity, ...]:
    """What these candidates differ by or could: all that is known of any, less URAMs where none has one."""
    found = list(figures)
    names = dict.fromkeys(name for own in found for name in own)
    if not any(own["uram"].value for own in found if "uram" in own):
        names.pop("uram", None)
    known = {entry.name: entry for entry in KNOWN}
    order = [*(name for name in known if name in names), *(name for name in names if name not in known)]
    return tuple(known.get(name) or _score(name) for name in order)


def _score(name: str) -> Quantity:
    more = not name.endswith(LESS_IS_BETTER)
    return Quantity(name, name.replace("_", " "), score=True, more=more)


def _scaled(figure: Figure, factor: float) -> Figure:
    return Figure(figure.value * factor, figure.low * factor, figure.high * factor)


def _rounded(figure: Figure) -> Figure:
    value, low, high = (round(number, DECIMALS) + 0.0 for number in vars(figure).values())  # + 0.0: no -0.0
    return Figure(value, low, high)
