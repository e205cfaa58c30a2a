"""What a few-bit layer costs: operations and cycles as counted, LUTs as a formula estimates them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

import numpy as np
import numpy.typing as npt

from accelgen.design.design import WeightMemory
from accelgen.design.few_bit import Levels
from accelgen.design.folding import Folding
from accelgen.design.row_program import RowProgram, plain
from accelgen.ir import FixedType

Integers = npt.NDArray[np.int64]

FINN_SOURCE = "FINN-R's formula for MVAU (arXiv:1809.04570)"
FULL_ADDER_SOURCE = "one LUT for each adder of one bit (Knuth, TAOCP 4A, 7.1.2)"

FINN_EMBEDDED_WORDS = 128
"""Weight memories up to this deep are in LUTs unless told otherwise, as in FINN."""


@dataclass(frozen=True)
class Operations:
    """Operations of one inference.

    ``xnor`` counts products of one bit by one bit, ``additions`` those of two operands (a sum of n bits is
    n - 1), ``comparisons`` those of a sum and a threshold.
    """

    xnor: int = 0
    additions: int = 0
    comparisons: int = 0

    def times(self, count: int) -> Operations:
        """The operations, ``count`` times."""
        return Operations(self.xnor * count, self.additions * count, self.comparisons * count)


@dataclass(frozen=True)
class Costs:
    """The costs of a few-bit layer.

    ``weight_bits`` and ``threshold_bits`` are stored, or constants in the logic. The layer computes for
    ``cycles`` of an inference and takes the next one after ``interval_cycles``, which include the reading of
    a stream; neither counts the filling of a pipeline. ``lut_estimate`` comes from the formula that
    ``lut_source`` names, not from synthesis.

    ``depth`` is given for unrolled layers: the most additions of two operands that wait for one another in a
    bit plane's sums. Beside it stand the additions and the depth of rows each computed by itself.
    """

    operations: Operations
    weight_bits: int
    threshold_bits: int
    cycles: int
    interval_cycles: int
    lut_estimate: int
    lut_source: str
    depth: int | None = None
    separate_additions: int | None = None
    separate_depth: int | None = None


@dataclass(frozen=True, eq=False)
class FewBitProduct:
    """A product with a matrix (n_in, n_out) of few bits, at each of ``positions``.

    ``inputs`` are the levels of a packed input, or the type of one that is a number. Each output's sum is
    compared with ``n_thresholds``, 0 where it travels on; ``n_classes`` kinds of positions have thresholds of
    their own.
    """

    matrix: Integers
    inputs: Levels | FixedType
    positions: int = 1
    n_thresholds: int = 0
    n_classes: int = 1

    @property
    def n_in(self) -> int:
        """Inputs of a position."""
        return int(self.matrix.shape[0])

    @property
    def n_out(self) -> int:
        """Outputs of a position."""
        return int(self.matrix.shape[1])

    @property
    def is_packed(self) -> bool:
        """Whether bits meet bits; else numbers are added and subtracted."""
        return isinstance(self.inputs, Levels)

    @property
    def input_bits(self) -> int:
        """Bits of a level or of a number."""
        return self.inputs.bits if isinstance(self.inputs, Levels) else self.inputs.width

    @cached_property
    def digits(self) -> int:
        """Binary digits of the largest magnitude of a weight: 1 for binary and ternary ones."""
        return int(np.abs(self.matrix).max(initial=1)).bit_length()

    @cached_property
    def weight_bits(self) -> int:
        """Bits that store a weight: 1 where all are -1 or 1, else its digits and a sign."""
        return 1 if bool(np.all(np.abs(self.matrix) == 1)) else self.digits + 1

    @cached_property
    def sum_bits(self) -> int:
        """Bits of the widest sum of an output; that of bits is counted from its smallest value on."""
        if isinstance(self.inputs, Levels):
            span = (1 << self.planes) - 1
            return max(1, (span * int(np.abs(self.matrix).sum(0).max())).bit_length())
        low, high = self.inputs.min_code, self.inputs.max_code
        rising, falling = np.maximum(self.matrix, 0).sum(0), np.minimum(self.matrix, 0).sum(0)
        ends = low * rising + high * falling, high * rising + low * falling
        return FixedType.for_range(int(ends[0].min()), int(ends[1].max()), 0).width

    @property
    def planes(self) -> int:
        """Bit planes of an input that are summed one by one: those of a packed one."""
        return self.input_bits if self.is_packed else 1


@dataclass(frozen=True)
class Reading:
    """What a layer takes from a stream: ``packs``, one a cycle, those of the padding included.

    Where a window slides, a position's first step is in the cycle that reads its last pack; otherwise the
    layer reads before it computes.
    """

    packs: int
    slides: bool

    def interval(self, cycles: int, positions: int) -> int:
        """The initiation interval of a layer that computes for ``cycles``."""
        return self.packs + cycles - (positions if self.slides else 0)


def folded_costs(
    product: FewBitProduct, folding: Folding, memory: WeightMemory, reading: Reading | None = None
) -> Costs:
    """The costs of a folded layer, which computes with every weight, those that are 0 included.

    ``reading`` is what it does in io_stream; None in io_parallel.
    """
    terms = product.n_in * product.digits * product.planes
    operations = Operations(
        product.n_out * terms if product.is_packed else 0,
        product.n_out * (terms - 1),
        product.n_out * product.n_thresholds,
    )
    cycles = product.positions * folding.cycles(product.n_in, product.n_out)
    interval = cycles if reading is None else reading.interval(cycles, product.positions)
    luts = finn_mvau_luts(product, folding, memory)
    return _costs(product, operations, cycles, interval, luts, FINN_SOURCE)


def unrolled_costs(
    product: FewBitProduct,
    program: RowProgram | None = None,
    parallel_positions: int = 1,
    reading: Reading | None = None,
) -> Costs:
    """The costs of an unrolled layer, in which weights that are 0 cost nothing.

    ``program`` says how rows are computed from each other, for one bit plane of packed inputs; None: each by
    itself, with XNOR and popcount. What io_stream reads, it reads in the cycles that compute.
    """
    separate = plain(product.matrix)
    program = program or separate
    rows = int(np.count_nonzero(product.matrix.any(0)))
    weighing = (product.planes - 1) * rows
    products = sum(len(value.inputs) for value in program.values) if product.is_packed else 0
    operations = Operations(
        product.planes * products,
        product.planes * program.additions + weighing,
        product.n_out * product.n_thresholds,
    )
    cycles = -(-product.positions // parallel_positions)
    luts = parallel_positions * full_adder_luts(product, program)
    interval = cycles if reading is None else reading.packs
    found = _costs(product, operations, cycles, interval, luts, FULL_ADDER_SOURCE)
    return replace(
        found,
        depth=program.depth,
        separate_additions=(product.planes * separate.additions + weighing) * product.positions,
        separate_depth=separate.depth,
    )


def _costs(
    product: FewBitProduct, operations: Operations, cycles: int, interval: int, luts: int, source: str
) -> Costs:
    return Costs(
        operations.times(product.positions),
        product.matrix.size * product.weight_bits,
        product.n_classes * product.n_out * product.n_thresholds * product.sum_bits,
        cycles,
        interval,
        luts,
        source,
    )


def finn_mvau_luts(product: FewBitProduct, folding: Folding, memory: WeightMemory) -> int:
    """LUTs of a folded layer by the cost model of FINN's matrix-vector-activation unit (MVAU).

    c0 + c1 * PE * SIMD * W * A for weights of W bits and inputs of A, with c0 = 300 and c1 = 1.1 as fitted to
    results of Vivado HLS in Blott et al., "FINN-R", ACM TRETS 11(3), 2018 (arXiv:1809.04570), which is FINN's
    first ``lut_estimation``; and its c2 for a weight memory in LUTs. FINN's later terms count multipliers and
    adder trees of W + A bits, six LUTs for a product of two bits, which is more than XNOR and popcount take.
    """
    bits = folding.pe * folding.simd * product.weight_bits
    words = folding.cycles(product.n_in, product.n_out)
    in_luts = memory is WeightMemory.LUT or (memory is WeightMemory.AUTO and words <= FINN_EMBEDDED_WORDS)
    return int(300 + 1.1 * bits * product.input_bits + (bits * ceil(words / 64) if in_luts else 0))


def full_adder_luts(product: FewBitProduct, program: RowProgram) -> int:
    """LUTs of one unrolled position: those of its program's adders, and one for each bit compared.

    `RowProgram.adder_bits` counts adders of one bit, each of which fits in a LUT (Knuth, TAOCP 4A, 7.1.2).
    """
    kind = product.inputs
    inputs = (0, 1) if isinstance(kind, Levels) else (kind.min_code, kind.max_code)
    weighing = (product.planes - 1) * product.n_out * product.sum_bits
    compared = product.n_out * product.n_thresholds * product.sum_bits
    return product.planes * program.adder_bits(inputs) + weighing + compared
