"""Packed layers as integers against the golden model, before any C++ is written."""

from __future__ import annotations

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.packed import PackedTensor
from accelgen.backend.packed_sums import packed_linear
from accelgen.backend.packing import plan_packing
from accelgen.design import Design, IoType
from accelgen.design.reuse import legalize
from accelgen.ir import Conv, Dense, Network, Threshold
from accelgen.ir.fixed import FixedArray
from tests.backend.conftest import random_codes
from tests.backend.packed_evaluation import evaluate, levels_of_codes
from tests.few_bit_networks import few_bit_network


def check_layers(network: Network, io_type: IoType, samples: int = 30) -> int:
    """Compare every packed layer on the golden model's inputs; gives how many there are."""
    design, _ = legalize(network, Design(io_type=io_type))
    packing = plan_packing(network, design)
    every = [node.name for node in network]
    golden = reference.evaluate(network, random_codes(network, samples), keep=every)
    thresholds = {layer: name for name, layer in packing.fused.items()}
    for name, few in packing.layers.items():
        node = network[name]
        assert isinstance(node, Dense | Conv)
        (source,) = node.inputs
        tensor = packing.tensors.get(source)
        packed = tensor is not None and few.inputs == tensor.levels
        arrives = tensor if packed and tensor is not None else network.types[source].storage()
        end = thresholds.get(name, name)
        threshold = network[end] if end != name else None
        assert threshold is None or isinstance(threshold, Threshold)
        result = packing.tensors.get(end) if threshold is not None else None
        layer = packed_linear(node, few, arrives, network.shapes[source], threshold, result)
        if isinstance(arrives, PackedTensor):
            x = levels_of_codes(golden[source], arrives)
        else:
            x = golden[source].at(arrives.fraction).codes.astype(np.int64)
            x = x.reshape(len(x), -1, x.shape[-1])
        found, wanted = evaluate(layer, x), golden[end]
        if result is not None:
            np.testing.assert_array_equal(found, levels_of_codes(wanted, result), err_msg=name)
            continue
        fraction = wanted.fraction if threshold is not None else layer.finish.exact.fraction
        codes = FixedArray(found.astype(float), fraction, 1 << 40)
        both = max(fraction, wanted.fraction)
        np.testing.assert_array_equal(
            codes.at(both).codes.ravel(), wanted.at(both).codes.ravel(), err_msg=name
        )
    return len(packing.layers)


@pytest.mark.parametrize("io_type", list(IoType))
def test_random_networks(io_type: IoType) -> None:
    counts = [check_layers(few_bit_network(seed), io_type) for seed in range(150)]
    assert np.mean(counts) > 3
