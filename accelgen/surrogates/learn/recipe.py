"""From data on disk to the trained files, as they are shipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from accelgen.errors import UsageError
from accelgen.surrogates.dataset import Table, first_reason, read
from accelgen.surrogates.graph.recipe import FILES as GRAPH_FILES
from accelgen.surrogates.graph.recipe import make_graph
from accelgen.surrogates.graph.train import require_keras
from accelgen.surrogates.learn import model
from accelgen.surrogates.learn.card import Line, lines, write_card
from accelgen.surrogates.learn.train import train, usable_rows
from accelgen.surrogates.rules import prices


@dataclass(frozen=True)
class Made:
    """What was learned from, and what was written."""

    rows: int
    skipped: int
    files: tuple[str, ...]
    lines: tuple[Line, ...]


def make_surrogates(data: Sequence[str], folder: Path, graph: bool = False) -> Made:
    """Learn from files and folders that `accelgen.surrogates.dataset` reads, and write the trained parts.

    Without ``graph``, a graph network in the folder stays if it was trained beside the same prices, and goes
    if these have changed.

    Raises:
        ImportError: XGBoost is not installed.
        UsageError: a path is not there or holds no synthesis that succeeded, the folder cannot be written, or
            Keras on TensorFlow is missing for ``graph``.
    """
    if graph:
        require_keras()
    table = read(*data)
    rows = usable_rows(table)
    if not any(row.success and row.targets for row in rows):
        raise UsageError(
            f"there is no successful synthesis in {', '.join(data)}{first_reason(table.skipped)}"
        )
    compared = trained = train(rows)
    files: tuple[str, ...] = (prices.FILE, model.FILE)
    try:
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
        before = _bytes(folder / prices.FILE)
        prices.save_prices(trained.prices, folder / prices.FILE)
        if graph:
            compared = make_graph(trained, folder)
            files += GRAPH_FILES
        elif _bytes(folder / prices.FILE) != before:
            for file in GRAPH_FILES:
                (folder / file).unlink(missing_ok=True)
        model.save(trained.learned, folder / model.FILE)
        write_card((folder / model.FILE).parent, trained, rows, count_formats(table))
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    return Made(len(rows), len(table.skipped), files, tuple(lines(compared)))


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def count_formats(table: Table) -> dict[str, int]:
    """How many rows came from each format."""
    return dict(sorted(Counter(table.formats.get(row.source, "accelgen table") for row in table).items()))
