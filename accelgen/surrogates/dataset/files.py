"""The text of files that others wrote."""

from __future__ import annotations

from pathlib import Path

from accelgen.surrogates.dataset.table import BadRecordError

MAX_BYTES = 1 << 24
"""The longest source or configuration file read."""


def read_text(path: Path) -> str:
    """The text of a file, with what is no UTF-8 replaced.

    Raises:
        BadRecordError: it cannot be read, or is larger than any such file.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise BadRecordError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadRecordError(f"{path.name} cannot be read: {error.strerror}") from None
