"""The options that say what a search goes by, limits above all: of ``explore`` and ``build``."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accelgen.exploration.goals import Goals

OBJECTIVES = ("latency", "interval", "lut", "ff", "dsp", "bram", "uram", "resources")
"""Those of `accelgen.exploration.goals`, which takes too long to import for a parser."""

_LIMITS = {
    "latency": ("TIME", "longest latency: 2us, 500ns or 120 (cycles)"),
    "interval": ("TIME", "longest time from one inference to the next, likewise"),
    "lut": ("N", "most LUTs: 60%% of the part, or a count"),
    "ff": ("N", "most flip-flops, likewise"),
    "dsp": ("N", "most DSP blocks, likewise"),
    "bram": ("N", "most block RAMs, likewise, of 18 Kb"),
    "uram": ("N", "most UltraRAMs, likewise"),
}


def add_goal_options(parser: ArgumentParser) -> None:
    """Declare limits, objective, margin and strategies."""
    goals = parser.add_argument_group("goals")
    for name, (metavar, meaning) in _LIMITS.items():
        goals.add_argument(f"--max-{name}", metavar=metavar, help=meaning)
    goals.add_argument("--objective", choices=OBJECTIVES, help="what is to be least (default: latency)")
    goals.add_argument(
        "--margin",
        metavar="SHARE",
        help="90%%: all limits hold for the upper ends of 90%% intervals; 0: for the estimates themselves "
        "(default: upper ends of resources, estimates of cycles)",
    )
    goals.add_argument(
        "--strategies",
        metavar="A,B",
        type=_names,
        help="what each layer's strategy is chosen from (default: "
        "latency,resource,packed_unrolled,packed_folded; distributed_arithmetic takes seconds)",
    )


def goals_asked(options: Namespace) -> bool:
    """Whether any of these options was given."""
    given = (options.objective, options.margin, options.strategies)
    return bool(_limits(options)) or any(value is not None for value in given)


def goals_of(options: Namespace, **more: Any) -> Goals:
    """The goals; ``more`` are other keywords of `Goals.of`."""
    from accelgen.exploration.goals import Goals

    return Goals.of(_limits(options), options.objective or "latency", margin=options.margin, **more)


def _names(text: str) -> list[str]:
    return text.split(",")


def _limits(options: Namespace) -> dict[str, str]:
    given = {name: getattr(options, f"max_{name}") for name in _LIMITS}
    return {name: text for name, text in given.items() if text is not None}
