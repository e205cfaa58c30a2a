"""Values of a plan, checked as they are taken; errors name the file and the entry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from math import isfinite
from typing import Any

from accelgen.errors import UsageError

MAX_VALUES = 100_000
"""In one list of a plan."""

_SPAN = re.compile(r"\s*(\d{1,9})\s*\.\.\s*(\d{1,9})\s*")


@dataclass(frozen=True)
class Entries:
    """Named values of a YAML file; ``where`` says which, for errors: "plan.yaml: sampling".

    Every method raises `UsageError` where a value makes no sense.
    """

    values: dict[str, Any]
    where: str

    @classmethod
    def of(cls, data: object, where: str, known: Sequence[str]) -> Entries:
        """The entries of a mapping, all of which are known."""
        if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
            raise UsageError(f"{where}: names with values expected, not {data!r:.40}")
        for name in data:
            if name not in known:
                near = get_close_matches(name, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
                raise UsageError(f"{where}: unknown entry {name!r}; {hint}")
        return cls(dict(data), where)

    def __contains__(self, name: str) -> bool:
        return self.values.get(name) is not None

    def error(self, name: str, cause: str) -> UsageError:
        """The error of one entry."""
        return UsageError(f"{self.where}: {name} {cause}")

    def items(self, name: str) -> list[Any]:
        """A list, or one value as a list of it; empty where there is none."""
        value = self.values.get(name)
        if value is None:
            return []
        found = value if isinstance(value, list) else [value]
        if len(found) > MAX_VALUES:
            raise self.error(name, f"is longer than {MAX_VALUES:,} values")
        return found

    def text(self, name: str) -> str | None:
        """A text, None where there is none."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            raise self.error(name, f"is {value!r:.40}, not a text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Different texts."""
        found = self.items(name)
        for value in found:
            if not isinstance(value, str) or not value.strip():
                raise self.error(name, f"holds {value!r:.40}, which is no text")
        return tuple(dict.fromkeys(found))

    def choice(self, name: str, known: Sequence[str], default: str) -> str:
        """One of some texts."""
        value = self.values.get(name)
        return default if value is None else self._known(name, value, known)

    def choices(self, name: str, known: Sequence[str], default: str) -> tuple[str, ...]:
        """Different ones of some texts, at least one."""
        found = [self._known(name, value, known) for value in self.items(name)]
        return tuple(dict.fromkeys(found)) or (default,)

    def _known(self, name: str, value: object, known: Sequence[str]) -> str:
        if not isinstance(value, str) or value not in known:
            near = get_close_matches(str(value), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
            raise self.error(name, f"is {value!r:.40}; {hint}")
        return value

    def integer(self, name: str, default: int, minimum: int = 0, maximum: int = 1 << 31) -> int:
        """A whole number in a range."""
        value = self.values.get(name)
        return default if value is None else self._integer(name, value, minimum, maximum)

    def integers(
        self, name: str, default: Sequence[int], minimum: int = 1, maximum: int = 1 << 31
    ) -> tuple[int, ...]:
        """Different whole numbers: one, a list, or the text "4..8" for all from the one to the other."""
        found: dict[int, None] = {}
        for value in self.items(name):
            span = self.span(name, value)
            if span is None:
                found[self._integer(name, value, minimum, maximum)] = None
                continue
            if not minimum <= span[0] or not span[1] <= maximum:
                raise self.error(name, f"is {value}, not whole numbers from {minimum} to {maximum}")
            if span[1] - span[0] >= MAX_VALUES:
                raise self.error(name, f"is longer than {MAX_VALUES:,} values")
            found |= dict.fromkeys(range(span[0], span[1] + 1))
        return tuple(found) or tuple(default)

    def _integer(self, name: str, value: object, minimum: int, maximum: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise self.error(name, f"is {value!r:.40}, not a whole number from {minimum} to {maximum}")
        return value

    def span(self, name: str, value: object) -> tuple[int, int] | None:
        """The ends of a text such as "1..64"; None for anything else."""
        match = _SPAN.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            return None
        low, high = int(match[1]), int(match[2])
        if low > high:
            raise self.error(name, f"is {value}, of which {low} is above {high}")
        return low, high

    def number(self, name: str) -> float | None:
        """A finite number above 0, None where there is none."""
        value = self.values.get(name)
        return None if value is None else self._number(name, value)

    def numbers(self, name: str, minimum: float, maximum: float) -> tuple[float, ...]:
        """Different numbers in a range."""
        found = tuple(dict.fromkeys(self._number(name, value) for value in self.items(name)))
        for value in found:
            if not minimum <= value <= maximum:
                raise self.error(name, f"is {value:g}, not a number from {minimum:g} to {maximum:g}")
        return found

    def _number(self, name: str, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value <= 0:
            raise self.error(name, f"is {value!r:.40}, not a number above 0")
        return float(value)
