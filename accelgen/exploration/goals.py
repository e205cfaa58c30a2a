"""What a search is asked for: limits as people write them, what is to be least, how sure limits are kept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor, isfinite

from accelgen.boards import RESOURCE_TITLES, Resources
from accelgen.errors import UsageError
from accelgen.estimation import RESOURCES, Estimate, Figure
from accelgen.exploration.space import HIGH, INTERVAL, LATENCY
from accelgen.surrogates.predict import CONFIDENCE

FIGURE_OF = {
    "latency": LATENCY,
    "interval": INTERVAL,
    **{name: name for name in RESOURCES},
    "bram": "bram_18k",
}
"""The figures of a design by the names that people use."""

TITLES = {LATENCY: "latency", INTERVAL: "interval", **RESOURCE_TITLES}
"""What they are called in sentences."""

RESOURCES_TOGETHER = "resources"
"""The objective that is the sum of all resources, each as a share of the part."""

OBJECTIVES = ("latency", "interval", "lut", "ff", "dsp", "bram", "uram", RESOURCES_TOGETHER)

FIFOS = ("auto", "trade")
"""Depths of FIFOs: automatic ones, or also less deep ones that cost cycles."""

_MICROSECONDS = {"ns": 1e-3, "us": 1.0, "µs": 1.0, "ms": 1e3, "s": 1e6}
_LIMIT = re.compile(r"(\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*([a-zµ%]*)", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """The most that a figure may be: ``amount`` of ``unit``, which is "cycles", "us", "%" or "" (a count)."""

    figure: str
    amount: float
    unit: str

    @classmethod
    def parse(cls, name: str, given: str | float) -> Limit:
        """A limit as it is written.

        That is "2us", "500 ns", "120 cycles" or 120 of a latency or an interval, and "60%" of what the part
        holds, or a count, of a resource.

        Raises:
            UsageError: no such figure, no number, or a unit that the figure does not have.
        """
        figure = figure_named(name)
        match = _LIMIT.fullmatch(str(given).strip())
        timed = figure in (LATENCY, INTERVAL)
        known = {"", "cycles", "cycle", *_MICROSECONDS} if timed else {"", "%"}
        if match is None or (unit := match[2].lower()) not in known or not isfinite(float(match[1])):
            hint = "write 2us, 500ns or 120 (cycles)" if timed else "write 60% or a count"
            raise UsageError(f"{str(given)[:40]!r} is no limit on {name}; {hint}")
        amount = float(match[1])
        if not timed:
            return cls(figure, amount, unit)
        if unit in _MICROSECONDS:
            return cls(figure, amount * _MICROSECONDS[unit], "us")
        return cls(figure, amount, "cycles")

    def most(self, clock_ns: float, held: Resources | None) -> float:
        """The limit in the units of the figure, at a clock period and on a part that holds ``held``.

        Raises:
            UsageError: a share of a part of which it is not known what it holds.
        """
        if self.unit == "us":
            return floor(self.amount * 1000 / clock_ns * (1 + 1e-12))
        if self.unit == "%":
            if held is None:
                title = TITLES[self.figure]
                raise UsageError(f"how many {title} the part holds is not known; give a count, not a share")
            return floor(float(getattr(held, self.figure)) * self.amount / 100 * (1 + 1e-12))
        return floor(self.amount) if self.unit == "cycles" else self.amount


def figure_named(name: str) -> str:
    """The figure of a design that people call so.

    Raises:
        UsageError: there is none.
    """
    try:
        return FIGURE_OF[name]
    except KeyError:
        raise UsageError(f"there is no figure {name!r}; known: {', '.join(OBJECTIVES[:-1])}") from None


def in_us(figure: str) -> str:
    """The name in microseconds of a figure in cycles; of others their own."""
    return figure.replace("_cycles", "_us")


def in_cycles(figure: str) -> str:
    """The name in cycles of a figure in microseconds; of others their own."""
    return figure.replace("_us", "_cycles")


@dataclass(frozen=True)
class Goals:
    """What designs must keep to, and which of those is the best.

    Attributes:
        limits: the most that figures may be, besides what the part holds.
        objective: one of `OBJECTIVES`, which is to be least.
        axes: the two figures between which the front lies, by the names that people use.
        points: the most designs of the front.
        sure_resources: limits on resources hold for the upper ends of intervals, not for the estimates.
        sure_cycles: the same of limits on latency and interval.
        fifos: one of `FIFOS`: whether designs of a front in io_stream may have FIFOs that slow them down.
    """

    limits: tuple[Limit, ...] = ()
    objective: str = "latency"
    axes: tuple[str, str] = ("latency", "lut")
    points: int = 20
    sure_resources: bool = True
    sure_cycles: bool = False
    fifos: str = "auto"

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise UsageError(f"there is no objective {self.objective!r}; choose from {', '.join(OBJECTIVES)}")
        if len(self.axes) != 2 or figure_named(self.axes[0]) == figure_named(self.axes[1]):
            raise UsageError(f"name two different axes, such as latency,lut, not {','.join(self.axes)}")
        if self.points < 2:
            raise UsageError(f"a front has 2 points or more, not {self.points}")
        if self.fifos not in FIFOS:
            raise UsageError(f"FIFO depths are {' or '.join(FIFOS)}, not {self.fifos!r}")

    @classmethod
    def of(
        cls,
        limits: Mapping[str, str | float] | None = None,
        objective: str = "latency",
        axes: tuple[str, str] = ("latency", "lut"),
        points: int = 20,
        margin: str | float | None = None,
        fifos: str = "auto",
    ) -> Goals:
        """Goals as the API and the command line are given them.

        ``margin`` is None for resources at the upper ends of their intervals and cycles as estimated, the
        intervals' confidence ("90%", 0.9) for the upper ends of all, or 0 for the estimates of all.

        Raises:
            UsageError: one of them makes no sense.
        """
        parsed = tuple(Limit.parse(name, given) for name, given in (limits or {}).items())
        sure_resources, sure_cycles = _sure(margin)
        return cls(parsed, objective, axes, points, sure_resources, sure_cycles, fifos)

    @property
    def figures(self) -> tuple[str, str]:
        """The figures of the two axes."""
        first, second = self.axes
        return figure_named(first), figure_named(second)

    def most(self, clock_ns: float, held: Resources | None) -> dict[str, float]:
        """The most that each figure may be, on a part at a clock period: the part's resources included."""
        found: dict[str, float] = {}
        if held is not None:
            found.update({name: float(amount) for name, amount in vars(held).items()})
        for limit in self.limits:
            own = limit.most(clock_ns, held)
            found[limit.figure] = min(own, found.get(limit.figure, own))
        return found

    def common(self, targets: Sequence[tuple[float, Resources | None]]) -> dict[str, float]:
        """The limits that are the same for all of some targets, at least one.

        ``targets`` are clock periods in ns and what parts hold. Where periods differ, times that were asked
        for are in microseconds.
        """
        first, *others = (self.most(clock_ns, held) for clock_ns, held in targets)
        same = {
            figure: most for figure, most in first.items() if all(own.get(figure) == most for own in others)
        }
        if len({clock_ns for clock_ns, _ in targets}) > 1:
            timed = [limit for limit in self.limits if limit.unit == "us"]
            same |= {in_us(limit.figure): limit.amount for limit in timed}
        return same

    @property
    def limited(self) -> frozenset[str]:
        """The figures of which a limit was asked for."""
        return frozenset(limit.figure for limit in self.limits)

    def is_sure(self, figure: str) -> bool:
        """Whether a limit on the figure holds for the upper end of its interval."""
        return self.sure_cycles if figure in (LATENCY, INTERVAL) else self.sure_resources

    def table_name(self, figure: str) -> str:
        """The figure of a `Problem` that a limit on this one is about."""
        return f"{figure}{HIGH}" if self.is_sure(figure) else figure

    def counted(self, name: str, figure: Figure) -> float:
        """What of an estimate is compared with the limit on a figure."""
        return figure.high if self.is_sure(name) else figure.value

    def without_margin(self) -> Goals:
        """The same goals, where all limits hold for the estimates themselves."""
        return replace(self, sure_resources=False, sure_cycles=False)

    @property
    def timed(self) -> bool:
        """Whether the objective is in cycles, which mean another time at each clock period."""
        return self.objective in ("latency", "interval")

    def cost(self, estimate: Estimate, *, in_time: bool) -> float:
        """The objective of a whole design; cycles in microseconds where ``in_time``."""
        weights = self.weights(estimate.capacity)
        total = sum(weight * estimate.total[name].value for name, weight in weights.items())
        return total * estimate.record.clock_ns / 1000 if in_time and self.timed else total

    def weights(self, held: Resources | None) -> dict[str, float]:
        """The objective of a `Problem`."""
        if self.objective != RESOURCES_TOGETHER:
            return {figure_named(self.objective): 1.0}
        if held is None:
            return dict.fromkeys(RESOURCES, 1.0)
        return {name: 1 / amount for name, amount in vars(held).items() if amount}


def _sure(margin: str | float | None) -> tuple[bool, bool]:
    if margin is None:
        return True, False
    text = str(margin).strip()
    try:
        share = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        share = -1.0
    if share not in (0.0, CONFIDENCE):
        raise UsageError(f"a margin is {CONFIDENCE:.0%}, which intervals are made for, or 0, not {text!r}")
    return share > 0, share > 0
