"""Which results are kept to learn from, as they stream in without end.

After the reservoir of Melissa (Meyer et al., "High Throughput Training of Deep Surrogates from Large Ensemble
Runs", SC 2023): what has not been learned from yet is not dropped for what has, and of the rest each has the
same chance to stay. So new results count at once, and old ones are not forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

Item = TypeVar("Item")

CAPACITY = 20_000
"""Results; more teach little and take long."""


@dataclass
class Entry(Generic[Item]):
    """A result by what tells it from others; ``seen`` where it has been learned from."""

    key: str
    item: Item
    seen: bool = False


@dataclass
class Reservoir(Generic[Item]):
    """At most ``capacity`` results, and the keys of all that were ever offered.

    Only new ones fill a reservoir of old ones, each in the place of a random one. New ones that do not fit
    even so are sampled evenly (Vitter 1985, algorithm R).
    """

    capacity: int = CAPACITY
    entries: list[Entry[Item]] = field(default_factory=list)
    offered: dict[str, None] = field(default_factory=dict)
    unseen: int = 0
    """New results that were offered since the last time that all was learned from."""
    _old: list[int] = field(default_factory=list, init=False, repr=False)
    """Where the entries are that have been learned from."""

    def __post_init__(self) -> None:
        self._old = [place for place, entry in enumerate(self.entries) if entry.seen]

    def __iter__(self) -> Iterator[Item]:
        return (entry.item for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def offer(self, key: str, item: Item, seen: bool = False) -> bool:
        """Take a result, unless it was offered before or others stay in its place; whether it was taken."""
        if key in self.offered:
            return False
        self.offered[key] = None
        random = Random(f"{len(self.offered)} {key}")  # the same for the same stream
        self.unseen += not seen
        entry = Entry(key, item, seen)
        if len(self.entries) < self.capacity:
            if seen:
                self._old.append(len(self.entries))
            self.entries.append(entry)
            return True
        if seen:  # an old one: as good as those that are there
            place = int(random.random() * len(self.offered))
            if place >= len(self._old):
                return False
            self.entries[self._old[place]] = entry
            return True
        if self._old:
            place = int(random.random() * len(self._old))
            self._old[place], self._old[-1] = self._old[-1], self._old[place]
            self.entries[self._old.pop()] = entry
            return True
        place = int(random.random() * self.unseen)
        if place >= self.capacity:
            return False
        self.entries[place] = entry
        return True

    def learned(self) -> None:
        """Mark all as seen."""
        self.unseen = 0
        for entry in self.entries:
            entry.seen = True
        self._old = list(range(len(self.entries)))
