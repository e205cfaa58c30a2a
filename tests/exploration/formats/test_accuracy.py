import numpy as np
import pytest

from accelgen import reference
from accelgen.errors import UnsupportedError, UsageError
from accelgen.exploration.formats.accuracy import Benchmark, Metric
from accelgen.ir import Concatenate, Dense, Input, Network, Relu
from tests.exploration.formats.small import classifier, format_search, samples


def exact(genes=(1, 2, 0, 4)):
    return format_search().task.space.apply(genes)[0]


def whole(benchmark: Benchmark, network: Network) -> float:
    count, total, squares = benchmark.losses(network, 0, len(benchmark))
    assert count == len(benchmark)
    assert squares == pytest.approx(total) or benchmark.metric is Metric.MEAN_ABS_ERROR
    return total / count


def test_accuracy_is_the_golden_models_share_of_right_classes():
    x, labels = samples()
    network = exact()
    (y,) = reference.predict(network, {"x": x}).values()
    benchmark = Benchmark.of(classifier(), {"x": x}, labels)
    assert benchmark.metric is Metric.ACCURACY
    assert benchmark.metric.score(whole(benchmark, network)) == np.mean(y.argmax(-1) == labels)
    assert benchmark.original < 0.2


def test_without_labels_the_imported_network_is_what_is_right():
    x, _ = samples()
    network = exact()
    (y,) = reference.predict(network, {"x": x}).values()
    weight, bias = classifier()["hidden"].weight, classifier()["hidden"].bias
    hidden = np.maximum(x @ weight + bias, 0)
    real = hidden @ classifier()["readout"].weight + classifier()["readout"].bias
    benchmark = Benchmark.of(classifier(), {"x": x})
    assert benchmark.metric is Metric.AGREEMENT
    assert benchmark.original == 0
    assert 1 - whole(benchmark, network) == np.mean(y.argmax(-1) == real.argmax(-1))


def single() -> Network:
    nodes = (Input("x", (), (4,)), Dense("out", ("x",), np.array([[1.0], [-2.0], [0.5], [0.3]])))
    return Network(nodes, ("out",))


def test_a_single_result_has_an_error_or_two_classes():
    x, _ = samples()
    real = x @ single()["out"].weight
    benchmark = Benchmark.of(single(), {"x": x})
    assert benchmark.metric is Metric.MEAN_ABS_ERROR
    assert benchmark.metric.score(0.25) == 0.25
    labels = (real[:, 0] >= 0).astype(int)
    assert Benchmark.of(single(), {"x": x}, labels).original == 0
    assert Benchmark.of(single(), {"x": x}, 1 - labels).original == 1


def test_results_like_the_input_have_an_error_and_any_metric_can_be_asked_for():
    x, labels = samples()
    copy = Network((Input("x", (), (4,)), Dense("out", ("x",), np.eye(4) / 2)), ("out",))
    assert Benchmark.of(copy, {"x": x}).metric is Metric.MEAN_ABS_ERROR
    assert Benchmark.of(copy, {"x": x}, metric=Metric.AGREEMENT).metric is Metric.AGREEMENT
    assert Benchmark.of(classifier(), {"x": x}, labels, metric=Metric.MEAN_ABS_ERROR).original == 0
    with pytest.raises(UsageError, match="'label'"):
        Benchmark.of(classifier(), {"x": x}, metric=Metric.ACCURACY)


def test_parts_add_up_to_the_whole():
    x, labels = samples()
    network = exact()
    benchmark = Benchmark.of(classifier(), {"x": x}, labels, seed=3)
    parts = [benchmark.losses(network, start, stop) for start, stop in ((0, 60), (60, 180), (180, 540))]
    np.testing.assert_allclose(np.sum(parts, axis=0), benchmark.losses(network, 0, 540))


def test_the_order_of_samples_follows_from_the_seed():
    x, labels = samples()
    one, same, other = (Benchmark.of(classifier(), {"x": x}, labels, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.inputs["x"], same.inputs["x"])
    assert np.any(one.inputs["x"] != other.inputs["x"])
    np.testing.assert_array_equal(np.sort(one.inputs["x"], axis=None), np.sort(x, axis=None))


@pytest.mark.parametrize(
    "labels",
    [np.zeros(539, int), np.full(540, 3), np.full(540, -1), np.full(540, 0.5), np.zeros((540, 3))],
)
def test_labels_that_are_no_classes_are_refused(labels):
    with pytest.raises(UsageError, match="labels"):
        Benchmark.of(classifier(), {"x": samples()[0]}, labels)


def test_networks_of_several_outputs_are_refused():
    nodes = (Input("x", (), (4,)), Relu("a", ("x",)), Concatenate("b", ("x", "a")))
    with pytest.raises(UnsupportedError, match="the outputs a, b"):
        Benchmark.of(Network(nodes, ("a", "b")), {"x": samples()[0]})
