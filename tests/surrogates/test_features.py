import numpy as np

from accelgen.surrogates.features import ceil_log2, from_records
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord


def dense(name, n_in, n_out, inputs=(), **fields):
    settings = {"strategy": "resource", "reuse_factor": n_in, "weight_bits": 8, "accum_bits": 16} | fields
    return LayerRecord(name, LayerKind.DENSE, inputs, n_in=n_in, n_out=n_out, **settings)


TWO = DesignRecord((dense("a", 16, 8), dense("b", 8, 4, ("a",))), part="xcu250-figd2104-2L-e")
ONE = DesignRecord((dense("c", 4, 4, strategy="latency"),), part="xc7z020clg400-1", io_type="io_stream")


def test_layers_know_their_design_and_their_place_in_it():
    layers = from_records([TWO, ONE])
    assert layers.n_designs == 2
    assert layers.design.tolist() == [0, 0, 1]
    assert layers.first.tolist() == [True, False, True]
    assert layers.last.tolist() == [False, True, True]
    assert layers.constant.tolist() == [False, False, True]
    assert layers.looped.tolist() == [True, True, False]
    assert layers.fast.tolist() == [True, False]
    assert layers.stream.tolist() == [False, True]
    assert layers.clock_ns.tolist() == [5 * 0.73] * 2


def test_a_reuse_factor_of_1_makes_weights_constant():
    layers = from_records([DesignRecord((dense("a", 16, 8, reuse_factor=1),))])
    assert layers.constant.all()
    assert layers.looped.all()


def test_figures_of_layers_add_up_and_compare_by_design():
    layers = from_records([TWO, ONE, DesignRecord(())])
    assert layers.total(np.array([1.0, 2.0, 4.0])).tolist() == [3, 4, 0]
    assert layers.largest(np.array([1.0, 2.0, 4.0])).tolist() == [2, 4, 0]


def test_a_selection_keeps_all_designs():
    layers = from_records([TWO, ONE])
    chosen = layers.select(layers.constant)
    assert chosen.n_in.tolist() == [4]
    assert chosen.design.tolist() == [1]
    assert chosen.n_designs == 2


def test_block_factor_and_sharing_are_those_of_the_resource_kernel():
    layers = from_records([DesignRecord((dense("a", 104, 96, reuse_factor=832),))])
    assert layers.block_factor.tolist() == [12]
    assert layers.sharing.tolist() == [8]
    assert from_records([TWO]).sharing.tolist() == [1, 1]


def test_untrained_weights_lose_the_bits_that_repeat_their_sign():
    # sqrt(3 / 104) = 0.17 and sqrt(3 / 40) = 0.27, in 8 bits of which 7 follow the point: 22 and 35
    layers = from_records([DesignRecord((dense("a", 104, 8), dense("b", 40, 8), dense("c", 8, 8)))])
    assert layers.stored_bits.tolist() == [6, 7, 8]
    known = from_records([DesignRecord((dense("a", 104, 8, nonzero=800),))])
    assert known.stored_bits.tolist() == [8]


def test_sums_are_as_wide_as_they_must_be_where_nothing_is_known():
    layers = from_records([DesignRecord((dense("a", 100, 8, accum_bits=0),))])
    assert layers.sum_bits.tolist() == [16 + 8 + 7]


def test_ceil_log2_counts_address_bits():
    assert ceil_log2(np.array([0.0, 1, 2, 5, 8, 9])).tolist() == [0, 0, 1, 3, 3, 4]
