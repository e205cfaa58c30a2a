"""Text reports of AMD's tools: facts, headings, and tables in boxes whose columns are known by their headers.

A header may have several lines, in which a cell stands above several columns: "Latency (cycles)" above "min"
and "max" gives the columns "latency (cycles) min" and "latency (cycles) max".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.reports.files import read_bytes

MAX_BYTES, MAX_LINES = 32 << 20, 200_000
"""No text report is larger: one of 100,000 instances has some 20 MB."""

MAX_COLUMNS, MAX_HEADER_LINES, MAX_LINE = 200, 12, 100_000
"""No table is larger; the bounds keep what hostile files cost linear in their size."""

_RULER = re.compile(r"\+-[-+]*\+")
_FACT = re.compile(r"(?:\*|\|)\s*([A-Za-z][\w /]{0,40}?)\s*:\s+(\S.{0,999})")
_LABEL = re.compile(r"(\s*)[+*] (\S.{0,99}?):\s*")
_TITLE = re.compile(r"== (\S.*)")
_COUNT = re.compile(r"([0-9][0-9,]{0,18})(?: ?\([~<]?[0-9.]{1,9} ?%?\))?")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,3})?")
_TIME = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(?: ?(ps|ns|us|ms|sec|s))?")
_NS = {"ps": 1e-3, "ns": 1.0, "us": 1e3, "ms": 1e6, "sec": 1e9, "s": 1e9}
_NONE = frozenset({"", "-", "NA", "N/A", "?", "undef", "inf"})


@dataclass(frozen=True)
class Table:
    """A table, the headings that it stands under, from the outermost, and its cells as written."""

    path: Path
    section: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, *names: str) -> int | None:
        """The position of the first of some columns that there is."""
        return next((self.columns.index(name) for name in names if name in self.columns), None)

    def need(self, *names: str) -> int:
        """The same; raises ReportError where there is none of them."""
        found = self.column(*names)
        if found is None:
            raise ReportError(
                f"{self.path}: a table has no column {names[0]!r}, but {', '.join(self.columns)}"
            )
        return found

    def row(self, *names: str) -> tuple[str, ...] | None:
        """The row whose first cell is the first of some names that there is, footnote marks aside."""
        rows = {row[0].strip().rstrip("*"): row for row in reversed(self.rows)}
        return next((rows[name] for name in names if name in rows), None)


@dataclass(frozen=True)
class Document:
    """A text report."""

    path: Path
    text: str

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """What lines such as "* Version: 2021.1" or "| Design : top" say, by their names in lower case."""
        found: dict[str, str] = {}
        for line in _lines(self.text):
            match = _FACT.match(line.strip())
            if match is not None and len(found) < MAX_COLUMNS:
                found.setdefault(match[1].lower(), match[2].strip().rstrip("|").strip())
        return found

    def fact(self, name: str) -> str:
        """One of them; raises ReportError where it is missing."""
        if name not in self.facts:
            raise ReportError(f"{self.path} is half-written: it has no {name}")
        return self.facts[name]

    def tables(self) -> Iterator[Table]:
        """The tables, in order.

        Raises:
            ReportError: one ends before its frame does, or no tool writes one like it.
        """
        labels: list[tuple[int, str]] = []
        block: list[str] = []
        for line in _lines(self.text + "\n"):
            if block or _RULER.fullmatch(line.strip()):
                if line.lstrip()[:1] in ("+", "|") and not _LABEL.fullmatch(line):
                    block.append(line.strip())
                    if len(line) > MAX_LINE:
                        raise ReportError(f"{self.path} has a table that is larger than any tool's")
                    continue
                yield self._table(block, tuple(label for _, label in labels))
                block = []
            _note_heading(line, labels)
        if block:
            yield self._table(block, tuple(label for _, label in labels))

    def _table(self, block: Sequence[str], section: tuple[str, ...]) -> Table:
        closed = [number for number, line in enumerate(block) if _RULER.fullmatch(line)]
        if len(closed) < 2 or closed[-1] != len(block) - 1:
            raise ReportError(f"{self.path} is half-written: a table breaks off after {block[-1][:60]!r}")
        header = block[: closed[1] + 1]
        columns = _columns(header) if len(header) <= MAX_HEADER_LINES else ()
        if not 0 < len(columns) <= MAX_COLUMNS:
            raise ReportError(f"{self.path} has a table whose header is no tool's")
        rows = [
            self._cells(line, len(columns)) for line in block[closed[1] + 1 :] if not _RULER.fullmatch(line)
        ]
        return Table(self.path, section, columns, tuple(rows))

    def _cells(self, line: str, count: int) -> tuple[str, ...]:
        cells = tuple(line.split("|")[1:-1])
        if len(cells) != count:
            raise ReportError(f"{self.path} is damaged: a row has {len(cells)} cells in {count} columns")
        return cells


def read_document(path: Path, mark: str, what: str) -> Document:
    """A report that holds the text ``mark``, by which the tool's own are known.

    Raises:
        ReportError: the file cannot be read, or is another; ``what`` names what it should be.
    """
    content = read_bytes(path, MAX_BYTES)
    if content.count(b"\n") > MAX_LINES:
        raise ReportError(f"{path} is no {what}: it has more than {MAX_LINES:,} lines")
    if b"\0" in content:
        raise ReportError(f"{path} is no {what}: it is no text")
    text = content.decode("utf-8-sig", errors="replace")
    if mark not in text:
        raise ReportError(f"{path} is no {what}, or only its start: it does not say {mark!r}")
    return Document(path, text)


def count(path: Path, cell: str) -> int | None:
    """A whole number, as "1,234" or "39 (17%)"; None where the tool wrote a dash or the like.

    Raises:
        ReportError: it is something else.
    """
    text = cell.strip()
    match = _COUNT.fullmatch(text)
    if match is not None:
        return int(match[1].replace(",", ""))
    if text in _NONE:
        return None
    raise ReportError(f"{path} is damaged: {text[:40]!r} is no count")


def number(path: Path, cell: str) -> float | None:
    """A number, None where the tool wrote a dash or the like; raises ReportError of something else."""
    text = cell.strip().replace(",", "")
    if _NUMBER.fullmatch(text):
        return float(text)
    if text in _NONE:
        return None
    raise ReportError(f"{path} is damaged: {text[:40]!r} is no number")


def time_ns(path: Path, cell: str) -> float:
    """A time in nanoseconds, its unit written beside it or left out.

    Raises:
        ReportError: it is none.
    """
    match = _TIME.fullmatch(cell.strip())
    if match is None:
        raise ReportError(f"{path} is damaged: {cell.strip()[:40]!r} is no time")
    scale = _NS[match[2] or "ns"]
    return float(match[1]) * scale if scale != 1 else float(match[1])


def _lines(text: str) -> Iterator[str]:
    return (line.rstrip("\r\n") for line in StringIO(text, newline="\n"))


def _note_heading(line: str, labels: list[tuple[int, str]]) -> None:
    """Keep the headings that stand above what follows: titles, and labels by their indentation."""
    title, label = _TITLE.match(line.strip()), _LABEL.fullmatch(line)
    if title is not None:
        labels[:] = [(-1, title[1].strip())]
    elif label is not None:
        indent = len(label[1].expandtabs())
        labels[:] = [entry for entry in labels if entry[0] < indent][:MAX_HEADER_LINES]
        labels.append((indent, re.sub(r" \(.*\)$", "", label[2])))


def _columns(header: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, in lower case, from a header between two rulers."""
    bars = sorted({place for line in header for place in _bars(line)})
    names: list[list[str]] = [[] for _ in bars[1:]]
    for line in header:
        own = _bars(line)
        spans = dict(pairwise(own))
        end, text = 0, ""
        for position, (left, right) in enumerate(pairwise(bars)):
            if left in spans:
                end, text = spans[left], line[left + 1 : spans[left]].strip()
            if right <= end and text.strip("-"):
                names[position].append(text)
    return tuple(" ".join(" ".join(parts).lower().split()) for parts in names)


def _bars(line: str) -> list[int]:
    """Where cells of a header's line begin and end; lines between its parts have crosses there."""
    marks = "+|" if line.startswith("+") else "|"
    return [place for place, char in enumerate(line) if char in marks]
