"""Generated code compiles without warnings as C++11 and as C++17, beyond what hls4ml's own kernels give."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.design import Design, IoType
from tests.backend.conftest import random_codes
from tests.backend.test_every_kind import every_kind

FLAGS = ("-Wall", "-Wextra", "-Wno-unknown-pragmas", "-fsyntax-only")
"""Every pragma of HLS is unknown to a compiler of software."""


def warnings(project: Path, standard: str) -> list[str]:
    paths = ["-I", "firmware", "-isystem", "firmware/ap_types"]
    done = subprocess.run(
        ["g++", f"-std={standard}", *FLAGS, *paths, "csim.cpp"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [line for line in done.stderr.splitlines() if "warning:" in line]


@pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")
@pytest.mark.parametrize("io_type", list(IoType))
def test_no_warnings(tmp_path: Path, io_type: IoType) -> None:
    network = every_kind(np.random.default_rng(0))
    inputs = random_codes(network, 4)
    golden = reference.evaluate(network, inputs)
    project = tmp_path / "out"
    write_project(
        network, Design(io_type=io_type), project, sources={}, golden_inputs=inputs, golden_outputs=golden
    )
    for standard in ("c++11", "c++17"):
        assert warnings(project, standard) == []
    # without the pragmas that silence hls4ml's kernels, ours may still not warn, loop labels apart
    header = project / "firmware" / "parameters.h"
    lines = header.read_text().splitlines()
    header.write_text("\n".join(line for line in lines if not line.startswith("#pragma GCC")))
    unmasked = [line for line in warnings(project, "c++11") if "-Wunused-label" not in line]
    assert [line for line in unmasked if "accelgen" in line] == []
