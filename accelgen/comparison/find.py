"""Finds projects on disk: accelgen's own, and hls4ml's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from accelgen.errors import ReportError
from accelgen.project_files import is_project
from accelgen.surrogates.dataset import hls4ml_project


def find_projects(folder: Path) -> Iterator[Path]:
    """The project that a folder is, or those below it, in the order of their names.

    Raises:
        ReportError: it is no folder, or there is none.
    """
    if not folder.is_dir():
        raise ReportError(f"{folder} is no folder")
    found = False
    for name, below, _ in os.walk(folder):
        if _is_project(Path(name)):
            found = True
            below.clear()
            yield Path(name)
        below.sort()
    if not found:
        raise ReportError(f"{folder} is no project of accelgen or hls4ml, and holds none")


def _is_project(folder: Path) -> bool:
    return is_project(folder) or hls4ml_project.is_project(folder)
