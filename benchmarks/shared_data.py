"""Where the measurements that benchmarks read lie: beside the checkout, or in ``ACCELGEN_DATA``."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path

SHARED = Path(__file__).resolve().parents[2] / "shared"


def add_data(parser: ArgumentParser) -> None:
    """Declare ``--data``: the files and folders of measurements."""
    data = Path(os.environ.get("ACCELGEN_DATA", SHARED / "data"))
    parser.add_argument("--data", type=Path, nargs="+", default=[data / "synthesis", data.parent / "reports"])
