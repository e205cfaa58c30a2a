"""Reads the entries of large JSON files one by one: arrays of objects, single objects, and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

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
        self._decoder = json.JSONDecoder(parse_constant=_refuse_constant)

    def more(self) -> bool:
        """Skip white space; whether anything follows."""
        self._text = self._text.lstrip()
        while not self._text and self._fill(CHUNK):
            self._text = self._text.lstrip()
        return bool(self._text)

    def skip(self, character: str) -> bool:
        """Skip white space and the character, if it comes next."""
        found = self.more() and self._text[0] == character
        if found:
            self._text = self._text[1:]
        return found

    def _fill(self, size: int) -> bool:
        read = self._file.read(size)
        self._text += read
        return bool(read)

    def entry(self) -> dict[str, Any]:
        """The object that comes next."""
        if self._text[0] != "{":
            raise BadRecordError(f"an object was expected, not {self._text[:20]!r}")
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text)
                break
            except (ValueError, RecursionError) as error:
                # it may only be cut off; reading as much again keeps the work proportional to its length
                if len(self._text) > MAX_ENTRY or not self._fill(max(CHUNK, len(self._text))):
                    raise BadRecordError(f"the JSON is damaged or cut off: {error}") from None
        self._text = self._text[end:]
        entry: dict[str, Any] = value
        return entry


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
