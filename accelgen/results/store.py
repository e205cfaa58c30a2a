"""The store: one SQLite file that many processes write at once."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType
from typing import Any

from accelgen.errors import ReportError, UsageError
from accelgen.resources import user_data
from accelgen.results.record import (
    Result,
    Stored,
    dumps,
    read_details,
    read_result,
    read_synthesis,
    result_json,
)
from accelgen.results.schema import migrate

BUSY_S = 60.0
"""How long a writer waits for others; each holds the file for milliseconds."""

MOST = (1 << 63) - 1
"""The largest number of SQLite, which no result reaches."""

VARIABLE = "ACCELGEN_STORE"


def store_path() -> Path:
    """``ACCELGEN_STORE``, else ``accelgen/results.sqlite`` in ``XDG_DATA_HOME`` (``~/.local/share``)."""
    return user_data("results.sqlite", VARIABLE)


@dataclass(frozen=True)
class Filter:
    """Which results: patterns of the shell, in any case ("*" is anything); None leaves open.

    ``tool`` is compared with the tool's name, and with name and version.
    """

    number: int | None = None
    network: str | None = None
    part: str | None = None
    tool: str | None = None
    stage: str | None = None
    failed: bool | None = None

    def where(self) -> tuple[str, list[str | int]]:
        """The condition in SQL, and the values of its parameters."""
        terms: list[str] = []
        values: list[str | int] = []
        if self.number is not None:
            terms.append("number = ?")
            values.append(min(self.number, MOST))  # larger ones SQLite does not take
        for name in ("network", "part", "stage"):
            if (pattern := getattr(self, name)) is not None:
                terms.append(f"lower({name}) GLOB lower(?)")
                values.append(_column(pattern))
        if self.tool is not None:
            terms.append("(lower(tool) GLOB lower(?) OR lower(tool || ' ' || version) GLOB lower(?))")
            values += [_column(self.tool)] * 2
        if self.failed is not None:
            terms.append(f"failure IS {'NOT ' if self.failed else ''}NULL")
        return " AND ".join(terms) or "1", values


EVERYTHING = Filter()


class Store:
    """Results in a file, which is made where it is missing.

    A store belongs to the process and thread that opened it; others open their own. What `insert` has
    returned of survives the process, and a loss of power as well as the disk does.

    Raises:
        UsageError: from every method, where the file cannot be read or written, is no store, was written by
            a newer accelgen, or stays locked by another process for longer than `BUSY_S`.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = store_path() if path is None else Path(path)
        if self.path.exists() and not self.path.is_file():
            raise UsageError(f"{self.path} is no file; results are kept in a file of SQLite")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self.path.parent} cannot be made for results: {error.strerror}") from None
        with self._errors():
            self._connection = sqlite3.connect(self.path, timeout=BUSY_S, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
        try:
            with self._errors():
                migrate(self._connection, str(self.path))
                self._set_journal()
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def insert(self, *results: Result) -> list[int]:
        """Keep results, all of them or none, and return their numbers.

        A report that is there already keeps its number, its date and its first prediction, which was made
        before anything could be learned from it; the rest is taken from the newer reading, but for details
        where that has none.

        Raises:
            ReportError: what a result says of its design makes no sense, and would not be read back.
        """
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        rows = [_row(result, now) for result in results]
        with self._errors(), self._transaction():
            return [self._upsert(row) for row in rows]

    def query(self, which: Filter = EVERYTHING) -> Iterator[Stored]:
        """The results of a filter, in the order they came in.

        Raises:
            ReportError: a row is damaged.
        """
        condition, values = which.where()
        with self._errors():
            rows = self._connection.execute(
                f"SELECT * FROM results WHERE {condition} ORDER BY number", values
            )
            for row in rows:
                yield self._stored(row)

    def count(self, which: Filter = EVERYTHING) -> int:
        """How many results a filter has."""
        condition, values = which.where()
        with self._errors():
            row = self._connection.execute(f"SELECT count(*) FROM results WHERE {condition}", values)
            return int(row.fetchone()[0])

    def delete(self, which: Filter) -> int:
        """Remove the results of a filter, and return how many there were."""
        condition, values = which.where()
        with self._errors(), self._transaction():
            return self._connection.execute(f"DELETE FROM results WHERE {condition}", values).rowcount

    def _upsert(self, row: dict[str, Any]) -> int:
        names = ", ".join(row)
        self._connection.execute(
            f"INSERT INTO results ({names}) VALUES ({', '.join(f':{name}' for name in row)}) "
            "ON CONFLICT (digest) DO UPDATE SET seen = excluded.seen, synthesis = excluded.synthesis, "
            "predicted = coalesce(predicted, excluded.predicted), "
            "details = CASE excluded.details WHEN '{}' THEN details ELSE excluded.details END",
            row,
        )
        found = self._connection.execute("SELECT number FROM results WHERE digest = :digest", row)
        return int(found.fetchone()[0])

    def _stored(self, row: sqlite3.Row) -> Stored:
        number = row["number"]
        try:
            result = read_result({**row, "details": read_details(row["details"])})
        except ReportError as error:
            advice = f"'accelgen results delete {number}' removes it"
            raise ReportError(f"result {number} of {self.path} cannot be read: {error}; {advice}") from None
        return Stored(number, row["added"], result)

    def _set_journal(self) -> None:
        """Log ahead, so that readers and writers do not wait for each other; where a file system cannot
        share a log, SQLite keeps its rollback journal, which is as safe. Changing it does not wait by itself.
        """
        deadline = time.monotonic() + BUSY_S
        while not self._log_ahead():
            if time.monotonic() > deadline:
                raise UsageError(f"the results in {self.path} are in use: another process holds the file")
            time.sleep(0.05)
        self._connection.execute("PRAGMA synchronous = FULL")

    def _log_ahead(self) -> bool:
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            return False
        return True

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            cause = str(error)
            if not os.access(self.path.parent, os.W_OK):
                cause += "; SQLite writes beside the file even to read it, and may not: copy it elsewhere"
            raise UsageError(f"the results in {self.path} cannot be used: {cause}") from None


def _column(text: str) -> str:
    """A text that SQLite takes: names of hostile files may hold halves of characters."""
    return text.encode("utf-8", "backslashreplace").decode()


def _row(result: Result, now: str) -> dict[str, Any]:
    synthesis = result.synthesis
    row = result_json(result)
    try:
        read_synthesis(row["synthesis"])
    except ReportError as error:
        raise ReportError(f"the result of {synthesis.source or result.network}: {error}") from None
    return {
        **row,
        "details": dumps(row["details"]),
        "digest": result.digest,
        "added": now,
        "seen": now,
        "network": _column(result.network),
        "tool": _column(synthesis.tool),
        "version": _column(synthesis.version),
        "part": _column(synthesis.design.part),
        "stage": synthesis.resource_stage.value,
    }
