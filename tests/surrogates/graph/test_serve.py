from dataclasses import replace

import numpy as np
import pytest

from accelgen.errors import ModelError
from accelgen.surrogates.features import from_records
from accelgen.surrogates.graph import save
from accelgen.surrogates.graph.serve import with_graph
from accelgen.surrogates.graph.storage import FILE
from accelgen.surrogates.learn import model
from accelgen.surrogates.learn.model import Learned, Part
from accelgen.surrogates.learn.scope import FAMILIES, Scope
from accelgen.surrogates.predict import Surrogates, predict, read_surrogates
from accelgen.surrogates.rules import DEFAULT_DOMAIN, estimate, load_prices
from accelgen.surrogates.rules import prices as rules
from tests.surrogates.graph.networks import CHAIN, dense, design, random_network

SETTING = f"{DEFAULT_DOMAIN.name}: folded dense"
NETWORK = replace(random_network([SETTING]), serves={SETTING: {"ff": 0.25, "clock_ns": 0.5}})
FAR = replace(CHAIN, layers=(*CHAIN.layers[:2], dense("c", "b", n_in=8, n_out=4000)))


def learned():
    """What boosting would have learned of layers like those of `CHAIN`: nothing but intervals."""
    part = Part(Scope.of(from_records([CHAIN])), 3, widths={"ff": 1.0, "lut": 1.0, "clock_ns": 1.0})
    return Learned({DEFAULT_DOMAIN.name: {FAMILIES["folded dense"]: part}}, far={"ff": 3.0, "lut": 3.0})


SERVED = Surrogates(load_prices(), with_graph(learned(), NETWORK), NETWORK)
LAYERS = from_records([CHAIN, FAR])


def test_it_serves_what_it_was_chosen_for():
    found = predict(LAYERS, surrogates=SERVED)
    plain = predict(LAYERS, surrogates=Surrogates(load_prices(), learned()))
    said = NETWORK.correct(LAYERS, estimate(LAYERS), DEFAULT_DOMAIN)
    for target in ("ff", "clock_ns"):
        assert found.designs[target].value[0] == said[target][0] != plain.designs[target].value[0]
    np.testing.assert_array_equal(found.designs["lut"].value, plain.designs["lut"].value)


def test_it_does_not_serve_other_layers_than_were_measured():
    found = predict(LAYERS, surrogates=SERVED)
    assert found.in_domain.tolist() == [True, False]
    for target, values in estimate(LAYERS).designs.items():
        assert found.designs[target].value[1] == values[1]


def test_its_intervals_are_its_own():
    whole = predict(LAYERS, surrogates=SERVED).designs
    assert whole["clock_ns"].high[0] == pytest.approx(whole["clock_ns"].value[0] * np.exp(0.5))
    assert whole["ff"].high[0] == pytest.approx((whole["ff"].value[0] + 1) * np.exp(0.25) - 1, abs=1)
    assert whole["lut"].high[0] == pytest.approx((whole["lut"].value[0] + 1) * np.exp(1.0) - 1, abs=1)


def test_layers_are_scaled_as_their_design():
    found, ruled = predict(LAYERS, surrogates=SERVED), estimate(LAYERS)
    ratio = found.designs["ff"].value[0] / ruled.designs["ff"][0]
    np.testing.assert_allclose(found.layers["ff"][:3], ratio * ruled.layers["ff"][:3])
    np.testing.assert_array_equal(found.layers["ff"][3:], ruled.layers["ff"][3:])


def test_a_design_of_no_layers():
    found = predict(from_records([design()]), surrogates=SERVED)
    assert found.designs["ff"].value.shape == (1,)


@pytest.fixture
def folder(tmp_path):
    rules.save_prices(load_prices(), tmp_path / rules.FILE)
    model.save(learned(), tmp_path / model.FILE)
    return tmp_path


def test_a_folder_without_a_network_is_served_without(folder):
    assert read_surrogates(folder).graph is None


def test_a_folder_with_a_network_is_served_with_it(folder):
    save(NETWORK, folder / FILE)
    found, expected = (predict(LAYERS, surrogates=own) for own in (read_surrogates(folder), SERVED))
    np.testing.assert_array_equal(found.designs["ff"].value, expected.designs["ff"].value)
    np.testing.assert_allclose(found.designs["ff"].high, expected.designs["ff"].high)


def test_a_damaged_network_is_refused(folder):
    save(NETWORK, folder / FILE)
    (folder / FILE).write_bytes((folder / FILE).read_bytes()[:-50])
    with pytest.raises(ModelError, match=r"weights\.npz"):
        read_surrogates(folder)
