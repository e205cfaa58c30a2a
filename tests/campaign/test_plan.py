from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from accelgen.campaign import read_plan
from accelgen.campaign.networks import random_network
from accelgen.campaign.plan import Kind, Method, Plan, Recipe, Sampling
from accelgen.campaign.space import find_designs
from accelgen.design import Design, IoType, Strategy
from accelgen.errors import UsageError
from accelgen.ir import Conv, Dense
from accelgen.ir.serialize import load, to_bytes
from accelgen.passes.pipeline import exact_network

MODELS = Path(__file__).resolve().parents[1] / "models"
PART = "xc7z020clg400-1"
SMALL = {"random_networks": [{"inputs": 6, "sizes": [4], "outputs": 3, "layers": 2}], "parts": [PART]}


def written(folder, **entries):
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump({**SMALL, **entries}))
    return path


def test_a_plan_says_everything(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("""
models:
  - jet.keras
  - {file: float.h5, precision: "16,6", calibration: data.npz, name: jets}
random_networks:
  - {kind: conv1d, count: 7, seed: 3, layers: 2..4, sizes: [8, 16], positions: 12, weight_bits: [4, "6..8"]}
boards: [pynq-z2, zcu102]
clocks_ns: [5, 7.5]
io_types: [io_parallel, io_stream]
strategies: [latency, resource]
reuse_factors: legal
sampling: {method: latin_hypercube, designs: 30, seed: 2}
target: vivado
time_limit_s: 3600
memory_limit_gb: 16
retries: 2
keep: all
""")
    for name in ("jet.keras", "float.h5", "data.npz"):
        (tmp_path / name).touch()
    plan = read_plan(path)
    assert [model.file for model in plan.models] == [tmp_path / "jet.keras", tmp_path / "float.h5"]
    assert plan.models[1].calibration == tmp_path / "data.npz"
    (recipe,) = plan.recipes
    assert (recipe.kind, recipe.count, recipe.seed) == (Kind.CONV1D, 7, 3)
    assert (recipe.layers, recipe.weight_bits, recipe.positions) == ((2, 3, 4), (4, 6, 7, 8), (12,))
    assert plan.clocks_ns == (5.0, 7.5)
    assert plan.io_types == (IoType.PARALLEL, IoType.STREAM)
    assert plan.strategies == (Strategy.LATENCY, Strategy.RESOURCE)
    assert plan.sampling == Sampling(Method.LATIN_HYPERCUBE, 30, 2)
    assert plan.memory_limit_bytes == 16_000_000_000
    assert plan.retries == 2


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"board": "pynq-z2"}, r"plan.yaml: unknown entry 'board'; did you mean 'boards'\?"),
        ({"boards": ["pynq-z9"]}, "plan.yaml: .*pynq-z9"),
        ({"parts": [7]}, "plan.yaml: parts holds 7"),
        ({"parts": []}, "give boards or parts"),
        ({"random_networks": []}, "give models, random_networks or both"),
        ({"random_networks": [{"kind": "lstm"}]}, "random_networks 1: kind is 'lstm'; known: dense"),
        ({"random_networks": [{"weight_bits": 1}]}, "random_networks 1: weight_bits is 1"),
        ({"random_networks": [{"sizes": "8..4"}]}, "sizes is 8..4, of which 8 is above 4"),
        ({"models": [{"weights": "w.h5"}]}, "models: an entry names no file"),
        ({"models": [{"file": "m.h5", "precision": "16"}]}, "models: precision"),
        ({"models": ["gone.h5"]}, "models: file names .*gone.h5, which is not there"),
        ({"models": ["\0"]}, "models: file names"),
        ({"models": ["x" * 5000]}, "models: file names"),
        ({"clocks_ns": [0.05]}, "clocks_ns is 0.05, not a number from 0.1 to 1000"),
        ({"clocks_ns": [0]}, "clocks_ns is 0, not a number above 0"),
        ({"clocks_ns": [True]}, "clocks_ns is True"),
        ({"strategies": ["resorce"]}, "strategies is 'resorce'; did you mean 'resource'"),
        ({"reuse_factors": "any"}, "reuse_factors is 'any'; write legal"),
        ({"reuse_factors": [0]}, "reuse_factors is 0"),
        ({"reuse_factors": "0..4"}, "reuse_factors is 0..4; they start at 1"),
        ({"sampling": "random"}, "sampling: designs is missing"),
        ({"sampling": {"designs": 3, "sed": 1}}, "sampling: unknown entry 'sed'; did you mean 'seed'"),
        ({"target": "csinth"}, "target is 'csinth'; did you mean 'csynth'"),
        ({"time_limit_s": -1}, "time_limit_s is -1"),
        ({"retries": 1.5}, "retries is 1.5"),
        ({"keep": "nothing"}, "keep is 'nothing'"),
    ],
)
def test_an_entry_that_makes_no_sense_is_named(tmp_path, entries, message):
    with pytest.raises(UsageError, match=message):
        read_plan(written(tmp_path, **entries))


@pytest.mark.parametrize("text", ["[1, 2]", "{: :", "a: &a [*a]", "!!python/object:os.system {}", "\x00", ""])
def test_what_is_no_plan_is_refused(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"plan\.yaml"):
        read_plan(path)


def test_an_entry_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("parts: xc7z020clg400-1\nrandom_networks: [{count: 1}]\nparts: xc7z010clg400-1\n")
    with pytest.raises(UsageError, match=r"'parts' stands twice.* line 3"):
        read_plan(path)


def test_a_layer_that_no_fpga_holds_is_not_drawn():
    with pytest.raises(UsageError, match="a layer of 4,294,967,296 weights"):
        random_network(Recipe(layers=(1,), inputs=(1 << 16,), outputs=(1 << 16,)), 0)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda own: st.lists(own, max_size=3) | st.dictionaries(st.text(max_size=8), own, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted({*SMALL, "boards", "sampling", "reuse_factors", "retries", "clocks_ns"})),
        VALUES,
    )
)
def test_any_values_give_a_plan_or_a_sentence(tmp_path_factory, entries):
    try:
        found = read_plan(written(tmp_path_factory.mktemp("plan"), **entries))
    except UsageError as error:
        found = str(error)
    assert isinstance(found, Plan) or "plan.yaml" in found


def test_random_networks_are_the_same_in_every_run_and_differ_from_each_other():
    recipe = Recipe(layers=(2, 3), sizes=(4, 8), weight_bits=(4, 6))
    first, again, other = (to_bytes(exact_network(random_network(recipe, index))) for index in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(("kind", "layers"), [("dense", Dense), ("conv1d", Conv), ("conv2d", Conv)])
def test_random_networks_are_what_their_recipe_says(kind, layers):
    recipe = Recipe(
        Kind(kind), layers=(3,), sizes=(3, 5), inputs=(2,), positions=(7,), weight_bits=(5,), outputs=(4,)
    )
    network = exact_network(random_network(recipe, 0))
    *hidden, last = [node for node in network if isinstance(node, Dense | Conv)]
    assert len(hidden) == 2
    assert all(isinstance(node, layers) and node.weight.shape[-1] in (3, 5) for node in hidden)
    assert network.shapes[last.name] == (4,)
    for node in (*hidden, last):
        codes = node.weight * 16
        assert np.array_equal(codes, np.rint(codes))
        assert np.abs(codes).max() <= 16


def designs(tmp_path, **entries):
    folder = tmp_path / "networks"
    folder.mkdir(exist_ok=True)
    found = find_designs(read_plan(written(tmp_path, **entries)), folder)
    assert all((folder / f"{job.network}.npz").exists() for job in found.jobs)
    return found


def layers_of(job):
    return [asdict(own)["reuse_factor"] for own in Design.from_yaml(job.design, "it").layers.values()]


def test_all_combinations_are_taken_and_equal_designs_once(tmp_path):
    found = designs(tmp_path, strategies="resource", reuse_factors=[1, 2, 3, 5, 6], clocks_ns=[5, 10])
    # 6 x 4 and 4 x 3 have no 5, which becomes 6 or 4, and no 3 of 4 inputs
    assert {tuple(layers_of(job)) for job in found.jobs} == {(1, 1), (2, 2), (3, 2), (6, 4)}
    assert len(found.jobs) == 8
    assert found.repeated == 2
    assert not found.refused


def test_legal_reuse_factors_are_those_of_the_layers(tmp_path):
    found = designs(tmp_path, strategies="resource", reuse_factors="legal")
    assert {layers_of(job)[0] for job in found.jobs} == {1, 2, 3, 6, 12, 24}
    found = designs(tmp_path, strategies="resource", reuse_factors="2..5")
    assert {layers_of(job)[0] for job in found.jobs} == {2, 3}


def test_combinations_that_cannot_be_are_reported(tmp_path):
    found = designs(tmp_path, strategies="distributed_arithmetic", reuse_factors=[1, 2])
    assert len(found.jobs) == 1
    assert "no multipliers to share" in found.refused[0]
    with pytest.raises(UsageError, match="no design can have these choices"):
        designs(tmp_path, strategies="distributed_arithmetic", reuse_factors=[2])


def test_samples_are_as_many_as_asked_for_and_the_same_each_time(tmp_path):
    many = {"strategies": "resource", "reuse_factors": "legal", "clocks_ns": [4, 5, 6, 7, 8, 9]}
    everything = set(designs(tmp_path, **many).jobs)
    sample = designs(tmp_path, **many, sampling={"designs": 10, "seed": 4}).jobs
    assert len(set(sample)) == 10
    assert set(sample) < everything
    assert designs(tmp_path, **many, sampling={"designs": 10, "seed": 4}).jobs == sample
    assert designs(tmp_path, **many, sampling={"designs": 10, "seed": 5}).jobs != sample
    assert set(designs(tmp_path, **many, sampling={"designs": 1000}).jobs) == everything


def test_a_latin_hypercube_takes_every_value_of_an_axis_as_often(tmp_path):
    recipe = {**SMALL["random_networks"][0], "count": 4}
    clocks = [4, 5, 6, 7, 8, 9]
    found = designs(
        tmp_path,
        random_networks=[recipe],
        clocks_ns=clocks,
        sampling={"method": "latin_hypercube", "designs": 12},
    )
    assert len(found.jobs) + found.repeated <= 12
    assert {Design.from_yaml(job.design, "it").clock_ns for job in found.jobs} == set(clocks)
    assert len({job.network for job in found.jobs}) == 4


def test_a_model_goes_by_its_own_name_or_another(tmp_path):
    model = {"file": str(MODELS / "qkeras_binary_mlp" / "model.keras"), "name": "mine"}
    (job,) = designs(tmp_path, random_networks=[], models=[model]).jobs
    assert job.name == load(tmp_path / "networks" / f"{job.network}.npz").name == "mine"
