"""Prices of parts: LUTs and FFs for each thing that kernels are made of, by kernel and domain.

They are fitted to measurements (`fit_prices`) with none below zero, so that more hardware never costs less.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.errors import ModelError
from accelgen.resources import data_dir
from accelgen.surrogates.features import Numbers
from accelgen.surrogates.rules.domain import Domain

FORMAT = 1
FILE = "rules.json"
TARGETS = ("lut", "ff")


@dataclass(frozen=True)
class Prices:
    """``table[kernel][domain][target][part]``; domains in the order in which they stand in for others."""

    table: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float]]]]

    def of(self, kernel: str, domain: Domain, target: str) -> Mapping[str, float]:
        """Prices of a kernel's parts, from the nearest domain that has some; empty where none has."""
        domains = self.table.get(kernel, {})
        known = domains.get(domain.name) or next(iter(domains.values()), {})
        return known.get(target, {})

    def measured(self, kernel: str, domain: Domain) -> bool:
        """Whether prices of a kernel come from this domain itself."""
        return domain.name in self.table.get(kernel, {})


def total_cost(prices: Mapping[str, float], parts: Mapping[str, Numbers], size: int) -> Numbers:
    """What parts, each of shape (size,), cost together."""
    total = np.zeros(size)
    for name, price in prices.items():
        total += price * parts.get(name, 0.0)
    return total


def load_prices(path: Path | None = None) -> Prices:
    """The prices that come with accelgen, or those of a file.

    Raises:
        ModelError: the file is no table of prices.
    """
    return _shipped() if path is None else _read(path)


@cache
def _shipped() -> Prices:
    return _read(data_dir("surrogates") / FILE)


def _read(path: Path) -> Prices:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read as prices: {error}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT or not _is_table(data.get("prices"), 4):
        raise ModelError(f"{path} is no table of prices in format {FORMAT}; train it again")
    return Prices(data["prices"])


def _is_table(value: Any, depth: int) -> bool:
    if depth == 0:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return isinstance(value, dict) and all(_is_table(entry, depth - 1) for entry in value.values())


def save_prices(prices: Prices, path: Path) -> None:
    """Write prices as JSON: the same prices give the same bytes."""
    text = json.dumps({"format": FORMAT, "prices": prices.table}, indent=1)
    path.write_text(text + "\n", encoding="utf-8")
