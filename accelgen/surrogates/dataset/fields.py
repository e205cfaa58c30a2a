"""Values of a record that others wrote, checked as they are taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accelgen.surrogates.dataset.table import BadRecordError

MAX_COUNT = (1 << 53) - 1
"""The largest whole number believed: float64 holds it exactly."""


@dataclass(frozen=True)
class Fields:
    """The entries of a CSV row, or of a mapping of JSON or YAML; numbers may be text.

    Every method raises `BadRecordError` where an entry that it needs is missing or of the wrong kind.
    """

    values: Mapping[str, Any]
    where: str = ""

    def __contains__(self, name: str) -> bool:
        return self._get(name) is not None

    def _get(self, name: str) -> Any:
        value = self.values.get(name)
        empty = (isinstance(value, str) and not value.strip()) or value != value  # NaN, as pandas reads none
        return None if empty else value

    def error(self, name: str, cause: str) -> BadRecordError:
        """The error of one entry."""
        return BadRecordError(f"{self.where}{name} {cause}")

    def _need(self, name: str) -> Any:
        value = self._get(name)
        if value is None:
            raise self.error(name, "is missing")
        return value

    def number(self, name: str, minimum: float = 0.0, maximum: float = MAX_COUNT) -> float:
        """A number in a range."""
        value = self._need(name)
        try:
            number = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            number = float("nan")
        if not minimum <= number <= maximum:  # which NaN is not
            span = f"from {minimum:g} to {maximum:g}" if number > maximum else f"from {minimum:g} up"
            raise self.error(name, f"is {value!r:.60}, not a number {span}")
        return number

    def optional(self, name: str) -> float | None:
        """A number from 0 up (`number`), None where there is none."""
        return self.number(name) if name in self else None

    def integer(self, name: str, minimum: int = 1, maximum: int = MAX_COUNT) -> int:
        """A whole number in a range."""
        number = self.number(name, minimum)
        if number != int(number) or number > maximum:
            raise self.error(name, f"is {number:g}, not a whole number from {minimum} to {maximum}")
        return int(number)

    def text(self, name: str, default: str | None = None) -> str:
        """A string of at most 1,000 characters; ``default`` where it is missing."""
        value = self._get(name) if default is not None else self._need(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or len(value) > 1000:
            raise self.error(name, f"is {value!r:.60}, not a short text")
        return value.strip()

    def choice(self, name: str, *choices: str) -> str:
        """One of the choices, in any case."""
        value = self.text(name).lower()
        if value not in choices:
            raise self.error(name, f"is {value!r:.60}, not one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        """True or false, as JSON, Python or a spreadsheet writes it."""
        value = self._need(name)
        if isinstance(value, bool):
            return value
        return self.choice(name, "true", "false") == "true"

    def mapping(self, name: str) -> Fields:
        """A mapping; an empty one where it is missing."""
        value = self.values.get(name)
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise self.error(name, f"is {value!r:.60}, not named values")
        return Fields(value, f"{self.where}{name}.")

    def sequence(self, name: str, maximum: int = 10_000) -> list[Any]:
        """A list; an empty one where it is missing."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or len(value) > maximum:
            raise self.error(name, f"is no list of at most {maximum:,} entries")
        return value

    def targets(self, names: Mapping[str, str], scale: Mapping[str, float] | None = None) -> dict[str, float]:
        """Measured figures: ``names`` gives the entry of each target; those that are missing are left out."""
        found = {target: self.optional(name) for target, name in names.items()}
        scales = scale or {}
        return {
            target: value * scales.get(target, 1.0) for target, value in found.items() if value is not None
        }
