from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.backend.build import write_project
from accelgen.backend.csim import compile_project
from accelgen.design import Design
from accelgen.ir import Input, Network, Node
from accelgen.ir.fixed import FixedArray
from accelgen.passes.infer_types import infer_types


def network_of(*nodes: Node, outputs: tuple[str, ...] = ()) -> Network:
    return infer_types(Network(nodes, outputs or (nodes[-1].name,)))


def random_codes(network: Network, samples: int, seed: int = 0) -> dict[str, FixedArray]:
    rng = np.random.default_rng(seed)
    drawn = {}
    for node in network.inputs:
        assert isinstance(node, Input)
        assert node.type is not None
        low, high = node.type.min_code, node.type.max_code
        size = (samples, *node.shape)
        if node.type.width <= 52:
            codes = rng.integers(low, high, size, endpoint=True).astype(float)
        else:
            bits = rng.integers(0, 1 << 32, (*size, (node.type.width + 31) // 32)).astype(object)
            codes = sum(bits[..., i] << 32 * i for i in range(bits.shape[-1])) % (high - low + 1) + low
        codes[0], codes[1] = low, high
        drawn[node.name] = FixedArray(codes, node.type.fraction, max(-low, high, 1))
    return drawn


Check = Callable[[Network, Design], None]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Builds a network, and compares every bit of every layer with the golden model."""

    def run(network: Network, design: Design) -> None:
        inputs = random_codes(network, 40)
        golden = reference.evaluate(network, inputs)
        write_project(
            network, design, tmp_path / "out", sources={}, golden_inputs=inputs, golden_outputs=golden
        )
        compiled = compile_project(tmp_path / "out")
        results = compiled.predict(inputs)
        assert set(results) == set(network.outputs)
        for name, result in results.items():
            np.testing.assert_array_equal(result.codes, golden[name].at(result.fraction).codes, err_msg=name)

    return run
