"""What reading a data set gives: syntheses, and the records that were skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from accelgen.surrogates.record import Synthesis


class BadRecordError(Exception):
    """A record that makes no sense; its text says why. Readers turn it into `Skipped`."""


@dataclass(frozen=True)
class Skipped:
    """A record that was not read: where it stands (row or entry, from 1; 0 for the file) and why."""

    source: str
    row: int
    reason: str

    def __str__(self) -> str:
        return f"{self.source}:{self.row}: {self.reason}" if self.row else f"{self.source}: {self.reason}"


def first_reason(skipped: Sequence[Skipped]) -> str:
    """Why a message says that nothing was read: the first record skipped, as its end; empty without any."""
    return f"; the first was skipped: {skipped[0]}" if skipped else ""


@dataclass(frozen=True)
class Table:
    """Syntheses in the order read, and what was skipped; ``formats`` says how each source was read.

    ``ignored`` are files of a folder that hold no syntheses in a known format.
    """

    rows: tuple[Synthesis, ...]
    skipped: tuple[Skipped, ...] = ()
    formats: dict[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Synthesis]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)
