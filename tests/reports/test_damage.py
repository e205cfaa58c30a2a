"""Half-written, damaged, hostile and foreign reports are refused by name, and never give wrong figures."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accelgen.errors import ReportError
from accelgen.reports import (
    read_cosim,
    read_csynth,
    read_csynth_folder,
    read_csynth_summary,
    read_csynth_text,
    read_hierarchy,
    read_timing,
    read_utilization,
    text,
)
from tests.reports.reports import csynth_module, csynth_xml
from tests.reports.test_text import HELD, REPORT, USED
from tests.reports.text_reports import (
    LAYOUTS,
    cosim_text,
    csynth_text,
    hierarchy_text,
    summary_text,
    timing_text,
    utilization_text,
)

EXAMPLES = {
    "csynth xml": (read_csynth, csynth_xml(modules=csynth_module("part"))),
    "csynth text": (read_csynth_text, csynth_text(REPORT, LAYOUTS["2021.1"])),
    "old csynth text": (read_csynth_text, csynth_text(REPORT, LAYOUTS["2018.3"])),
    "summary": (read_csynth_summary, summary_text([(0, "top", 0.1, 5, 1, USED), (1, "a", 0.2, 3, 1, USED)])),
    "cosim": (read_cosim, cosim_text()),
    "utilization": (read_utilization, utilization_text(USED, HELD)),
    "hierarchy": (read_hierarchy, hierarchy_text([(0, "top", "(top)", USED), (1, "a", "b", USED)])),
    "timing": (read_timing, timing_text()),
}
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def attempt(reader, path, content):
    """The report in some bytes, None where it is refused."""
    path.write_bytes(content)
    try:
        return reader(path)
    except ReportError as error:
        named = str(path) in str(error)
    assert named
    return None


def without_clocks(report):
    return {name: value for name, value in vars(report).items() if name != "clocks"}


@pytest.mark.parametrize("name", EXAMPLES)
@MANY
@given(share=st.floats(0, 1))
def test_what_is_left_of_a_report_is_right_or_refused(tmp_path, name, share):
    reader, whole = EXAMPLES[name]
    content = whole.encode()
    path = tmp_path / "report"
    found = attempt(reader, path, content[: int(share * len(content))])
    expected = attempt(reader, path, content)
    assert expected is not None
    assert found is None or without_clocks(found) == without_clocks(expected)
    assert getattr(found, "clocks", {}) in ({}, getattr(expected, "clocks", {}))


@pytest.mark.parametrize("name", EXAMPLES)
@MANY
@given(data=st.data())
def test_damage_is_refused_or_read_but_never_a_crash(tmp_path, name, data):
    reader, whole = EXAMPLES[name]
    lines = whole.splitlines(keepends=True)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(lines) - 1))
        kind = data.draw(st.sampled_from(["drop", "double", "swap", "insert", "replace"]))
        if kind == "drop" and len(lines) > 1:
            del lines[at]
        elif kind == "double":
            lines.insert(at, lines[at])
        elif kind == "swap":
            lines[at], lines[0] = lines[0], lines[at]
        else:
            place = data.draw(st.integers(0, len(lines[at])))
            junk = data.draw(
                st.sampled_from(["|", "+", "-", "<", "&", "9" * 400, "\0", "\x85", "é", " ", "\n", "{", "("])
            )
            lines[at] = lines[at][:place] + junk + lines[at][place + (kind == "replace") :]
    attempt(reader, tmp_path / "report", "".join(lines).encode())


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    "content", [b"", b" \n", b"\x7fELF" + bytes(range(256)), b"\xff\xfe" * 50, b"# a Makefile\nall:\n"]
)
def test_foreign_files_are_named(tmp_path, name, content):
    assert attempt(EXAMPLES[name][0], tmp_path / "report", content) is None


@pytest.mark.parametrize("name", EXAMPLES)
def test_reports_are_not_taken_for_each_other(tmp_path, name):
    reader, _ = EXAMPLES[name]
    for other, (other_reader, content) in EXAMPLES.items():
        if other_reader is not reader:
            assert attempt(reader, tmp_path / "report", content.encode()) is None, other


@pytest.mark.parametrize("name", EXAMPLES)
def test_missing_files_and_folders_are_named(tmp_path, name):
    for path in (tmp_path / "missing.rpt", tmp_path):
        with pytest.raises(ReportError, match=re.escape(str(path))):
            EXAMPLES[name][0](path)


def test_tables_larger_than_any_are_refused(tmp_path, monkeypatch):
    reader, whole = EXAMPLES["hierarchy"]
    monkeypatch.setattr(text, "MAX_LINES", 5)
    assert attempt(reader, tmp_path / "report", whole.encode()) is None
    monkeypatch.undo()
    for hostile in ("+" + "-+" * 500_000, "|" * 2_000_000, ("+-+\n" * 100_000), "* a" * 100_000):
        content = whole.replace("| top ", f"{hostile}\n| top ").encode()
        assert attempt(reader, tmp_path / "report", content) is None or "* a" in hostile


def test_a_folder_without_reports_is_named(tmp_path):
    (tmp_path / "csynth.rpt").write_text(EXAMPLES["summary"][1])
    with pytest.raises(ReportError, match="holds no csynth"):
        read_csynth_folder(tmp_path)
