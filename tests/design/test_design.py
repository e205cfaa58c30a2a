from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.errors import UsageError

LAYERS = st.builds(LayerDesign, st.sampled_from(Strategy), st.integers(1, 9999), st.integers(1, 99))
DESIGNS = st.builds(
    Design,
    part=st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    clock_ns=st.floats(0.5, 100),
    clock_uncertainty_percent=st.floats(0, 99),
    io_type=st.sampled_from(IoType),
    default=LAYERS,
    layers=st.dictionaries(st.text(min_size=1), LAYERS, max_size=3),
)


@given(DESIGNS)
def test_yaml_keeps_everything(design: Design) -> None:
    assert Design.from_yaml(design.to_yaml()) == design


def test_what_a_file_leaves_out_keeps_its_default() -> None:
    design = Design.from_yaml("clock_ns: 4\nlayers:\n  fc1: {reuse_factor: 8}\n")
    assert design == Design(clock_ns=4.0, layers={"fc1": LayerDesign(reuse_factor=8)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clok_ns: 5", "did you mean 'clock_ns'"),
        ("layers: {fc: {reuse_facto: 4}}", "fc: unknown entry 'reuse_facto'; did you mean 'reuse_factor'"),
        ("default: {strategy: latensy}", "did you mean 'latency'"),
        ("io_type: io_serial", "did you mean 'io_"),
        ("clock_ns: fast", "clock_ns: 'fast' is not of type float"),
        ("default: {reuse_factor: true}", "reuse_factor: True is not of type int"),
        ("default: {reuse_factor: 0}", "reuse_factor starts at 1"),
        ("layers: {conv: {fifo_depth: -1}}", "conv: fifo_depth starts at 0"),
        ("layers: {conv: {fifo_depth: deep}}", "conv: fifo_depth: 'deep' is not of type int"),
        ("clock_ns: 0", "clock_ns is from 0.1"),
        ("clock_ns: .nan", "clock_ns is from 0.1"),
        ("part: 'xc7\"; exec rm'", "is no part number"),
        ("format: 99", "format 99 is not supported"),
        ("[1, 2]", "names with values expected"),
        ("a: [", "is no YAML"),
        ("!!python/object:os.system {}", "is no YAML"),
    ],
)
def test_a_bad_file_is_refused_with_the_cause(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Design.from_yaml(text, "my.yaml")
