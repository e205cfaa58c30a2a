"""Text as a word of Tcl."""

from __future__ import annotations

import re

_SPECIAL = re.compile(r"[^ -~]|[\"$\[\]\\{}]")


def word(text: str) -> str:
    r"""A word that Tcl 8.5 and later read as exactly ``text``.

    It is ASCII, as tools read scripts in the encoding of their locale: any other character, and any that
    means something to Tcl, is written as ``\uXXXX``, and one above U+FFFF as two (a surrogate pair).
    """
    return '"' + _SPECIAL.sub(_escaped, text) + '"'


def _escaped(match: re.Match[str]) -> str:
    units = match[0].encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
