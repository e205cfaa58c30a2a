"""The files that make a project, for those who read one without the backend that wrote it."""

from __future__ import annotations

from pathlib import Path

REPORT = "build.json"
DESIGN = "design.yaml"
NETWORK = "network.npz"
"""The exact network, so that a project can be verified without the model it came from."""


def is_project(directory: Path) -> bool:
    """Whether a directory holds a project that accelgen built."""
    return all((directory / name).is_file() for name in (REPORT, DESIGN, NETWORK))
