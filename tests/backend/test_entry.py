import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_hls4ml_finds_the_backend():
    if not entry_points(group="hls4ml.backends", name="accelgen"):
        pytest.skip("accelgen is not installed, only imported from its checkout")
    script = "import hls4ml; assert 'accelgen' in hls4ml.backends.get_available_backends()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "module", ["accelgen.backend.build", "accelgen.backend.csim", "accelgen.backend.kernels.softmax"]
)
def test_whatever_is_imported_first_the_backend_is_registered_once(module):
    """Importing hls4ml imports the plug-in, which could ask for a module of ours that is half imported."""
    script = (
        f"import {module}\nfrom accelgen.backend.entry import ensure_registered\nensure_registered()\n"
        "import hls4ml; assert 'accelgen' in hls4ml.backends.get_available_backends()"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
