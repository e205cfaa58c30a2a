"""Real networks of few bits: every layer on packed kernels, every bit that of the golden model."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from accelgen import reference
from accelgen.api import load
from accelgen.backend.build import write_project
from accelgen.backend.csim import compile_project
from accelgen.backend.project import BuildReport
from accelgen.data import read_samples
from accelgen.design import Design, IoType, LayerDesign, RowSharing, Strategy
from accelgen.ir import Dense, Network
from accelgen.verification import differing
from tests.backend.conftest import random_codes
from tests.few_bit_networks import few_bit_network

ROOT = Path(__file__).parents[2]
OWN, SHARED = ROOT / "tests/models", ROOT.parent / "shared/models"

MODELS = {
    "qonnx_binary_mlp": OWN,
    "qonnx_tfc_w1a1": SHARED,
    "qonnx_tfc_w1a2": SHARED,
    "keras_binary_mlp": SHARED,
    "keras_ternary_mlp": SHARED,
    "qonnx_kws": SHARED,
}

UNROLLED = LayerDesign(row_sharing=RowSharing.NONE)
SHARING = LayerDesign(row_sharing=RowSharing.SPANNING_TREE, max_depth=20)
FOLDED = LayerDesign(Strategy.PACKED_FOLDED, 8)
MORE_FOLDED = LayerDesign(Strategy.PACKED_FOLDED, 96)
DESIGNS = {"unrolled": UNROLLED, "sharing": SHARING, "folded": FOLDED, "more_folded": MORE_FOLDED}


@cache
def network_of(model: str) -> Network:
    """The exact network of a trained model."""
    folder = MODELS[model] / model
    if not folder.is_dir():
        pytest.skip(f"the shared models are not here: no {folder}")
    onnx, weights = folder / "model.onnx", folder / "model_weights.h5"
    loaded = load(onnx) if onnx.is_file() else load(folder / "model.json", weights)
    return loaded.exact(input_precision="8,2")


def build(
    model: str, layer: LayerDesign, io_type: IoType, directory: Path, samples: int = 20
) -> tuple[Network, dict[str, reference.FixedArray], BuildReport]:
    """The project of a model, and its inputs' codes."""
    network = network_of(model)
    data = read_samples(MODELS[model] / model / "reference.npz", network).inputs
    inputs = reference.quantize_inputs(network, {name: x[:samples] for name, x in data.items()})
    report = write_project(
        network,
        Design(io_type=io_type, default=layer),
        directory,
        sources={},
        golden_inputs=inputs,
        golden_outputs=reference.evaluate(network, inputs),
    )
    return network, inputs, report


def kernels(network: Network, report: BuildReport) -> Iterator[str]:
    """The kernels of the layers with weights."""
    names = {node.name for node in network if isinstance(node, Dense)}
    assert names
    layers = {layer.layer: layer for layer in report.layers}
    for name in names:
        yield layers[name].kernel


@pytest.mark.parametrize("io_type", list(IoType))
@pytest.mark.parametrize("layer", DESIGNS.values(), ids=list(DESIGNS))
@pytest.mark.parametrize("model", MODELS)
def test_every_layer_is_packed(tmp_path: Path, model: str, layer: LayerDesign, io_type: IoType) -> None:
    network, _, report = build(model, layer, io_type, tmp_path / "p")
    folded = layer.strategy is Strategy.PACKED_FOLDED
    assert set(kernels(network, report)) == {"packed_dense_folded" if folded else "packed_dense"}
    steps = [entry.kernel for entry in report.layers if entry.node is None]
    assert set(steps) <= {"pack"}, "nothing is unpacked on the way"
    for entry in report.layers:
        if entry.costs is not None:
            assert entry.strategy == ("packed_folded" if folded else "packed_unrolled")
            assert entry.costs["cycles"] == entry.reuse_factor
        if entry.costs is not None and not folded:
            assert entry.row_sharing in ("none", layer.row_sharing.value)


@pytest.mark.parametrize(
    ("model", "design", "io_type"),
    [
        ("qonnx_binary_mlp", "sharing", IoType.PARALLEL),
        ("qonnx_tfc_w1a1", "unrolled", IoType.PARALLEL),
        ("qonnx_tfc_w1a1", "sharing", IoType.STREAM),
        ("qonnx_tfc_w1a2", "folded", IoType.PARALLEL),
        ("keras_binary_mlp", "unrolled", IoType.STREAM),
        ("keras_ternary_mlp", "folded", IoType.STREAM),
        ("qonnx_kws", "more_folded", IoType.STREAM),
    ],
)
def test_every_bit_is_that_of_the_golden_model(
    tmp_path: Path, model: str, design: str, io_type: IoType
) -> None:
    network, inputs, _ = build(model, DESIGNS[design], io_type, tmp_path / "p")
    check(network, inputs, tmp_path / "p", layers=design == "folded")


def check(
    network: Network, inputs: dict[str, reference.FixedArray], directory: Path, *, layers: bool
) -> None:
    """Compare the compiled outputs, or every layer, with the golden model."""
    compiled = compile_project(directory)
    found = compiled.trace(inputs) if layers else compiled.predict(inputs)
    golden = reference.evaluate(network, inputs, keep=list(found))
    wrong = [name for name, array in found.items() if differing(golden[name], array).any()]
    assert wrong == []
    if layers:
        assert any(layer.words is not None and layer.node in found for layer in compiled.report.layers)


def test_a_project_is_built_again_from_its_own_design(tmp_path: Path) -> None:
    mixed = Design(default=SHARING, layers={"fc1": LayerDesign(pe=4, simd=6)})
    network = network_of("qonnx_binary_mlp")
    inputs = reference.quantize_inputs(network, {"x": np.zeros((1, 12))})
    golden = reference.evaluate(network, inputs)
    files = []
    for design in (mixed, None):
        if design is None:
            design = Design.from_yaml((tmp_path / "0/design.yaml").read_text())
        folder = tmp_path / str(len(files))
        write_project(network, design, folder, sources={}, golden_inputs=inputs, golden_outputs=golden)
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files.append({path.relative_to(folder): path.read_bytes() for path in paths})
    report = Path("build.json")
    assert {name for name in files[0] if files[0][name] != files[1][name]} <= {report}


@pytest.mark.parametrize(
    ("seed", "layer", "io_type"),
    [
        (2, LayerDesign(reuse_factor=6), IoType.STREAM),
        (6, LayerDesign(reuse_factor=3), IoType.PARALLEL),
        (11, LayerDesign(parallelization_factor=2), IoType.PARALLEL),
    ],
)
def test_random_networks(tmp_path: Path, seed: int, layer: LayerDesign, io_type: IoType) -> None:
    network = few_bit_network(seed, blocks=4)
    inputs = random_codes(network, 24, seed)
    design = Design(io_type=io_type, default=layer)
    golden = reference.evaluate(network, inputs)
    write_project(network, design, tmp_path / "p", sources={}, golden_inputs=inputs, golden_outputs=golden)
    check(network, inputs, tmp_path / "p", layers=True)
