"""What people see: progress on stderr while something takes long, and tables on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.status import Status

PLAIN_WIDTH = 200
"""Columns of a table that goes to a file or a pipe."""


def printable(text: str) -> str:
    """The text with everything escaped that could steer a terminal: names come from untrusted files."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


_spinners: list[Status] = []


@contextmanager
def step(text: str) -> Iterator[None]:
    """A spinner with ``text`` on stderr while the block runs; nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # 40 ms that a script does not wait for

    with Console(stderr=True).status(text) as spinner:
        _spinners.append(spinner)
        try:
            yield
        finally:
            _spinners.pop()


def progress(text: str) -> None:
    """Say at the spinner, if there is one in this process, how far its step is."""
    if _spinners:
        _spinners[-1].update(text)


def print_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()
) -> None:
    """Print a table on stdout; the columns named in ``right`` are aligned to the right, None is a dash.

    In a narrow terminal columns move closer and names are folded, but never those on the right, which are
    numbers: where these alone are too wide, so is the table.
    """
    from rich import box
    from rich.console import Console
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(width=None if terminal else PLAIN_WIDTH)
    table = Table(
        title=Text(printable(title)) if title else None,
        title_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    for column in columns:
        number = column in right
        table.add_column(column, justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    if terminal:
        free = console.options.update(max_width=PLAIN_WIDTH)
        if Measurement.get(console, free, table).maximum > console.width:
            table.padding, table.show_edge = 0, False
            console = Console(width=max(console.width, Measurement.get(console, free, table).minimum))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:g}"
    return printable(str(value))
