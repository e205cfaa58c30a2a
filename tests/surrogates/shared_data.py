"""The real measurements, where they lie beside the repository; they are never part of it."""

import os
from pathlib import Path

import pytest

_SHARED = Path(__file__).resolve().parents[3] / "shared"
DATA = Path(os.environ.get("ACCELGEN_DATA", _SHARED / "data"))
SYNTHESIS = DATA / "synthesis"
REPORTS = DATA.parent / "reports"

needs_data = pytest.mark.skipif(not SYNTHESIS.is_dir(), reason=f"no real syntheses in {SYNTHESIS}")
needs_reports = pytest.mark.skipif(not REPORTS.is_dir(), reason=f"no real reports in {REPORTS}")
