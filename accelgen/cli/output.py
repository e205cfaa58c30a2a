"""How commands print their results."""

from __future__ import annotations

import json
import sys
from math import isfinite

from accelgen.console import printable


def write_json(data: object) -> None:
    """Print ``data`` as one JSON document on stdout."""
    json.dump(data, sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def write_line(text: str = "") -> None:
    """Print a line on stdout."""
    sys.stdout.write(f"{printable(text)}\n")


def decimal_cell(value: float, decimals: int) -> str | None:
    """A figure as a table shows it, None where it is not defined."""
    return f"{value:,.{decimals}f}" if isfinite(value) else None
