from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.surrogates.features import from_records
from accelgen.surrogates.learn.scope import (
    DIMENSIONS,
    FAMILIES,
    Scope,
    families,
    family_name,
    kernel_class,
    main_families,
    unlike,
    weighted,
)
from accelgen.surrogates.record import DesignRecord, LayerKind
from tests.surrogates.learn.tables import chain

SEEN = from_records([chain([16, 64, 32], 64)])


def distance(name, designs):
    layers = from_records(designs)
    rows = np.arange(layers.n_in.size)
    return Scope.of(SEEN).distances(layers, rows)[DIMENSIONS.index(name)].tolist()


def test_what_was_seen_is_no_distance_away():
    rows = np.arange(SEEN.n_in.size)
    assert not Scope.of(SEEN).distances(SEEN, rows).any()
    assert not Scope.of(SEEN).misses(SEEN).any()


def test_distances_are_doublings():
    assert distance("n_in", [chain([4, 256], 64)]) == [2]
    assert distance("n_in", [chain([128, 64], 64)]) == [1]
    design = chain([16, 64], 64)
    wider = replace(design, layers=tuple(replace(layer, accum_bits=32) for layer in design.layers))
    assert distance("sum_bits", [wider]) == [1]


def test_flags_are_one_away_where_they_differ():
    assert distance("spread", [chain([64, 32], 32), chain([64, 32], 64)]) == [1, 0]
    assert distance("fast", [replace(chain([16, 64], 64), part="xc7z020clg400-1")]) == [1]


def test_sizes_may_be_a_quarter_beyond_and_bits_may_not():
    layers = from_records([chain([78, 30], 78), chain([16, 64], 64, bits=9)])
    found = unlike(Scope.of(SEEN).distances(layers, np.arange(2)))
    assert {name for name, missed in zip(DIMENSIONS, found, strict=True) if missed[0]} == set()
    assert {name for name, missed in zip(DIMENSIONS, found, strict=True) if missed[1]} == {"weight_bits"}


@pytest.mark.parametrize("family", FAMILIES.values())
def test_streams_are_of_the_class_of_arrays(family):
    alike = kernel_class(family)
    assert alike % 2 == 0
    assert family_name(family).removesuffix(" in a stream") == family_name(alike)
    assert weighted(family) == weighted(alike)


@given(st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=5), max_size=6))
def test_the_main_family_is_that_of_the_most_products(widths):
    designs = [chain(own, own[0]) for own in widths]
    marked = [
        replace(
            design,
            layers=tuple(
                replace(layer, kind=(LayerKind.DENSE, LayerKind.CONV1D)[number % 2])
                for number, layer in enumerate(design.layers)
            ),
        )
        for design in designs
    ]
    columns = from_records([*marked, DesignRecord(())])
    own = families(columns)
    for row, design in enumerate(marked):
        products = [layer.n_in * layer.n_out for layer in design.layers]
        last = max(range(len(products)), key=lambda place: (products[place], place))
        start = sum(len(before.layers) for before in marked[:row])
        assert main_families(columns)[row] == own[start + last]
    assert main_families(columns)[-1] == 0
