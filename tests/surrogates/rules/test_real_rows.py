"""Rules and prices against real syntheses, where those are at hand."""

from functools import cache

import numpy as np
import pytest

from accelgen.surrogates import dataset
from accelgen.surrogates.features import from_records
from accelgen.surrogates.learn.train import usable_rows
from accelgen.surrogates.metrics import score
from accelgen.surrogates.rules import domain_of, estimate, load_prices, synthesises
from accelgen.surrogates.rules.calibrate import calibrate, without
from tests.surrogates.shared_data import REPORTS, SYNTHESIS, needs_data, needs_reports

FILES = {
    "chains": "wa_hls4ml_dense_chains.csv",
    "single": "wa_hls4ml_single_dense.csv",
    "convolutions": "ntorc_conv1d.csv",
    "lstms": "ntorc_lstm.csv",
    "dense": "ntorc_dense.csv",
}


@cache
def attempts(name):
    folder = REPORTS if name == "projects" else SYNTHESIS / FILES[name]
    return tuple(dataset.read(folder))


@cache
def found(name):
    rows = tuple(row for row in attempts(name) if row.success)
    return rows, estimate(from_records([row.design for row in rows]), domain_of(rows[0]))


def scored(name, target):
    rows, figures = found(name)
    actual = np.array([row.targets.get(target, np.nan) for row in rows])
    known = ~np.isnan(actual)
    return score(actual[known], figures.designs[target][known])


@needs_data
@pytest.mark.parametrize(
    ("name", "target", "exact"),
    [
        ("chains", "latency_cycles", 1),
        ("chains", "latency_max_cycles", 1),
        ("chains", "dsp", 1),
        ("chains", "bram_18k", 0.95),
        ("single", "latency_cycles", 0.96),
        ("single", "interval_cycles", 0.96),
        ("single", "dsp", 0.96),
        ("single", "bram_18k", 0.93),
        ("convolutions", "latency_cycles", 1),
        ("convolutions", "latency_max_cycles", 1),
        ("convolutions", "bram_18k", 1),
        ("convolutions", "dsp", 0.94),
        ("lstms", "dsp", 0.99),
        ("lstms", "bram_18k", 1),
        ("dense", "dsp", 0.96),
        ("dense", "bram_18k", 1),
    ],
)
def test_formulas_are_exact_for_so_many_rows(name, target, exact):
    assert scored(name, target).exact >= exact


@needs_data
@pytest.mark.parametrize(
    ("name", "target", "smape"),
    [
        ("chains", "lut", 2.1),
        ("chains", "ff", 0.3),
        ("chains", "bram_18k", 5),
        ("single", "lut", 1.5),
        ("convolutions", "lut", 6),
        ("convolutions", "ff", 8),
        ("dense", "lut", 5),
        ("dense", "ff", 7),
        ("lstms", "lut", 3),
        ("lstms", "ff", 4),
        ("lstms", "latency_max_cycles", 1.2),
    ],
)
def test_prices_come_near(name, target, smape):
    assert scored(name, target).smape <= smape


@needs_data
def test_prices_of_two_layers_hold_for_three():
    rows, _ = found("chains")
    prices = calibrate([row for row in rows if len(row.design.layers) == 2])
    longer = [row for row in rows if len(row.design.layers) == 3]
    figures = estimate(from_records([row.design for row in longer]), domain_of(longer[0]), prices)
    for target, smape in (("lut", 1.6), ("ff", 0.2)):
        assert score([row.targets[target] for row in longer], figures.designs[target]).smape <= smape


@needs_data
def test_failures_of_single_layers_are_foretold():
    rows = attempts("single")
    expected = synthesises(from_records([row.design for row in rows]), domain_of(rows[0]))
    assert np.mean(expected == [row.success for row in rows]) > 0.98


@needs_reports
def test_constant_products_take_the_dsp_blocks_that_vitis_reports():
    checked = 0
    rows, figures = found("projects")
    layers = [(row, layer) for row in rows for layer in row.design.layers]
    for number, (row, layer) in enumerate(layers):
        if layer.strategy and layer.dsp_products >= 0:
            assert figures.layers["dsp"][number] == row.per_layer[layer.name]["dsp"], (row.source, layer.name)
            checked += 1
    assert checked > 60


@needs_reports
@pytest.mark.parametrize(
    ("target", "median"), [("latency_cycles", 10), ("lut", 6), ("ff", 15), ("dsp", 1), ("bram_18k", 0.1)]
)
def test_projects_of_other_networks_are_near(target, median):
    rows, _ = found("projects")
    errors = []
    for group in {row.group for row in rows}:
        left_out = [row for row in rows if row.group == group]
        prices = calibrate(without(rows, {group}))
        figures = estimate(from_records([row.design for row in left_out]), domain_of(rows[0]), prices)
        actual = np.array([row.targets[target] for row in left_out])
        errors.append(np.abs(figures.designs[target] - actual) / np.maximum(actual, 1))
    assert 100 * np.median(np.concatenate(errors)) <= median


@needs_data
@needs_reports
def test_the_shipped_prices_are_those_of_all_data():
    table = dataset.read(SYNTHESIS, REPORTS)
    assert calibrate(usable_rows(table.rows)).table == load_prices().table
