"""How estimates are shown: a table of layers and totals, what the part holds, and how far to trust it all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from accelgen.boards import RESOURCE_TITLES
from accelgen.cli.output import write_line
from accelgen.console import print_table

if TYPE_CHECKING:
    from accelgen.estimation import Estimate

COLUMNS = (
    *("latency\ncycles", "latency\nus", "interval\ncycles"),
    *("LUT", "FF", "DSP", "BRAM\n18K", "clock\nns"),
)
"""The columns of `cells`."""

MAX_REASONS = 8
"""Of those why a design is unlike the data; ``--json`` holds all."""

UNLIKE = "unlike the syntheses that estimates were learned from, so rules answer, with wide intervals"


def cells(figures: Mapping[str, float], clock_ns: float) -> tuple[object, ...]:
    """A table's cells for figures by target, None for those that are missing."""
    whole = {name: None if figures.get(name) is None else round(figures[name]) for name in _WHOLE}
    latency = figures.get("latency_cycles")
    most = figures.get("latency_max_cycles", latency)
    period = figures.get("clock_ns")
    return (
        _between(whole["latency_cycles"], None if most is None else round(most)),
        None
        if latency is None or most is None
        else _between(microseconds(latency * clock_ns / 1000), microseconds(most * clock_ns / 1000)),
        *(whole[name] for name in _WHOLE[1:]),
        None if period is None else round(period, 2),
    )


def _between(least: float | None, most: float | None) -> object:
    """A figure, or both ends of one that varies."""
    if least is None or most is None or least == most:
        return least
    return f"{least:,} to {most:,}"


_WHOLE = ("latency_cycles", "interval_cycles", "lut", "ff", "dsp", "bram_18k")


def microseconds(value: float) -> float:
    """Rounded to four digits."""
    return float(f"{value:.4g}")


def show_layers(found: Estimate, network: str) -> None:
    """Print the layers, the totals and what the part holds."""
    clock_ns = found.record.clock_ns
    rows = [
        (
            entry.layer.name,
            entry.layer.kind.value,
            entry.layer.strategy or None,
            entry.layer.reuse_factor if entry.layer.strategy else None,
            *cells(entry.figures, clock_ns),
        )
        for entry in found.layers
    ]
    rows += [(label, None, None, None, *total) for label, *total in _totals(found)]
    title = f"{network}: {found.record.part}, {clock_ns:g} ns, {found.record.io_type}"
    print_table(title, ("layer", "kernel", "strategy", "reuse", *COLUMNS), rows, right=("reuse", *COLUMNS))


def show_totals(found: Estimate) -> None:
    """Print the totals, what the part holds, and whether that is enough."""
    print_table("estimate before synthesis", ("", *COLUMNS), _totals(found), right=COLUMNS)
    write_line(_fit(found))
    if not found.in_domain:
        write_line(UNLIKE)


def _totals(found: Estimate) -> list[tuple[object, ...]]:
    from accelgen.surrogates.predict import CONFIDENCE

    clock_ns = found.record.clock_ns
    rows: list[tuple[object, ...]] = [
        (label, *cells({name: getattr(figure, end) for name, figure in found.total.items()}, clock_ns))
        for label, end in (
            ("total", "value"),
            (f"from ({CONFIDENCE:.0%})", "low"),
            (f"to ({CONFIDENCE:.0%})", "high"),
        )
    ]
    if found.capacity is not None:
        held = vars(found.capacity)
        shares = {name: None if share is None else f"{share:.1%}" for name, share in found.shares.items()}
        order = ("lut", "ff", "dsp", "bram_18k")
        rows.append(("the part holds", None, None, None, *(held[name] for name in order), None))
        rows.append(("share taken", None, None, None, *(shares[name] for name in order), None))
    return rows


def show_verdict(found: Estimate) -> None:
    """Print whether the design fits, whether the tool will finish, and how far to trust the estimate."""
    write_line(_fit(found))
    if found.success is not None:
        write_line(f"chance that synthesis finishes: {found.success:.0%}")
    if not found.in_domain:
        write_line(f"{UNLIKE}:")
        for reason in found.reasons[:MAX_REASONS]:
            write_line(f"  {reason}")
        if len(found.reasons) > MAX_REASONS:
            write_line(f"  and {len(found.reasons) - MAX_REASONS} more, see --json")
    for note in found.notes:
        write_line(f"note: {note}")


def _fit(found: Estimate) -> str:
    if found.capacity is None:
        return f"whether it fits {found.record.part} is not known"
    over = [
        f"{RESOURCE_TITLES[name]} {figure.value:,.0f} of {held:,}"
        for name, held in vars(found.capacity).items()
        if (figure := found.total[name]).value > held
    ]
    if over:
        doubt = "" if found.certain else ", by the estimate; its interval leaves room for doubt"
        return f"warning: does not fit {found.record.part}: {', '.join(over)}{doubt}"
    maybe = [
        f"{RESOURCE_TITLES[name]} up to {figure.high:,.0f} of {held:,}"
        for name, held in vars(found.capacity).items()
        if (figure := found.total[name]).high > held
    ]
    doubt = f", by the estimate; it could take {', '.join(maybe)}" if maybe else ""
    return f"fits {found.record.part}{doubt}"
