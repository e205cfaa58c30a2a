"""The passes that merge, fold, move and remove keep every network's real function."""

import numpy as np
import pytest
from hypothesis import given, settings

from accelgen import real
from accelgen.ir import Network, Node
from accelgen.passes.factor_weights import factor_weights
from accelgen.passes.fold_affine import fold_affine
from accelgen.passes.merge_affines import merge_affines
from accelgen.passes.permute_weights import permute_weights
from accelgen.passes.pool_levels import pool_after_steps, pool_levels
from accelgen.passes.push_scales import push_scales
from accelgen.passes.remove_redundant import remove_redundant
from tests.passes.chains import networks

PASSES = (
    merge_affines,
    fold_affine,
    push_scales,
    remove_redundant,
    permute_weights,
    factor_weights,
    pool_after_steps,
    pool_levels,
)


def assert_same_function(before: Network, after: Network) -> None:
    rng = np.random.default_rng(0)
    data = {node.name: rng.normal(size=(3, *node.shape)) * 2 for node in before.inputs}
    want, got = real.evaluate(before, data), real.evaluate(after, data)
    assert len(before.outputs) == len(after.outputs)
    for old, new in zip(before.outputs, after.outputs, strict=True):
        np.testing.assert_allclose(got[new], want[old], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rewrite", PASSES, ids=lambda rewrite: rewrite.__name__)
@settings(max_examples=60, deadline=None)
@given(network=networks())
def test_keeps_the_function(rewrite, network):
    assert_same_function(network, rewrite(network))


@settings(max_examples=60, deadline=None)
@given(network=networks())
def test_all_in_a_row_keep_the_function_and_settle(network):
    def together(net: Network) -> Network:
        return remove_redundant(fold_affine(merge_affines(push_scales(merge_affines(net)))))

    once = together(network)
    assert_same_function(network, once)
    kinds: list[type[Node]] = [type(node) for node in together(together(once))]
    assert kinds == [type(node) for node in together(once)]
