"""The folder of the user's own corrections, with those of before."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from accelgen.errors import UsageError
from accelgen.resources import user_data
from accelgen.surrogates.update.corrections import Corrections, fingerprint, load

VARIABLE = "ACCELGEN_SURROGATES"
FILE, RESERVOIR, PREVIOUS = "corrections.json", "reservoir.json", "previous"


def user_folder() -> Path:
    """``ACCELGEN_SURROGATES``, else ``accelgen/surrogates`` in ``XDG_DATA_HOME`` (``~/.local/share``)."""
    return user_data("surrogates", VARIABLE)


def read_corrections(shipped: Path, folder: Path | None = None) -> Corrections:
    """The user's corrections of the trained files in a folder; none where there are none, or of other files.

    Raises:
        ModelError: they are damaged.
    """
    path = (user_folder() if folder is None else folder) / FILE
    if not path.exists():
        return Corrections()
    found = load(path)
    return found if found.prior == fingerprint(shipped) else Corrections()


def corrections_digest() -> str:
    """The SHA-256 of the user's corrections, which estimates depend on; empty where there are none."""
    path = user_folder() / FILE
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other updates out of it.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        (folder / PREVIOUS).mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def keep_previous(folder: Path) -> Path | None:
    """Put a copy of the corrections beside them, numbered; its path, None where there are none."""
    current = folder / FILE
    if not current.exists():
        return None
    numbers = [int(path.stem) for path in _kept(folder)]
    copy = folder / PREVIOUS / f"{max(numbers, default=0) + 1:04}.json"
    copy.write_bytes(current.read_bytes())
    return copy


def revert(folder: Path) -> bool:
    """Take the corrections back to those before; whether there are still some.

    Raises:
        UsageError: there are none to take back.
    """
    current, kept = folder / FILE, _kept(folder)
    if not current.exists():
        raise UsageError(f"there is nothing to take back: {current} is not there")
    if kept:
        kept[-1].replace(current)
        return True
    current.unlink()
    return False


def _kept(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / PREVIOUS).glob("*.json") if path.stem.isdecimal())
