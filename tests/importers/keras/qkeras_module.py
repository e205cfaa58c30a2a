"""Imports qkeras-v3, also where HGQ2 has put packages of its own into qkeras' folder."""

import importlib.util
import sys
from pathlib import Path

import pytest


class _ModulesBeforePackages:
    """HGQ2 0.2 installs qkeras/qlayers/ and qkeras/quantizers/, which hide qkeras-v3's modules."""

    def find_spec(self, name, path=None, _target=None):
        if not name.startswith("qkeras.") or path is None:
            return None
        for folder in path:
            file = Path(folder) / f"{name.rpartition('.')[2]}.py"
            if file.is_file():
                return importlib.util.spec_from_file_location(name, file)
        return None


def import_qkeras():
    """The module qkeras, or skip the tests that ask."""
    pytest.importorskip("tensorflow")
    finder = _ModulesBeforePackages()
    sys.meta_path.insert(0, finder)
    try:
        return pytest.importorskip("qkeras.quantizers") and pytest.importorskip("qkeras")
    finally:
        sys.meta_path.remove(finder)
