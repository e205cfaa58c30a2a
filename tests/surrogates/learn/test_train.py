from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("xgboost")

from accelgen.surrogates.features import from_records
from accelgen.surrogates.learn.evaluate import answer, success_score, target_scores
from accelgen.surrogates.learn.model import save
from accelgen.surrogates.learn.train import best_method, train, usable_rows
from accelgen.surrogates.predict import Surrogates, predict
from accelgen.surrogates.record import LayerKind, Stage
from accelgen.surrogates.rules import Domain
from tests.surrogates.learn.tables import DOMAIN, chain, measured_chains, synthesis, with_strategy


def wide(design):
    """What the rules are made to miss: a third more LUTs in chains that begin with 48 inputs or more."""
    return 1.3 if design.layers[0].n_in >= 48 else 1.0


@pytest.fixture(scope="module")
def rows():
    return measured_chains(wide, noise=0.01)


@pytest.fixture(scope="module")
def trained(rows):
    return train(rows)


@pytest.fixture(scope="module")
def surrogates(trained):
    return Surrogates(trained.prices, trained.learned)


def test_boosting_serves_what_rules_miss_and_rules_the_rest(trained):
    ((_, part),) = trained.learned.parts[DOMAIN.name].items()
    assert set(part.forests) == {"lut"}
    assert part.depth == 2


def test_what_was_learned_is_found_in_new_architectures(rows):
    scores, sizes = [], []
    for fold in range(4):
        own = [row for number, row in enumerate(rows) if number // 3 % 4 == fold]
        trained = train([row for row in rows if row not in own])
        scores.append(target_scores(answer(own, Surrogates(trained.prices, trained.learned))))
        sizes.append(len(own))
    assert np.average([own["lut"].score.smape for own in scores], weights=sizes) < 4
    assert 0.85 <= np.average([own["lut"].coverage for own in scores], weights=sizes) <= 0.97
    assert all(own["dsp"].score.exact == 1 for own in scores)
    assert all(own["latency_cycles"].coverage == 1 for own in scores)


def test_training_again_gives_the_same_bytes(rows, trained, tmp_path):
    save(trained.learned, tmp_path / "one.json")
    save(train(list(reversed(rows))).learned, tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_layers_add_up(surrogates):
    prediction = predict(from_records([chain([16, 48, 32, 16], 64)]), DOMAIN, surrogates)
    for target in ("lut", "ff", "dsp", "bram_18k"):
        whole = prediction.designs[target].value[0]
        assert prediction.layers[target].sum() == pytest.approx(whole, rel=0.02)


def test_more_multipliers_never_cost_fewer_dsp_blocks(rows):
    missed = [
        synthesis(row.design, **{**row.targets, "dsp": np.ceil(row.targets["dsp"] * wide(row.design))})
        for row in rows
    ]
    trained = train(missed)
    factors = [96, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2]
    layers = from_records([chain([96, 96], 96 * 96 // bf) for bf in factors])
    said = predict(layers, DOMAIN, Surrogates(trained.prices, trained.learned)).designs["dsp"].value
    assert "dsp" in next(iter(trained.learned.parts[DOMAIN.name].values())).forests
    assert (np.diff(said) <= 1e-9).all()


def relative_width(figures):
    return (figures.high - figures.low)[0] / max(figures.value[0], 1)


@pytest.mark.parametrize(
    ("design", "domain", "reason"),
    [
        (chain([2**14, 32, 16], 2**14), DOMAIN, "only inputs: 16 to 96"),
        (with_strategy(chain([32, 32, 16], 32), "latency"), DOMAIN, "constant dense: none"),
        (chain([32] * 10, 32), DOMAIN, "only networks of up to 2 layers"),
        (chain([32, 32, 16], 32), Domain("Vitis HLS", "2099.1", Stage.LOGIC_SYNTHESIS), "folded dense: none"),
    ],
)
def test_what_was_not_seen_is_answered_by_rules_with_a_wide_interval(surrogates, design, domain, reason):
    layers = from_records([design])
    prediction = predict(layers, domain, surrogates)
    assert not prediction.in_domain[0]
    assert any(reason in text for text in prediction.reasons(0))
    ruled = predict(layers, domain, Surrogates(surrogates.prices))
    seen = predict(from_records([chain([32, 32, 16], 32)]), DOMAIN, surrogates)
    own, other = prediction.designs["lut"], seen.designs["lut"]
    assert own.value[0] == ruled.designs["lut"].value[0]
    for figures in (own, other):
        assert figures.low[0] <= figures.value[0] <= figures.high[0]
    assert relative_width(own) > relative_width(other)


@pytest.mark.parametrize(
    "design",
    [chain([160, 32, 16], 160), replace(chain([32, 32, 16], 32), clock_ns=4.99)],
    ids=["sizes", "clock"],
)
def test_a_little_beyond_has_a_little_wider_interval(surrogates, design):
    far = predict(from_records([chain([2**14, 32, 16], 2**14)]), DOMAIN, surrogates)
    seen = predict(from_records([chain([32, 32, 16], 32)]), DOMAIN, surrogates)
    found = predict(from_records([design]), DOMAIN, surrogates)
    widths = [relative_width(own.designs["lut"]) for own in (seen, found, far)]
    assert widths == sorted(widths)
    assert widths[1] < widths[2]


def test_trials_say_how_much_rules_err_beyond_the_data(trained):
    ((_, exact),) = trained.learned.parts[DOMAIN.name].items()
    assert exact.transfer.reach["n_in"][0] >= 1
    assert exact.transfer.slopes["dsp"]["n_in"] == exact.transfer.slopes["latency_cycles"]["n_in"] == (0, 0)
    drifting = train(measured_chains(lambda design: (design.layers[0].n_in / 16) ** 0.5))
    ((_, part),) = drifting.learned.parts[DOMAIN.name].items()
    assert part.transfer.slopes["lut"]["n_in"][0] > 0.05


def test_a_seen_design_is_in_the_domain(surrogates):
    prediction = predict(from_records([chain([32, 32, 16], 32)]), DOMAIN, surrogates)
    assert prediction.in_domain.all()
    assert not prediction.reasons(0)


def test_reshapes_need_no_measurements(surrogates):
    design = chain([32, 32, 16], 32)
    move = replace(
        design.layers[0], name="flat", kind=LayerKind.MOVE, strategy="", weight_bits=0, n_in=7, n_out=7
    )
    moved = replace(design, layers=(move, *design.layers))
    assert predict(from_records([moved]), DOMAIN, surrogates).in_domain.all()


def attempts():
    return [
        synthesis(
            with_strategy(chain([n_in, n_out], n_in * n_out // 4), strategy),
            success=strategy == "resource" or n_in * n_out <= 1024,
        )
        for strategy in ("latency", "resource")
        for n_in in (8, 16, 32, 64, 96)
        for n_out in (8, 16, 32, 64, 96)
    ]


def test_failures_are_told_apart(rows):
    tried = attempts()
    trained = train([*rows, *tried])
    answers = answer(tried, Surrogates(trained.prices, trained.learned))
    found = success_score(answers)
    assert found.n == len(tried)
    assert found.accuracy > 0.95
    assert found.roc_auc > 0.97
    assert ((answers.success >= 0) & (answers.success <= 1)).all()


def test_success_of_what_was_never_tried_is_not_known(rows):
    trained = train([*rows, *attempts()])
    surrogates = Surrogates(trained.prices, trained.learned)
    unknown = from_records([chain([4096, 32], 4096), chain([16, 16], 64)])
    success = predict(unknown, DOMAIN, surrogates).success
    assert np.isnan(success[0])
    assert success[1] > 0.5


def test_without_failures_nothing_is_said_of_success(surrogates):
    assert np.isnan(predict(from_records([chain([32, 32, 16], 32)]), DOMAIN, surrogates).success).all()


def test_each_synthesis_counts_once(rows):
    assert len(usable_rows([*rows, *rows])) == len(rows)


def test_rules_serve_unless_another_method_is_clearly_better():
    measured = np.arange(1.0, 101)
    assert best_method(measured, {"rules": measured, "boosting": measured}) == "rules"
    assert best_method(measured, {"rules": 1.2 * measured, "boosting": 1.1 * measured}) == "boosting"
    assert best_method(measured, {"rules": 1.2 * measured, "boosting": 1.199 * measured}) == "rules"
    rare = np.where(measured == 100, 1e6, measured)  # nearly always exact, but far off once
    assert best_method(measured, {"rules": 1.2 * measured, "boosting": rare}) == "rules"
