"""SciPy's HiGHS, which now and then prints a line of its own on C's stdout, where answers as JSON go."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OUT = 1
ERR = 2


@contextmanager
def stdout_on_stderr() -> Iterator[None]:
    """What C code prints on file descriptor 1 while the block runs goes to stderr, of all threads.

    What Python or C hold back is written before, to where it belongs. Nothing changes where there is no
    stdout; where there is no stderr, what is printed is lost.
    """
    try:
        kept = os.dup(OUT)
    except OSError:
        yield
        return
    try:
        _flush()
        try:
            os.dup2(ERR, OUT)
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, OUT)
            os.close(nowhere)
        try:
            yield
        finally:
            _flush()
            os.dup2(kept, OUT)
    finally:
        os.close(kept)


def _flush() -> None:
    if sys.stdout is not None and not sys.stdout.closed:
        sys.stdout.flush()
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
