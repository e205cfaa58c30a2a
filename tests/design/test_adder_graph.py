from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given, settings

from accelgen.design import RowSharing
from accelgen.design.adder_graph import adder_graph
from accelgen.design.row_choice import choose_program
from accelgen.design.row_program import Integers, plain
from accelgen.errors import DesignError, ToolError
from tests.design.row_matrices import assert_computes, matrices, random_matrix


@settings(max_examples=40)
@given(matrices(20, 10))
def test_the_adder_graph_is_the_matrix(matrix: Integers) -> None:
    pytest.importorskip("da4ml", reason="da4ml is not installed")
    assert_computes(adder_graph(matrix), matrix)


def test_sums_are_shared() -> None:
    pytest.importorskip("da4ml", reason="da4ml is not installed")
    matrix = random_matrix(0, 64, 16)
    program = adder_graph(matrix)
    assert program.additions < plain(matrix).additions / 2
    assert adder_graph(matrix, max_depth=7).depth <= program.depth
    assert choose_program(matrix, RowSharing.ADDER_GRAPH).sharing is RowSharing.ADDER_GRAPH


def test_a_wrong_graph_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cmvm = pytest.importorskip("da4ml.cmvm", reason="da4ml is not installed")
    solve = cmvm.solve
    monkeypatch.setattr(cmvm, "solve", lambda kernel, **options: solve(np.roll(kernel, 1, 0), **options))
    with pytest.raises(ToolError, match="not the layer's matrix"):
        adder_graph(random_matrix(0, 10, 4))


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "da4ml.cmvm", None)
    with pytest.raises(DesignError, match=r"needs the package da4ml: install accelgen\[da\]"):
        adder_graph(random_matrix(0, 11, 4))
