"""Packed layers, of which there are no measurements: rules follow the counts of `accelgen.design.costs`."""

from dataclasses import replace

import numpy as np
import pytest

from accelgen.design.costs import FewBitProduct, folded_costs, unrolled_costs
from accelgen.design.design import WeightMemory
from accelgen.design.few_bit import Levels
from accelgen.design.folding import Folding
from accelgen.surrogates.features import from_records
from accelgen.surrogates.record import DesignRecord, LayerKind, LayerRecord
from accelgen.surrogates.rules import estimate

LAYER = LayerRecord(
    "fc",
    LayerKind.PACKED,
    n_in=64,
    n_out=32,
    input_bits=1,
    weight_bits=2,
    accum_bits=7,
    result_bits=1,
    nonzero=64 * 32,
    strategy="packed_unrolled",
)
SIGNS = np.where(np.random.default_rng(0).random((64, 32)) < 0.5, -1, 1)
PRODUCT = FewBitProduct(SIGNS, Levels(1, -1, 2, 0), n_thresholds=1)


def luts(layer, io_type="io_parallel"):
    return float(estimate(from_records([DesignRecord((layer,), io_type)])).layers["lut"][0])


@pytest.mark.parametrize(("pe", "simd"), [(8, 16), (4, 16), (1, 1)])
def test_folded_layers_cost_what_finn_r_says(pe, simd):
    factor = 64 * 32 // (pe * simd)
    layer = replace(LAYER, strategy="packed_folded", reuse_factor=factor)
    costs = folded_costs(PRODUCT, Folding(pe, simd), WeightMemory.AUTO)
    assert int(luts(layer)) == costs.lut_estimate


def test_unrolled_layers_cost_half_the_adders_of_separate_rows():
    separate = unrolled_costs(PRODUCT)
    assert luts(LAYER) == pytest.approx(separate.lut_estimate / 2, rel=0.2)
    assert luts(LAYER, "io_stream") == luts(LAYER)


def test_thresholds_alone_are_compared_and_not_multiplied():
    thresholds = LayerRecord("bits", LayerKind.PACKED, n_in=784, n_out=784, input_bits=8, table_size=1)
    assert 784 < luts(thresholds) < 784 * 8
