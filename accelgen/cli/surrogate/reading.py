"""What the commands that read data sets have in common: counting, and showing what was read."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from accelgen.cli.output import write_json, write_line

if TYPE_CHECKING:
    from accelgen.surrogates.dataset import Skipped
    from accelgen.surrogates.record import Synthesis

MAX_LISTED = 100
"""Skipped records that are shown one by one; all are counted."""
MAX_SOURCES = 40
"""Sources that are shown one by one; more are shown as one line a format."""


@dataclass
class Counts:
    """What one source held."""

    path: str
    format: str
    rows: int = 0
    failures: int = 0
    skipped: int = 0


@dataclass
class Reading:
    """Reads sources record by record and counts; the counts are complete once all were taken."""

    sources: list[Counts] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)

    def syntheses(self, paths: list[str]) -> Iterator[Synthesis]:
        """Every synthesis in the paths; UsageError where there is none at all."""
        from accelgen.errors import UsageError
        from accelgen.surrogates.dataset import Skipped, first_reason, records

        for source, record in records(*paths):
            if record is None:
                if source.read is None:
                    self.ignored.append(str(source.path))
                else:
                    self.sources.append(Counts(str(source.path), source.format))
                continue
            counts = self.sources[-1]
            if isinstance(record, Skipped):
                counts.skipped += 1
                if len(self.skipped) < MAX_LISTED:
                    self.skipped.append(record)
                continue
            counts.rows += 1
            counts.failures += not record.success
            yield record
        if not any(counts.rows for counts in self.sources):
            raise UsageError(f"there is no synthesis in {', '.join(paths)}{first_reason(self.skipped)}")

    def as_json(self) -> dict[str, Any]:
        """The counts and the first skipped records."""
        return {
            "rows": sum(counts.rows for counts in self.sources),
            "failures": sum(counts.failures for counts in self.sources),
            "skipped": self.n_skipped,
            "sources": [asdict(counts) for counts in self.sources],
            "reasons": self.reasons,
            "ignored": self.ignored,
        }

    @property
    def n_skipped(self) -> int:
        """How many records were skipped."""
        return sum(counts.skipped for counts in self.sources)

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """The first skipped records, for JSON."""
        return [asdict(record) for record in self.skipped]

    def show(self) -> None:
        """Print a table of the sources, the skipped records and the ignored files."""
        from accelgen.console import print_table

        figures = ("rows", "failures", "skipped")
        sources = self.sources if len(self.sources) <= MAX_SOURCES else self._by_format()
        rows = [(own.path, own.format, own.rows, own.failures, own.skipped) for own in sources]
        print_table("sources", ("path", "format", *figures), rows, right=figures)
        self.show_skipped()

    def show_skipped(self) -> None:
        """Print the skipped records and the ignored files."""
        for record in self.skipped:
            write_line(f"skipped {record}")
        more = self.n_skipped - len(self.skipped)
        if more:
            write_line(f"... and {more:,} more")
        for path in self.ignored:
            write_line(f"ignored {path}: it is in no known format")

    def _by_format(self) -> list[Counts]:
        names = dict.fromkeys(own.format for own in self.sources)
        members = {name: [own for own in self.sources if own.format == name] for name in names}
        return [
            Counts(
                f"{len(own):,} sources",
                name,
                *(sum(getattr(one, figure) for one in own) for figure in ("rows", "failures", "skipped")),
            )
            for name, own in members.items()
        ]


def write_table(options: Namespace, keep_duplicates: bool) -> int:
    """Write what ``options.sources`` hold to ``options.output``, and show what was read."""
    from accelgen.console import step
    from accelgen.surrogates.dataset import unique, write

    reading = Reading()
    with step(f"reading {', '.join(options.sources)}"):
        syntheses = reading.syntheses(options.sources)
        rows = write(Path(options.output), syntheses if keep_duplicates else unique(syntheses))
    found = {"output": options.output, "written": rows, **reading.as_json()}
    if options.json:
        write_json(found)
        return 0
    reading.show()
    duplicates = found["rows"] - rows
    again = f", {duplicates:,} that stand there already" if duplicates else ""
    write_line(f"{rows:,} rows, {found['failures']:,} failures, {found['skipped']:,} skipped{again}")
    write_line(f"the table is {options.output}")
    return 0
