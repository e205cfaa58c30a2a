"""accelgen's own tables: what is written is read back equal, and damage costs no more than its row."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelgen.errors import UsageError
from accelgen.surrogates.dataset import read, storage, unique, write
from accelgen.surrogates.dataset.fields import MAX_COUNT, Fields
from accelgen.surrogates.record import TARGETS, DesignRecord, LayerKind, LayerRecord, Stage, Synthesis
from tests.surrogates.shared_data import DATA, REPORTS, needs_data, needs_reports

texts = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20
)  # Python 3.10: no NUL in CSV
counts = st.integers(1, 1 << 40)
bits = st.integers(0, 1024)
widths = st.integers(1, 1024)
unknown = st.integers(-1, 1 << 40)
figures = st.floats(0, MAX_COUNT)
targets = st.dictionaries(st.sampled_from(TARGETS), figures)

layers = st.builds(
    LayerRecord,
    name=texts,
    kind=st.sampled_from(LayerKind),
    inputs=st.lists(texts, max_size=3).map(tuple),
    n_in=counts,
    n_out=counts,
    positions=counts,
    parallel_positions=counts,
    input_bits=widths,
    weight_bits=bits,
    accum_bits=bits,
    result_bits=widths,
    nonzero=unknown,
    digits=unknown,
    strategy=texts,
    reuse_factor=counts,
    requested_reuse_factor=counts,
    table_size=bits,
)


def in_order(found):
    """The layers, each reading only from what is no later one."""
    names = [layer.name for layer in found]
    return tuple(
        replace(layer, inputs=tuple(name for name in layer.inputs if name not in names[place:]))
        for place, layer in enumerate(found)
    )


designs = st.builds(
    DesignRecord,
    layers=st.lists(layers, max_size=4, unique_by=lambda layer: layer.name).map(in_order),
    io_type=texts,
    part=texts,
    clock_ns=st.floats(0.1, 1000),
    clock_uncertainty_percent=st.floats(0, 99),
    backend=texts,
    dsp_multipliers=st.booleans(),
)
syntheses = st.builds(
    Synthesis,
    design=designs,
    tool=texts,
    version=texts,
    resource_stage=st.sampled_from(Stage),
    success=st.booleans(),
    targets=targets,
    per_layer=st.dictionaries(texts, targets, max_size=3),
    runs=counts,
    group=texts,
    source=texts,
)

EXAMPLE = Synthesis(
    design=DesignRecord(
        (LayerRecord("fc1", LayerKind.DENSE, n_in=3), LayerRecord("r", LayerKind.RELU, ("fc1",)))
    ),
    tool="Vitis HLS",
    version="2023.2",
    resource_stage=Stage.LOGIC_SYNTHESIS,
    success=True,
    targets={"lut": 0.1, "clock_ns": 3.7},
    per_layer={"fc1": {"lut": 7.0}},
    group="3-1",
    source="here",
)


def suffixes():
    parquet = pytest.param(".parquet", marks=pytest.mark.skipif(not _has_parquet(), reason="no fastparquet"))
    return pytest.mark.parametrize("suffix", [".csv", ".jsonl", parquet])


def _has_parquet():
    try:
        import fastparquet  # noqa: F401
    except ImportError:
        return False
    return True


@suffixes()
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(syntheses, max_size=4))
def test_a_table_is_read_back_equal(tmp_path, suffix, rows):
    path = tmp_path / f"table{suffix}"
    assert write(path, rows) == len(rows)
    found = read(path)
    assert (found.rows, found.skipped) == (tuple(rows), ())
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@suffixes()
def test_large_tables_are_written_in_parts(tmp_path, suffix, monkeypatch):
    monkeypatch.setattr(storage, "ROWS_AT_ONCE", 4)
    rows = [replace(EXAMPLE, runs=number) for number in range(1, 11)]
    write(tmp_path / f"table{suffix}", iter(rows))
    assert list(read(tmp_path / f"table{suffix}")) == rows


@suffixes()
def test_a_failed_write_leaves_the_old_table(tmp_path, suffix):
    path = tmp_path / f"table{suffix}"
    write(path, [EXAMPLE])

    def interrupted():
        yield EXAMPLE
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(path, interrupted())
    assert list(read(path)) == [EXAMPLE]
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"tables are written as .parquet, .csv, .jsonl"):
        write(tmp_path / "table.xlsx", [EXAMPLE])
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        write(tmp_path / "missing/table.csv", [EXAMPLE])


def row(**changes):
    return {**storage.to_row(EXAMPLE), **changes}


def with_layer(**changes):
    return row(layers=json.dumps([{"name": "a", "kind": "dense", **changes}]))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (row(resource_stage="guessed"), "'guessed' is not a valid Stage"),
        (row(tool=None), "tool is None, not a text"),
        (row(version="9" * 5000), "not a text of at most 1,000 characters"),
        (row(success="perhaps"), "success is 'perhaps'"),
        (row(clock_ns=-1), "clock_ns is -1"),
        (row(clock_ns=0), "clock_ns is 0, not a number from 0.1 up"),
        (row(clock_uncertainty_percent=100), "clock_uncertainty_percent is 100, not a number from 0 to 99"),
        (row(lut=1e300), "lut is 1e+300, not a number"),
        (row(lut=float("inf")), "lut is inf, not a number"),
        (row(lut="x"), "lut is 'x'"),
        (row(runs=1.5), "runs is 1.5"),
        (row(layers="[{"), "layers is no JSON"),
        (row(layers="[" * 100_000), "layers is no JSON"),
        (row(layers="{}"), "layers is no list"),
        (row(layers="[{}]"), "entry 1 has no name and kind"),
        (row(layers='[{"name":"a","kind":"dense"},{"name":"a","kind":"relu"}]'), "two of one name"),
        (row(layers='[{"name":"a","kind":"dense","inputs":["a"]}]'), "'a' reads 'a'"),
        (
            row(
                layers='[{"name":"a","kind":"dense","inputs":["b"]},{"name":"b","kind":"relu","inputs":["a"]}]'
            ),
            "'a' reads 'b', which is not before it",
        ),
        (with_layer(kind="magic"), "'kind' is unknown or cannot be 'magic'"),
        (with_layer(kind=["dense"]), "'kind' is unknown or cannot be"),
        (with_layer(n_in=1.5), "'n_in' is unknown or cannot be 1.5"),
        (with_layer(n_in=True), "'n_in' is unknown or cannot be True"),
        (with_layer(n_in=0), "'n_in' is unknown or cannot be 0"),
        (with_layer(reuse_factor=0), "'reuse_factor' is unknown or cannot be 0"),
        (with_layer(nonzero=-2), "'nonzero' is unknown or cannot be -2"),
        (with_layer(weight_bits=1 << 20), "'weight_bits' is unknown or cannot be 1048576"),
        (with_layer(inputs="a"), "'inputs' is unknown or cannot be 'a'"),
        (with_layer(colour=3), "'colour' is unknown"),
        (row(per_layer="[]"), "per_layer holds no named layers"),
        (row(per_layer='{"fc1":{"lut":"many"}}'), "per_layer: fc1.lut is 'many'"),
    ],
)
def test_a_bad_row_is_skipped_with_its_reason(tmp_path, values, reason):
    path = tmp_path / "table.jsonl"
    path.write_text("\n".join(json.dumps(entry) for entry in (row(), values, row())))
    found = read(path)
    assert list(found) == [EXAMPLE, EXAMPLE]
    (skipped,) = found.skipped
    assert (skipped.row, reason in skipped.reason) == (2, True), skipped.reason


@pytest.mark.skipif(not _has_parquet(), reason="no fastparquet")
def test_a_damaged_parquet_file_is_named(tmp_path):
    path = tmp_path / "table.parquet"
    write(path, [EXAMPLE] * 100)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UsageError, match="it is no Parquet"):
        read(path)
    assert read(tmp_path).ignored == (str(path),)


def test_a_table_holds_each_synthesis_once():
    elsewhere = replace(EXAMPLE, source="there")
    other = replace(EXAMPLE, version="2024.1")
    assert list(unique([EXAMPLE, other, elsewhere, EXAMPLE])) == [EXAMPLE, other]


def test_columns_are_those_of_a_row():
    assert tuple(storage.to_row(EXAMPLE)) == storage.COLUMNS
    assert storage.from_row(Fields(row())) == EXAMPLE


@needs_data
@needs_reports
def test_the_real_data_round_trip(tmp_path):
    rows = read(DATA, REPORTS).rows
    write(tmp_path / "table.csv", rows)
    assert read(tmp_path / "table.csv").rows == rows
