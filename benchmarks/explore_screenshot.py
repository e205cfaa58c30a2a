"""Take docs/images/explore.png: the report of a search for the shipped jet tagger, as a browser shows it.

Needs playwright and a Chromium (``apt-get install chromium``).
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from accelgen.api import explore
from accelgen.exploration.goals import Goals
from accelgen.exploration.report import write_exploration

ROOT = Path(__file__).parents[1]
MODEL = "examples/jet_tagger/model.keras"


def screenshot(page: Path, size: tuple[int, int], scheme: str) -> bytes:
    """The upper part of a page as PNG, a quarter finer than its size says."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("a Chromium is needed: apt-get install chromium")
    width, height = size
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            device_scale_factor=1.25,
            reduced_motion="reduce",
        )
        tab = context.new_page()
        tab.goto(page.as_uri())
        tab.wait_for_selector("#detail h2")
        taken = tab.screenshot()
        browser.close()
    return taken


def main() -> None:
    """Search, write the report, take its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--board", default="u250")
    parser.add_argument("--max-latency", default="1us")
    parser.add_argument("--max-lut", default="12%")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--size", type=int, nargs=2, default=(1400, 900), metavar=("WIDTH", "HEIGHT"))
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "docs" / "images" / "explore.png")
    options = parser.parse_args()
    goals = Goals.of({"latency": options.max_latency, "lut": options.max_lut})
    found = explore(ROOT / MODEL, board=options.board, goals=goals)
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder) / "out"
        write_exploration(found, directory, [MODEL])
        taken = screenshot(directory / "report.html", tuple(options.size), options.scheme)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_bytes(taken)
    print(f"{options.output}: {options.output.stat().st_size // 1024} KB, {len(found.candidates)} designs")


if __name__ == "__main__":
    main()
