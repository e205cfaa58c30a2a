"""Searches against brute force over estimates of whole designs, and what they say where nothing will do."""

import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import accelgen
from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, InfeasibleError, UsageError
from accelgen.estimation import estimate_design, estimate_designs
from accelgen.exploration.goals import Goals, figure_named
from accelgen.exploration.search import explore_front, search
from accelgen.exploration.space import design_space
from accelgen.exploration.target import Target
from accelgen.ir import Dense, FixedType, Input, Merge, MergeKind, Network, Quantize
from accelgen.passes.infer_types import infer_types

TAGGER = "examples/jet_tagger/model.keras"
MODELS = Path(__file__).parents[3] / "shared" / "models"
CAST = FixedType(8, 3)
PART = "xc7z020clg400-1"


def weights(rng, *shape):
    return rng.integers(-100, 101, shape) / 64


def small_network(seed, ways=False):
    """Three layers of few options; with ``ways``, one of them has a way around it."""
    rng = np.random.default_rng(seed)
    sizes = [int(size) for size in rng.choice([2, 3, 4, 5, 6], 3)]
    nodes = [Input("x", (), (sizes[0],), CAST), Dense("a", ("x",), weights(rng, sizes[0], sizes[1]))]
    nodes += [Quantize("qa", ("a",), CAST), Dense("b", ("qa",), weights(rng, sizes[1], sizes[1]))]
    nodes.append(Quantize("qb", ("b",), CAST))
    if ways:
        nodes.append(Merge("sum", ("qa", "qb"), MergeKind.ADD))
    nodes.append(Dense("c", (nodes[-1].name,), weights(rng, sizes[1], sizes[2])))
    return infer_types(Network(tuple(nodes), ("c",)))


def every_design(network, design):
    """All designs of a network and what is expected of each as a whole."""
    space = design_space(network, design)
    designs = [space.designed(row) for row in product(*(range(len(layer)) for layer in space.layers))]
    return designs, estimate_designs(network, designs)


def kept(estimates, goals, most):
    """Which designs keep limits, as estimated as a whole."""
    inside = np.ones(len(estimates), bool)
    for figure, limit in most.items():
        end = estimates.total[figure].high if goals.is_sure(figure) else estimates.total[figure].value
        inside &= end <= limit * (1 + 1e-9)
    return inside


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 1000),
    ways=st.booleans(),
    io_type=st.sampled_from(IoType),
    objective=st.sampled_from(["latency", "interval", "lut", "dsp", "bram", "resources"]),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
)
def test_the_best_design_is_the_best_of_all(seed, ways, io_type, objective, shares):
    network, design = small_network(seed, ways), Design(part=PART, io_type=io_type)
    designs, estimates = every_design(network, design)
    limits = {}
    for name, share in zip(("latency", "lut", "dsp"), shares, strict=True):
        values = np.sort(estimates.total[figure_named(name)].value)
        limits[name] = float(np.ceil(values[int(share * (len(values) - 1))]))
    goals = Goals.of(limits, objective, margin=0)
    target = Target.of(network, design, {})
    inside = kept(estimates, goals, target.most(goals))
    cost = sum(weight * estimates.total[name].value for name, weight in goals.weights(target.held).items())
    try:
        found = search(network, [design], goals, io_types=(io_type,))
    except InfeasibleError:
        assert not inside.any()
        return
    assert inside.any()
    assert found.proven
    assert found.combinations == len(designs)
    own = sum(
        weight * found.estimate.total[name].value for name, weight in goals.weights(target.held).items()
    )
    assert own == pytest.approx(cost[inside].min(), rel=1e-9)
    assert not target.broken(found.estimate, goals)
    assert legalize(network, found.design)[1] == ()


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 1000), st.booleans(), st.sampled_from(IoType), st.floats(0.3, 1))
def test_the_front_is_that_of_all_designs(seed, ways, io_type, share):
    network, design = small_network(seed, ways), Design(part=PART, io_type=io_type)
    _, estimates = every_design(network, design)
    luts = np.sort(estimates.total["lut"].value)
    goals = Goals.of({"lut": float(np.ceil(luts[int(share * (len(luts) - 1))]))}, points=10_000, margin=0)
    found = search(network, [design], goals, io_types=(io_type,))
    front = explore_front(found, "small", PART)
    inside = kept(estimates, goals, found.targets[0].most(goals))
    points = sorted(
        zip(
            estimates.total["latency_max_cycles"].value[inside],
            estimates.total["lut"].value[inside],
            strict=True,
        )
    )
    expected, least = [], np.inf
    for latency, lut in points:
        if lut < least - 1e-9 * lut:
            expected.append((latency, lut))
            least = lut
    shown = [
        (own.estimate.total["latency_max_cycles"].value, own.estimate.total["lut"].value)
        for own in front.candidates
    ]
    np.testing.assert_allclose(shown, expected, rtol=1e-9)
    assert front.proven
    assert front.axes == ("latency_max_cycles", "lut")


def test_upper_ends_keep_limits_with_margin():
    network, design = accelgen.load(TAGGER).designed(board="u250")
    sure = search(network, [design], Goals.of({"lut": 200_000}))
    assert sure.estimate.total["lut"].high <= 200_000
    mere = search(network, [design], Goals.of({"lut": 200_000}, margin=0))
    assert mere.estimate.total["lut"].high > 200_000 >= mere.estimate.total["lut"].value
    all_sure = search(network, [design], Goals.of({"latency": "2us"}, "lut", margin="90%"))
    assert all_sure.estimate.total["latency_max_cycles"].high <= 2 / design.clock_ns * 1000


def test_a_whole_design_that_breaks_a_limit_is_not_chosen(monkeypatch):
    network, design = accelgen.load(TAGGER).designed(board="u250")
    table = search(network, [design], Goals.of(objective="latency", limits={"lut": 60_000}, margin=0))
    goals = table.goals

    def dearer(network, design, domain):
        found = estimate_design(network, design, domain)
        figure = found.total["lut"]
        return replace(found, total={**found.total, "lut": replace(figure, value=figure.value * 1.1)})

    monkeypatch.setattr("accelgen.exploration.target.estimate_design", dearer)
    found = search(network, [design], goals)
    assert found.estimate.total["lut"].value <= 60_000
    assert found.estimate.total["latency_max_cycles"].value > table.estimate.total["latency_max_cycles"].value
    assert table.proven
    assert not found.proven


@pytest.mark.parametrize("model", ["qkeras_jet", "onnx_conv1d", "keras_conv2d_small", "qkeras_mnist_dense"])
def test_models_against_brute_force(model):
    folder = MODELS / model
    if not folder.exists():
        pytest.skip(f"{folder} is missing")
    network, design = _loaded(folder).designed(board="pynq-z2", precision="16,6", input_precision="16,6")
    space = design_space(network, design)
    rng = np.random.default_rng(0)
    most = 20_000
    sizes = [len(layer) for layer in space.layers]
    rows = (
        np.array(list(product(*map(range, sizes))))
        if space.combinations <= most
        else rng.integers(0, sizes, (most, len(sizes)))
    )
    estimates = estimate_designs(network, [space.designed(row) for row in rows])
    goals = Goals.of(margin=0)
    target = Target.of(network, design, {})
    inside = kept(estimates, goals, target.most(goals))
    found = search(network, [design], goals, io_types=(IoType.PARALLEL,))
    least = estimates.total["latency_max_cycles"].value[inside].min(initial=np.inf)
    own = found.estimate.total["latency_max_cycles"].value
    assert own <= least * (1 + 1e-9)
    if space.combinations <= most:
        assert own == pytest.approx(least)


def _loaded(folder):
    if (folder / "model.json").exists():
        return accelgen.load(folder / "model.json", folder / "model_weights.h5")
    return accelgen.load(next(folder.glob("model.*")))


def test_several_targets_are_one_front():
    found = accelgen.explore(
        TAGGER, goals=Goals.of(margin=0), boards=["pynq-z2", "u250"], clocks_ns=[5, 10], io_types=list(IoType)
    )
    assert found.axes == ("latency_max_us", "lut")
    assert found.board == "pynq-z2, u250"
    records = [candidate.estimate.record for candidate in found.candidates]
    assert len({(record.part, record.clock_ns, record.io_type) for record in records}) > 1
    points = [
        (
            own.estimate.total["latency_max_cycles"].value * own.design.clock_ns / 1000,
            own.estimate.total["lut"].value,
        )
        for own in found.candidates
    ]
    assert points == sorted(points)
    assert [lut for _, lut in points] == sorted((lut for _, lut in points), reverse=True)
    assert "lut" not in found.limits
    json.dumps(found.as_json(), allow_nan=False)


def test_candidates_are_designs_that_stay_as_they_are():
    found = accelgen.explore(TAGGER, board="u250", goals=Goals.of(points=5, objective="lut"))
    network, _ = accelgen.load(TAGGER).designed(board="u250")
    assert 2 <= len(found.candidates) <= 6
    assert [own.name for own in found.candidates] == [
        f"front_{n:02}" for n in range(1, len(found.candidates) + 1)
    ]
    for candidate in found.candidates:
        again = Design.from_yaml(candidate.design.to_yaml())
        assert legalize(network, again) == (again, ())
        assert (candidate.reason != "") is (candidate.name == found.best)
    assert found.best == found.candidates[-1].name  # the least LUTs are the front's other end


def test_the_recommended_design_is_what_a_search_alone_finds():
    network, design = accelgen.load(TAGGER).designed(board="pynq-z2")
    goals = Goals.of(margin=0)
    alone = search(network, [design], goals)
    front = accelgen.explore(TAGGER, board="pynq-z2", goals=goals)
    best = next(own for own in front.candidates if own.name == front.best)
    assert best.design == alone.design
    assert best.reason == alone.reason


def test_what_is_asked_of_layers_is_kept():
    found = accelgen.explore(
        TAGGER,
        board="u250",
        goals=Goals.of(objective="lut", margin=0),
        strategy="resource",
        layer_reuse_factors={"fc2": 8},
    )
    for candidate in found.candidates:
        layers = candidate.design.layers
        assert {own.strategy for own in layers.values()} == {Strategy.RESOURCE}
        assert layers["fc2"].reuse_factor == 8
    factors = {candidate.design.layers["fc1"].reuse_factor for candidate in found.candidates}
    assert len(factors) > 1
    with pytest.raises(DesignError, match="'softmax' has no products"):
        accelgen.explore(TAGGER, board="u250", layer_reuse_factors={"softmax": 8})


def test_what_keeps_the_best_from_being_better():
    network, design = accelgen.load(TAGGER).designed(board="pynq-z2")
    tight = search(network, [design], Goals.of({"lut": 40_000}, margin=0), io_types=(IoType.PARALLEL,))
    assert "LUT is the limit" in tight.reason
    assert "of 40,000" in tight.reason
    assert "any faster design takes" in tight.reason
    small = search(network, [design], Goals.of({"latency": 200}, "lut", margin=0))
    assert "latency is the limit" in small.reason
    assert "any design with fewer LUT takes" in small.reason
    free = search(network, [replace(design, part="xcu250-figd2104-2L-e")], Goals.of(margin=0))
    assert "no faster design" in free.reason


def test_resources_together_say_which_limit_binds():
    network, design = accelgen.load(TAGGER).designed(board="pynq-z2")
    found = search(network, [design], Goals.of({"latency": "1.5us"}, "resources", margin=0))
    assert "latency is the limit" in found.reason
    free = search(network, [design], Goals.of(objective="resources", margin=0))
    assert "no limit keeps it" in free.reason


def test_impossible_limits_are_explained():
    with pytest.raises(InfeasibleError) as caught:
        accelgen.explore(TAGGER, board="pynq-z2", goals=Goals.of({"latency": 20}, margin=0))
    message = str(caught.value)
    assert "latency of at most 20 cycles (0.2 us) is impossible, the least is" in message
    assert "nearest design" in message
    assert caught.value.exit_code == 1
    with pytest.raises(InfeasibleError, match="exclude each other"):
        accelgen.explore(TAGGER, board="u250", goals=Goals.of({"latency": 60, "lut": 30_000}, margin=0))


def test_a_margin_that_makes_it_impossible_is_named():
    with pytest.raises(InfeasibleError, match=r"--margin 0"):
        accelgen.explore(
            TAGGER,
            board="pynq-z2",
            io_types=["io_parallel"],
            goals=Goals.of({"lut": 25_000, "latency": "500us"}),
        )


def test_streams_follow_where_nothing_fits_in_parallel():
    network, design = accelgen.load(TAGGER).designed(board="u250")
    goals = Goals.of({"ff": 15_000}, margin=0)
    luts = search(network, [design], replace(goals, objective="ff"), io_types=list(IoType))
    assert luts.estimate.record.io_type == "io_stream"  # there is nothing with fewer FFs in parallel
    most = luts.estimate.total["ff"].value + 1
    found = search(network, [design], Goals.of({"ff": float(np.ceil(most))}, margin=0))
    assert found.design.io_type is IoType.STREAM
    assert any("io_stream" in note for note in found.notes)
    with pytest.raises(InfeasibleError):
        search(
            network, [design], Goals.of({"ff": float(np.ceil(most))}, margin=0), io_types=(IoType.PARALLEL,)
        )


def test_without_limits_an_estimate_that_fits_will_do():
    network, design = accelgen.load(TAGGER).designed(board="pynq-z2")
    sure = search(network, [design], Goals(), io_types=(IoType.PARALLEL,))
    assert sure.estimate.fits
    assert bool(sure.estimate.certain) is not bool(sure.notes)
    tiny = replace(design, part="xc7z010clg400-1")
    with pytest.raises(InfeasibleError, match="LUT of at most 17,600, which the part holds, is impossible"):
        search(network, [tiny], Goals())


def test_a_part_of_unknown_size_has_no_limits_of_its_own():
    network, design = accelgen.load(TAGGER).designed(part="xczu1cg-sbva484-1-e")
    found = search(network, [replace(design, part="xcvu99p-flga2577-2-e")], Goals())
    assert "no faster design" in found.reason
    with pytest.raises(UsageError, match="how many LUT the part holds is not known"):
        search(network, [replace(design, part="xcvu99p-flga2577-2-e")], Goals.of({"lut": "60%"}))


def test_designs_of_a_project_are_searched_with_its_numbers(tmp_path):
    accelgen.load(TAGGER).build(tmp_path / "p", board="pynq-z2", reuse_factor=4)
    found = accelgen.explore(tmp_path / "p", goals=Goals.of(margin=0))
    again = accelgen.explore(TAGGER, board="pynq-z2", goals=Goals.of(margin=0), io_types=["io_parallel"])
    assert [own.design.layers for own in found.candidates] == [own.design.layers for own in again.candidates]


def test_a_build_searches_with_goals_and_says_why(tmp_path):
    model = accelgen.load(TAGGER)
    build = model.build(tmp_path / "p", board="pynq-z2", goals=Goals.of({"latency": "2us"}, "lut", margin=0))
    assert build.found is not None
    assert "latency is the limit" in build.found.reason
    assert build.design.layers == build.found.design.layers
    assert build.report.adjustments == ()
    assert model.build(tmp_path / "q", board="pynq-z2").found is None


def test_a_reuse_factor_that_cannot_be_is_the_nearest_of_each_strategy_and_said():
    asked = {"layer_reuse_factors": {"fc1": 7}, "goals": Goals.of(points=2)}
    found = accelgen.explore(TAGGER, board="u250", strategies=["resource"], **asked)
    for candidate in found.candidates:
        assert candidate.design.layers["fc1"] == LayerDesign(Strategy.RESOURCE, 8)
    assert found.notes == ("layer 'fc1': reuse_factor 7 became 8 (the nearest legal one for 16 x 64)",)
    kept = accelgen.explore(TAGGER, board="u250", strategies=["latency"], **asked)
    assert kept.candidates[0].design.layers["fc1"] == LayerDesign(Strategy.LATENCY, 7)
    assert kept.notes == ()
    with pytest.raises(DesignError, match="distributed arithmetic has no multipliers to share"):
        accelgen.explore(TAGGER, board="u250", strategies=["distributed_arithmetic"], **asked)


def test_targets_that_are_named_twice_are_searched_once():
    once = accelgen.explore(TAGGER, boards=["u250"], clocks_ns=[4, 5], goals=Goals())
    twice = accelgen.explore(TAGGER, boards=["u250", "u250"], clocks_ns=[4, 5, 4], goals=Goals())
    assert twice.as_json() == once.as_json()


@pytest.mark.parametrize(
    ("given", "cycles"),
    [
        ("2.5", 2),
        (120, 120),
        ("120 cycles", 120),
        ("1us", 100),
        ("0.001 ms", 100),
        ("1e3ns", 100),
        ("19ns", 1),
    ],
)
def test_limits_of_time_are_whole_cycles(given, cycles):
    (most,) = Goals.of({"latency": given}).most(10.0, None).values()
    assert most == cycles


def test_limits_of_time_are_in_microseconds_where_clock_periods_differ():
    goals = Goals.of({"latency": "10us", "interval": "500 cycles", "lut": 90_000})
    found = accelgen.explore(TAGGER, board="u250", clocks_ns=[3, 7], goals=goals)
    assert found.limits["latency_max_us"] == 10
    assert found.limits["interval_cycles"] == 500
    assert found.limits["lut"] == 90_000
    assert "latency_max_cycles" not in found.limits
    once = accelgen.explore(TAGGER, board="u250", clocks_ns=[4], goals=goals)
    assert once.limits["latency_max_cycles"] == 2500
    assert "latency_max_us" not in once.limits


@pytest.mark.parametrize("points", [2, 3, 5])
def test_no_more_designs_are_shown_than_asked_for(points):
    goals = Goals.of(objective="resources", axes=("interval", "lut"), points=points)
    found = accelgen.explore(TAGGER, board="u250", goals=goals)
    assert len(found.candidates) == points
    assert found.best in {candidate.name for candidate in found.candidates}


def test_of_several_targets_the_nearest_is_explained_first():
    with pytest.raises(InfeasibleError) as caught:
        accelgen.explore(
            TAGGER, boards=["pynq-z2", "zcu102"], clocks_ns=[5, 10], goals=Goals.of({"latency": "100ns"})
        )
    message = str(caught.value)
    assert message.startswith("no design keeps the limits: in xczu9eg-ffvb1156-2-e, ")
    assert message.count("nearest design") == 1
    assert "Nor does one in " in message
    assert message.endswith("nor in 5 more")


def test_limits_of_the_part_are_told_from_those_asked_for():
    with pytest.raises(InfeasibleError, match=r"FF of at most 106,400, which the part holds, is impossible"):
        accelgen.explore(TAGGER, board="pynq-z2", reuse_factor=1, goals=Goals.of({"lut": 40_000}))


def test_layers_that_cannot_have_a_strategy_get_what_a_build_gives_them():
    found = accelgen.explore(TAGGER, board="u250", strategy="packed_folded", goals=Goals.of(points=3))
    assert {own.strategy for own in found.candidates[0].design.layers.values()} == {Strategy.RESOURCE}
    da = accelgen.explore(TAGGER, board="u250", strategy="distributed_arithmetic", goals=Goals())
    assert set(da.candidates[0].design.layers.values()) == {LayerDesign(Strategy.DISTRIBUTED_ARITHMETIC)}
