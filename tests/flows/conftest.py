from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.flows.makes import TOOLS, Makes, build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("flows") / "small")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Stand-ins of a version before vitis-run."""
    folder = tmp_path / "tools on the path"
    folder.mkdir()
    for name in ("vitis_hls", "vivado"):
        (folder / name).symlink_to(TOOLS / name)
    return folder


@pytest.fixture
def make(built: Path, tmp_path: Path, tools: Path) -> Makes:
    """make in a project whose path means something to make, shells and Tcl."""
    folder = tmp_path / 'it\'s [exit] $HOME #{a} "b" é'
    # ap_types are for g++ only
    shutil.copytree(built, folder, ignore=shutil.ignore_patterns("ap_types"))
    return Makes(folder, tools)
