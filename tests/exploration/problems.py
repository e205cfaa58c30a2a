"""Search problems small enough to look at every design."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import strategies as st

from accelgen.exploration.problem import Composition, Indices, LayerOptions, Problem

COLUMNS = ("lut", "dsp", "cycles", "interval")

COMPOSITIONS = {
    "lut": Composition(added="lut", constant=3.0),
    "dsp": Composition(added="dsp"),
    "latency": Composition(along="cycles", constant=1.0),
    "stream": Composition(added="cycles", worst="interval"),
    "interval": Composition(worst="interval"),
    "all": Composition(added="lut", worst="interval", along="cycles"),
}


def all_designs(problem: Problem) -> Indices:
    return np.array(list(product(*(range(len(layer)) for layer in problem.layers))), np.int64).reshape(
        problem.combinations, len(problem.layers)
    )


def tables(*sizes: int, seed: int = 0, high: int = 100) -> tuple[LayerOptions, ...]:
    """Layers of random options whose interval falls as their resources grow."""
    rng = np.random.default_rng(seed)
    layers = []
    for number, size in enumerate(sizes):
        interval = rng.integers(1, high, size)
        columns = {
            "lut": rng.integers(1, high, size) * high // interval,
            "dsp": rng.integers(0, high, size) // interval,
            "cycles": interval + rng.integers(0, 10, size),
            "interval": interval,
        }
        options = {name: values.astype(np.float64) for name, values in columns.items()}
        layers.append(LayerOptions(f"layer{number}", tuple(range(size)), options))
    return tuple(layers)


@st.composite
def problems(draw: st.DrawFn, least: int = 0, decimals: bool = True) -> Problem:
    """A problem with figures of every composition, a graph, limits that may or may not be met."""
    n_layers = draw(st.integers(1, 5))
    numbers = st.integers(least, 9).map(float)
    if decimals and draw(st.booleans()):
        numbers = st.integers(10 * least, 99).map(lambda value: value / 10)
    layers = []
    for number in range(n_layers):
        size = draw(st.integers(1, 4))
        columns = {
            column: np.array(draw(st.lists(numbers, min_size=size, max_size=size))) for column in COLUMNS
        }
        layers.append(LayerOptions(f"layer{number}", tuple(range(size)), columns))
    pairs = [(i, j) for j in range(n_layers) for i in range(j)]
    edges = draw(
        st.one_of(
            st.just([(i, i + 1) for i in range(n_layers - 1)]),
            st.lists(st.sampled_from(pairs), unique=True) if pairs else st.just([]),
        )
    )
    names = draw(st.lists(st.sampled_from(list(COMPOSITIONS)), min_size=2, unique=True))
    figures = {name: COMPOSITIONS[name] for name in names}
    objective = draw(
        st.dictionaries(st.sampled_from(names), st.sampled_from([0.5, 1.0, 2.0, 0.1]), min_size=1)
    )
    problem = Problem(tuple(layers), figures, objective, {}, tuple(edges))
    values = problem.evaluate(all_designs(problem))
    limits = {
        name: float(draw(st.sampled_from(sorted(set(values[name]))))) + draw(st.sampled_from([0, 0, -1, 2]))
        for name in draw(st.lists(st.sampled_from(names), unique=True))
    }
    return replace(problem, limits=limits)
