from __future__ import annotations

import pytest


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Leave the user's cache alone, share one among all tests."""
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setenv("ACCELGEN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
