"""What is kept of finished projects: reports and logs take kilobytes, the rest of them megabytes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from accelgen.project_files import DESIGN, NETWORK, REPORT, is_project

FOLDERS = frozenset({"report", "reports", "logs"})
SUFFIXES = frozenset({".rpt", ".xml", ".log"})
RESULT = "result.json"
"""Says how a project ended."""

FILES = frozenset({REPORT, DESIGN, NETWORK, RESULT})
"""By which ``accelgen report`` and a campaign know a project."""

_MAKEFILE = "Makefile"


def is_whole(project: Path) -> bool:
    """Whether a project is there, and nothing of it was removed."""
    return is_project(project) and (project / _MAKEFILE).is_file()


def prune(project: Path) -> None:
    """Remove all of a project but reports, logs, and what says which design it is.

    The Makefile goes first, so that one that is interrupted leaves no project that looks whole.
    """
    with suppress(FileNotFoundError):
        (project / _MAKEFILE).unlink()
    for name, below, files in os.walk(project, topdown=False):
        folder = Path(name)
        inside = FOLDERS & set(folder.relative_to(project).parts)
        for file in files:
            kept = Path(file).suffix in SUFFIXES if inside else folder == project and file in FILES
            if not kept:
                (folder / file).unlink()
        for directory in below:
            own = folder / directory
            if own.is_symlink():
                own.unlink()
            elif not any(own.iterdir()):
                own.rmdir()
