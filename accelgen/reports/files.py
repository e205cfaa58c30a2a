"""The content of report files, which may be anything."""

from __future__ import annotations

from pathlib import Path

from accelgen.errors import ReportError

MAX_BYTES = 64 << 20
"""The largest report read; the top function of a network of 5,000 ports needs 3 MB."""


def read_bytes(path: Path, max_bytes: int | None = None) -> bytes:
    """A report's content, of at most ``max_bytes`` (`MAX_BYTES`).

    Raises:
        ReportError: it cannot be read, is empty, or is larger than any report.
    """
    limit = MAX_BYTES if max_bytes is None else max_bytes
    try:
        if path.stat().st_size > limit:
            raise ReportError(f"{path} is larger than any report ({limit >> 20} MiB)")
        content = path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from None
    if not content.strip():
        raise ReportError(f"{path} is half-written: it is empty")
    return content
