from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from accelgen.backend.naming import safe_name, safe_names


@given(st.lists(st.text(), unique=True, max_size=20))
def test_names_are_distinct_identifiers(names: list[str]) -> None:
    safe = safe_names(names)
    assert set(safe) == set(names)
    assert len(set(safe.values())) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in safe.values())


def test_hostile_names() -> None:
    names = ['a"; exec {rm -rf /}', "../../x", "double", "layer2", "input", "Größe", "", "3d", "x" * 5000]
    assert list(safe_names(names).values()) == [
        "a_exec_rm_rf",
        "x",
        "n_double",
        "n_layer2",
        "n_input",
        "gr_e",
        "n",
        "n3d",
        "x" * 40,
    ]


def test_names_that_differ_only_in_what_is_lost_stay_apart() -> None:
    assert list(safe_names(["fc/1", "fc.1", "FC_1", "fc_1_2"]).values()) == [
        "fc_1",
        "fc_1_2",
        "fc_1_3",
        "fc_1_2_2",
    ]


def test_a_plain_name_stays() -> None:
    assert safe_name("q_dense_2") == "q_dense_2"
