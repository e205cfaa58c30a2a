"""The tables of the store, and how those of older versions become them."""

from __future__ import annotations

import sqlite3

from accelgen.errors import UsageError

APPLICATION = 0x61676E72
"""Marks the file as a store of results ("agnr"), so that no other SQLite file is taken for one."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE results (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            digest TEXT NOT NULL UNIQUE,
            added TEXT NOT NULL,
            seen TEXT NOT NULL,
            network TEXT NOT NULL,
            tool TEXT NOT NULL,
            version TEXT NOT NULL,
            part TEXT NOT NULL,
            stage TEXT NOT NULL,
            failure TEXT,
            synthesis TEXT NOT NULL,
            predicted TEXT,
            details TEXT NOT NULL
        )""",
        "CREATE INDEX results_by_part ON results (part, stage)",
        "CREATE INDEX results_by_network ON results (network)",
    ),
)
"""The statements that lead from each version (from 0, an empty file) to the next."""


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Bring a store to this version, in one transaction; processes that do so at once wait for each other.

    Raises:
        UsageError: the file is no store of results, or one of a newer version.
        sqlite3.Error: the file cannot be written; it is then as it was.
    """
    if _check(connection, name) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[_check(connection, name) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _check(connection: sqlite3.Connection, name: str) -> int:
    """The version of a store."""
    version = _pragma(connection, "user_version")
    application = _pragma(connection, "application_id")
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (application or version or tables):
        raise UsageError(f"{name} is a database of another program, not accelgen's results")
    if version > len(MIGRATIONS):
        raise UsageError(
            f"{name} was written by a newer accelgen (version {version} of the store; this one knows "
            f"{len(MIGRATIONS)}): update accelgen, or name another file in ACCELGEN_STORE"
        )
    return version


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    (value,) = connection.execute(f"PRAGMA {name}").fetchone()
    return int(value)
