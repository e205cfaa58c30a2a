"""Runs a generated io_stream project whose FIFOs hold no more than their depths (bounded/hls_stream.h)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

STAND_IN = Path(__file__).parent / "bounded"

NETWORK = "bounded::network::get()"


@dataclass(frozen=True)
class Outcome:
    passed: bool
    stopped: tuple[str, ...]
    output: str


class BoundedProject:
    """A project compiled so that every call of its top function is a process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.program = directory / "bounded_csim"
        (top,) = (directory / "firmware").glob("*_top.cpp")
        (directory / "bounded.cpp").write_text(_with_processes(top))
        flags = ("-O0", "-std=c++14", "-DNDEBUG", "-w", f"-I{STAND_IN}", "-Ifirmware/ap_types")
        command = ("g++", *flags, "bounded.cpp", "-o", self.program)
        subprocess.run(command, cwd=directory, check=True, timeout=300)

    def run(self, depths: Mapping[str, int] | None = None, moves: Path | None = None) -> Outcome:
        """Run the testbench with other depths of some FIFOs; ``moves`` is where to write what moves."""
        environment = {**os.environ, "DEPTHS": " ".join(f"{name}={n}" for name, n in (depths or {}).items())}
        if moves is not None:
            environment["MOVES"] = str(moves)
        done = subprocess.run(
            [self.program],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        stopped = tuple(re.findall(r"^stopped: (.*)$", done.stdout, re.M))
        return Outcome(done.returncode == 0, stopped, done.stdout)


def _with_processes(top: Path) -> str:
    """The top function whose calls are processes and whose streams have names and depths; the testbench."""
    head, body = re.sub(r"^#include.*\n", "", top.read_text(), flags=re.M).split(") {\n", 1)
    ports = "".join(f'    {port}.set("{port}", ~size_t(0));\n' for port in re.findall(r"> &(\w+)", head))
    body = re.sub(r"#pragma HLS STREAM variable=(\w+) depth=(\d+)", r'\1.set("\1", \2);', body)
    body = re.sub(r"^    ((?:nnet|accelgen)::.*;)$", rf"    {NETWORK}.add([&] {{ \1 }});", body, flags=re.M)
    includes = (
        f'#include "testbench.cpp"\n#include "firmware/{top.stem}.h"\n#include "firmware/parameters.h"\n'
    )
    return f"{includes}{head}) {{\n{ports}{body[: body.rindex('}')]}    {NETWORK}.run();\n}}\n"
