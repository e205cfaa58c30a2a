"""Tables in terminals of any width."""

import re

import pytest

from accelgen.console import print_table

ROWS = [("front_01 *", 105_086, 1_234_567.0, "LUT 38% (to 97%)"), ("front_02", 26_597, 3.25, None)]
COLUMNS = ("design", "LUT", "latency\ncycles", "most\ntaken")


def shown(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    print_table("title", COLUMNS, ROWS, right=COLUMNS[1:3])
    return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()


@pytest.mark.parametrize("width", [20, 30, 40, 50, 80, 120])
def test_numbers_are_whole_in_terminals_of_any_width(capsys, monkeypatch, width):
    lines = shown(capsys, monkeypatch, width)
    text = "\n".join(lines)
    assert all(number in text for number in ("105,086", "26,597", "1.23457e+06", "3.25"))
    assert max(map(len, lines)) <= max(width, 40)


def test_a_wide_terminal_shows_what_a_file_gets(capsys, monkeypatch):
    wide = shown(capsys, monkeypatch, 120)
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    print_table("title", COLUMNS, ROWS, right=COLUMNS[1:3])
    plain = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in wide] == [line.rstrip() for line in plain]
