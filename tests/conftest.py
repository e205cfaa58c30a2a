from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave the user's cache and data alone; the cache is shared among all tests of all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("ACCELGEN_CACHE_DIR", str(shared / "cache"))
        monkeypatch.setenv("XDG_DATA_HOME", str(base / "data"))
        for name in ("ACCELGEN_STORE", "ACCELGEN_SURROGATES"):
            monkeypatch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _seeded_tensorflow() -> None:
    """Seed TensorFlow where it is loaded: one that trained estimates draws no number unseeded."""
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        tensorflow.random.set_seed(0)
