"""From the user's results to their corrections: what is new is learned from, and kept if it helps."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from accelgen.errors import ModelError, ReportError, UsageError
from accelgen.replacing import write_whole
from accelgen.resources import data_dir
from accelgen.results import Store
from accelgen.results.record import dumps, read_synthesis, synthesis_json
from accelgen.surrogates.learn.scope import family_name
from accelgen.surrogates.predict import load_surrogates, read_surrogates
from accelgen.surrogates.record import Synthesis
from accelgen.surrogates.rules import Domain, domain_of
from accelgen.surrogates.update import folder as own
from accelgen.surrogates.update.chances import Chances, fit_chances
from accelgen.surrogates.update.corrections import Corrections, fingerprint, save
from accelgen.surrogates.update.fit import Row, Verdict, fit_domain
from accelgen.surrogates.update.reservoir import CAPACITY, Entry, Reservoir

FORMAT = 1


@dataclass(frozen=True)
class Updated:
    """What an update did.

    Attributes:
        folder: of the corrections.
        rows: results that there are to learn from.
        new: of these, those that were not learned from before.
        verdicts: by name of the tool.
        chances: what became of the probability of success, None where failures do not tell.
        changed: whether there are new corrections.
    """

    folder: Path
    rows: int
    new: int
    verdicts: dict[str, list[Verdict]]
    chances: Chances | None
    changed: bool

    def as_json(self) -> dict[str, Any]:
        """The update as ``--json`` prints it."""
        return {
            "folder": str(self.folder),
            "rows": self.rows,
            "new": self.new,
            "changed": self.changed,
            "targets": [
                {"tool": tool, **asdict(verdict), "family": family_name(verdict.family)}
                for tool, verdicts in self.verdicts.items()
                for verdict in verdicts
            ],
            "success": None if self.chances is None else asdict(self.chances),
        }


@dataclass(frozen=True)
class _Item:
    """A result in the reservoir; ``base`` where the estimates that come with accelgen were trained on it."""

    synthesis: Synthesis
    base: bool


def stored(store: Store) -> Iterator[Synthesis]:
    """The results of a store that say something of their designs."""
    return (one.result.synthesis for one in store.query() if one.result.tells)


def update(
    new: Iterable[Synthesis],
    old: Iterable[Synthesis] = (),
    folder: Path | None = None,
    capacity: int = CAPACITY,
) -> Updated:
    """Learn corrections from results, and serve those that are better on architectures they did not see.

    Args:
        new: the user's own results; those that were given before are known.
        old: what the estimates that come with accelgen were trained on, where it is at hand.
        folder: of the corrections, instead of the user's own.
        capacity: results that are kept to learn from.

    Raises:
        ImportError: XGBoost is not installed.
        UsageError: the folder cannot be written.
        ModelError: what it holds is damaged.
    """
    place = own.user_folder() if folder is None else folder
    shipped = data_dir("surrogates")
    with own.locked(place):
        reservoir = _read(place / own.RESERVOIR, capacity)
        for row in old:
            reservoir.offer(_key(row), _Item(row, base=True), seen=True)
        for row in new:
            reservoir.offer(_key(row), _Item(row, base=False))
        unseen = sum(not entry.seen for entry in reservoir.entries)
        current = own.read_corrections(shipped, place)
        found, verdicts, chances = _learn(reservoir, current, shipped)
        changed = any(verdict.changed for own_ in verdicts.values() for verdict in own_)
        changed = changed or (chances is not None and chances.changed)
        try:
            if changed:
                own.keep_previous(place)
                save(replace(found, prior=fingerprint(shipped)), place / own.FILE)
            reservoir.learned()
            _write(reservoir, place / own.RESERVOIR)
        except OSError as error:
            raise UsageError(f"{place} cannot be written: {error.strerror}") from None
    load_surrogates.cache_clear()
    return Updated(place, len(reservoir), unseen, verdicts, chances, changed)


def _learn(
    reservoir: Reservoir[_Item], current: Corrections, shipped: Path
) -> tuple[Corrections, dict[str, list[Verdict]], Chances | None]:
    prior = read_surrogates(shipped)
    by_domain: dict[Domain, list[Row]] = {}
    for entry in reservoir.entries:
        row = entry.item.synthesis
        if row.success and row.targets:
            by_domain.setdefault(domain_of(row), []).append(Row(row, entry.item.base, entry.seen))
    parts = {domain: dict(own) for domain, own in current.parts.items()}
    verdicts: dict[str, list[Verdict]] = {}
    for domain in sorted(by_domain, key=lambda domain: domain.name):
        learned, said = fit_domain(by_domain[domain], domain, prior, parts.get(domain.name, {}))
        parts[domain.name] = learned
        if said:
            verdicts[domain.name] = said
    success, chances = fit_chances(
        [entry.item.synthesis for entry in reservoir.entries if not entry.item.base],
        current.success or prior.learned.success,
    )
    found = Corrections(
        parts={domain: own for domain, own in parts.items() if own},
        success=success or current.success,
        rows=len(reservoir),
    )
    return found, verdicts, chances


def _key(row: Synthesis) -> str:
    """What tells a result from others, wherever it was read."""
    return sha256(synthesis_json(replace(row, source="", group="", per_layer={})).encode()).hexdigest()[:32]


def _read(path: Path, capacity: int) -> Reservoir[_Item]:
    if not path.exists():
        return Reservoir(capacity)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise ModelError(f"{path} was written by another version of accelgen; remove it to begin anew")
        entries = [
            Entry(str(key), _Item(read_synthesis(text), bool(base)), bool(seen))
            for key, text, base, seen in data["entries"]
        ]
        return Reservoir(capacity, entries[:capacity], dict.fromkeys(map(str, data["offered"])))
    except (OSError, KeyError, TypeError, ValueError, RecursionError, ReportError):
        raise ModelError(f"{path} is damaged; remove it, and results are learned from anew") from None


def _write(reservoir: Reservoir[_Item], path: Path) -> None:
    entries = [
        [entry.key, synthesis_json(entry.item.synthesis), entry.item.base, entry.seen]
        for entry in reservoir.entries
    ]
    text = dumps({"format": FORMAT, "entries": entries, "offered": list(reservoir.offered)})
    write_whole(path, f"{text}\n".encode())
