"""Costs of few-bit layers against values worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design import RowSharing, WeightMemory
from accelgen.design.costs import (
    FINN_SOURCE,
    FewBitProduct,
    Operations,
    Reading,
    finn_mvau_luts,
    folded_costs,
    unrolled_costs,
)
from accelgen.design.few_bit import Levels
from accelgen.design.folding import Folding, legal_foldings
from accelgen.design.row_program import RowProgram, Value
from accelgen.ir import FixedType

BIPOLAR = Levels(-1, 2, 2)
FOUR_LEVELS = Levels(0, 1, 4)


def signs(n_in, n_out):
    return np.random.default_rng(0).choice([-1, 1], (n_in, n_out))


def test_a_folded_binary_layer():
    """64 x 64, 8 rows by 16 inputs at once, one threshold an output."""
    found = folded_costs(
        FewBitProduct(signs(64, 64), BIPOLAR, n_thresholds=1), Folding(8, 16), WeightMemory.AUTO
    )
    assert found.operations == Operations(xnor=4096, additions=4096 - 64, comparisons=64)
    assert found.weight_bits == 4096
    assert found.threshold_bits == 64 * 7  # sums from 0 to 64
    assert found.cycles == found.interval_cycles == 8 * 4
    # 128 products at once, and 32 words of 128 bits in LUTs
    assert found.lut_estimate == int(300 + 1.1 * 128 + 128)
    assert found.lut_source == FINN_SOURCE


def test_a_weight_memory_in_block_ram_takes_no_luts():
    product = FewBitProduct(signs(64, 64), BIPOLAR)
    in_luts, in_bram = (
        finn_mvau_luts(product, Folding(8, 16), memory) for memory in (WeightMemory.LUT, WeightMemory.BRAM)
    )
    assert in_luts - in_bram == 8 * 16
    deep = Folding(1, 1)  # 4,096 words
    assert finn_mvau_luts(product, deep, WeightMemory.AUTO) == finn_mvau_luts(
        product, deep, WeightMemory.BRAM
    )
    assert finn_mvau_luts(product, deep, WeightMemory.LUT) == int(300 + 1.1 + 64)


def test_a_folded_convolution_of_two_bits():
    """Ternary 3 x 3 x 4 to 6 channels at 25 positions, with 3 thresholds and corners of their own."""
    matrix = np.zeros((36, 6), np.int64)
    matrix[:20] = signs(20, 6)
    product = FewBitProduct(matrix, FOUR_LEVELS, positions=25, n_thresholds=3, n_classes=9)
    found = folded_costs(product, Folding(3, 12), WeightMemory.BRAM)
    terms = 36 * 2  # zeros are in the memory too; two bits an input
    assert found.operations == Operations(25 * 6 * terms, 25 * 6 * (terms - 1), 25 * 6 * 3)
    assert found.weight_bits == 36 * 6 * 2
    assert found.threshold_bits == 9 * 6 * 3 * 6  # sums span 3 * 20
    assert found.cycles == 25 * 2 * 3
    assert found.lut_estimate == int(300 + 1.1 * 3 * 12 * 2 * 2)


def test_a_sliding_window_reads_while_it_computes():
    """3 x 3 taps over a padded 6 x 6 image: 36 reads, with 2 more steps at each of 16 positions."""
    product = FewBitProduct(signs(9, 4), BIPOLAR, positions=16)
    folded = folded_costs(product, Folding(4, 3), WeightMemory.AUTO, Reading(36, slides=True))
    assert (folded.cycles, folded.interval_cycles) == (48, 36 + 16 * 2)
    unrolled = unrolled_costs(product, reading=Reading(36, slides=True))
    assert (unrolled.cycles, unrolled.interval_cycles) == (16, 36)


def test_a_dense_layer_reads_its_input_first():
    product = FewBitProduct(signs(36, 4), BIPOLAR)
    folded = folded_costs(product, Folding(4, 3), WeightMemory.AUTO, Reading(9, slides=False))
    assert (folded.cycles, folded.interval_cycles) == (12, 9 + 12)
    assert unrolled_costs(product, reading=Reading(9, slides=False)).interval_cycles == 9


def test_zeros_cost_nothing_unrolled():
    matrix = np.array([[1, 0, 0], [-1, 1, 0], [0, 1, 0], [1, -1, 0]])
    found = unrolled_costs(FewBitProduct(matrix, BIPOLAR, n_thresholds=1))
    assert found.operations == Operations(xnor=6, additions=4, comparisons=3)
    assert (found.cycles, found.interval_cycles) == (1, 1)
    # twice the full adder that counts three bits; three comparisons of 2 bits
    assert found.lut_estimate == 2 + 3 * 2
    assert (found.depth, found.separate_additions, found.separate_depth) == (2, 4, 2)


def test_bits_of_levels_are_summed_one_plane_at_a_time():
    matrix = np.array([[1, 1], [-1, 0], [1, 1]])
    found = unrolled_costs(FewBitProduct(matrix, FOUR_LEVELS))
    # a plane: sums of three and of two bits; then the two planes of either
    assert found.operations == Operations(xnor=2 * (3 + 2), additions=2 * (2 + 1) + 2, comparisons=0)
    # a plane: a full adder and a half adder; weighing: two of 4 bits, for 3 * (1 + 1 + 1)
    assert found.lut_estimate == 2 * 2 + 2 * 4


def test_numbers_are_added_without_products_of_bits():
    matrix = np.array([[1, 3], [-1, 0]])
    found = unrolled_costs(FewBitProduct(matrix, FixedType(8, 8)))
    # x - y, and 4x - x
    assert found.operations == Operations(xnor=0, additions=2, comparisons=0)


def test_shared_rows_cost_what_their_program_adds():
    """The second row is the first one and twice the last input, where they differ."""
    matrix = np.array([[1, 1], [1, 1], [-1, -1], [-1, 1]])
    program = RowProgram(
        RowSharing.SPANNING_TREE,
        (Value(((0, 1), (1, 1), (2, -1), (3, -1))), Value(((3, 2),), ((0, 1),))),
        ((0, 1), (1, 1)),
    )
    found = unrolled_costs(FewBitProduct(matrix, BIPOLAR, positions=5), program)
    assert found.operations == Operations(xnor=5, additions=4, comparisons=0).times(5)
    assert (found.depth, found.separate_additions, found.separate_depth) == (3, 30, 2)


def test_positions_at_once_multiply_luts_and_divide_cycles():
    product = FewBitProduct(signs(9, 4), BIPOLAR, positions=10)
    one, four = unrolled_costs(product), unrolled_costs(product, parallel_positions=4)
    assert four.lut_estimate == 4 * one.lut_estimate
    assert (one.cycles, four.cycles) == (10, 3)
    assert one.operations == four.operations


@pytest.mark.parametrize("n_in", [1, 3, 7, 63, 255])
def test_a_popcount_of_all_ones_has_the_full_adders_of_a_parallel_counter(n_in):
    product = FewBitProduct(np.ones((n_in, 1), np.int64), BIPOLAR)
    assert unrolled_costs(product).lut_estimate == n_in - (n_in + 1).bit_length() + 1


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9))
def test_fewer_rows_and_inputs_at_once_take_more_cycles_and_no_more_luts(n_in, n_out, positions):
    product = FewBitProduct(signs(n_in, n_out), BIPOLAR, positions, n_thresholds=1)
    foldings = legal_foldings(n_in, n_out)
    costs = [folded_costs(product, folding, WeightMemory.BRAM) for folding in foldings]
    assert costs[0].cycles == positions * n_in * n_out
    assert costs[-1].cycles == positions
    assert len({found.operations for found in costs}) == 1
    assert max(found.lut_estimate for found in costs) == costs[-1].lut_estimate
