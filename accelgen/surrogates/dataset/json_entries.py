"""Reads the entries of large JSON files one by one: arrays of objects, single objects, and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from accelgen.surrogates.dataset.table import BadRecordError

CHUNK = 1 << 20
MAX_ENTRY = 1 << 25
"""The longest entry, in characters: wa-hls4ml's hold some 10,000."""


def entries(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file, in order, holding one of them in memory at a time.

    Raises:
        BadRecordError: from where the file is no such JSON, or an entry is no object or too long. The rest
            cannot be read.
        OSError: the file cannot be read.
    """
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        text = _Text(file)
        in_array = text.skip("[")
        while text.skip(",") or text.more():
            if in_array and text.skip("]"):
                if text.more():
                    raise BadRecordError("something follows the array")
                return
            yield text.entry()
        if in_array:
            raise BadRecordError("the file ends within the array")


class _Text:
    """A file's text from the place that was read to, as much of it as is needed."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()  # reads NaN, too, which `Fields` takes for no value

    def _fill(self, size: int) -> bool:
        read = self._file.read(size)
        self._text = self._text[self._at :] + read
        self._at = 0
        return bool(read)

    def more(self) -> bool:
        """Skip white space; whether anything follows."""
        while True:
            while self._at < len(self._text) and self._text[self._at].isspace():
                self._at += 1
            if self._at < len(self._text):
                return True
            if not self._fill(CHUNK):
                return False

    def skip(self, character: str) -> bool:
        """Skip white space and the character, if it comes next."""
        found = self.more() and self._text[self._at] == character
        self._at += found
        return found

    def entry(self) -> dict[str, Any]:
        """The object that comes next."""
        if self._text[self._at] != "{":
            raise BadRecordError(f"an object was expected, not {self._text[self._at : self._at + 20]!r}")
        while (found := self._decoded()) is None:
            # it may only be cut off; reading as much again keeps the work proportional to its length
            length = len(self._text) - self._at
            if length > MAX_ENTRY or not self._fill(max(CHUNK, length)):
                start = self._text[self._at :][:40]
                raise BadRecordError(f"the JSON is damaged or cut off, from here on: {start!r} ...")
        value, self._at = found
        entry: dict[str, Any] = value
        return entry

    def _decoded(self) -> tuple[Any, int] | None:
        """The value that comes next and where it ends; None where it is not whole."""
        try:
            return self._decoder.raw_decode(self._text, self._at)
        except (ValueError, RecursionError):
            return None
