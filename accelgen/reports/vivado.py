"""What the reports of Vivado have in common: the lines that say of which design, and by which version."""

from __future__ import annotations

import re
from dataclasses import dataclass

from accelgen.errors import ReportError
from accelgen.reports.text import Document

_VERSION = re.compile(r"Vivado v\.?([0-9]{4}\.[0-9]+(?:\.[0-9]+)?)")


@dataclass(frozen=True)
class Origin:
    """Which design a report is of: ``state`` is "Synthesized", "Fully Placed", "Routed" and the like.

    ``device`` is the part as Vivado writes it, with or without "xc", and without the temperature grade.
    """

    version: str
    design: str
    device: str
    state: str | None


def same_device(part: str, device: str) -> bool:
    """Whether a part may be what Vivado calls a device (`Origin`): it may leave out grades at the end."""
    own, other = (re.sub("^x[acq]|-", "", name.lower()) for name in (part, device))
    return own.startswith(other) or other.startswith(own)


def read_origin(document: Document) -> Origin:
    """The origin of a report; raises ReportError where it does not name a version, a design or a device."""
    match = _VERSION.match(document.fact("tool version"))
    if match is None:
        raise ReportError(f"{document.path} names no version of Vivado")
    return Origin(
        match[1], document.fact("design"), document.fact("device"), document.facts.get("design state")
    )
