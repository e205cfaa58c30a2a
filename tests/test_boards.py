import re

import pytest
import yaml

from accelgen import boards
from accelgen.boards import Resources, board_names, find_board, find_part, read_board
from accelgen.errors import UsageError
from accelgen.resources import data_dir

WANTED = (
    *("pynq-z1", "pynq-z2", "zybo-z7-20", "zedboard", "arty-a7-100t", "ultra96-v2", "zcu102", "zcu104"),
    *("kv260", "kr260", "rfsoc4x2", "u50", "u55c", "u200", "u250", "vcu118"),
)


def test_the_promised_boards_are_there():
    assert set(WANTED) <= set(board_names())


@pytest.mark.parametrize("name", board_names())
def test_every_board_is_valid_and_its_part_known(name):
    board = find_board(name)
    assert board.part.resources is not None
    assert board.part.source
    assert 1 <= board.clock_ns <= 20


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("xc7z020clg400-1", Resources(53_200, 106_400, 220, 280, 0)),
        ("xc7z007s-clg225-2", Resources(14_400, 28_800, 66, 100, 0)),
        ("xc7a35ticsg324-1L", Resources(20_800, 41_600, 90, 100, 0)),
        ("xczu7ev-ffvc1156-2-e", Resources(230_400, 460_800, 1_728, 624, 96)),
        ("xczu9eg-ffvb1156-2-e", Resources(274_080, 548_160, 2_520, 1_824, 0)),
        ("xcu250-figd2104-2L-e", Resources(1_728_000, 3_456_000, 12_288, 5_376, 1_280)),
        ("XCVU13P-FLGA2577-2-E", Resources(1_728_000, 3_456_000, 12_288, 5_376, 1_280)),
        ("xcvu9p-flgb2104-2-i", Resources(1_182_240, 2_364_480, 6_840, 4_320, 960)),
    ],
)
def test_parts_have_their_data_sheets_figures(part, expected):
    """Figures of AMD DS190, DS180, DS890, DS891 and DS962; xc7z007s also from a Vitis HLS report."""
    found = find_part(part)
    assert (found.name, found.resources) == (part, expected)


def test_every_suggested_part_is_of_its_own_device():
    table = yaml.safe_load((data_dir("boards") / boards.PARTS_FILE).read_text())
    for family, group in table.items():
        for device, figures in group["devices"].items():
            part = find_part(figures["part"])
            assert (part.family, part.resources.lut) == (family, figures["lut"]), device
            assert figures["ff"] == 2 * figures["lut"], device  # two flip-flops a LUT in all these families


def test_a_part_that_no_table_lists_is_accepted_with_unknown_resources():
    part = find_part("xcvc1902-vsva2197-2MP-e-S")
    assert (part.resources, part.family, part.source) == (None, None, None)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("xc7z020", "such as xc7z020clg400-1"),
        ("xcvu13p-flga2577", "did you mean xcvu13p-flga2577-2-e"),
        ('xc7z020clg400-1"; exec {rm -rf /}', "is not the name of a part"),
        ("", "is not the name of a part"),
    ],
)
def test_what_is_no_part_is_refused_with_the_nearest(name, hint):
    with pytest.raises(UsageError, match=re.escape(hint)):
        find_part(name)


@pytest.mark.parametrize(("name", "hint"), [("pynqz2", "pynq-z2"), ("ZCU-104", "zcu104"), ("u255", "u250")])
def test_a_misspelt_board_gets_the_nearest(name, hint):
    with pytest.raises(UsageError, match=f"did you mean .*{hint}"):
        find_board(name)


def test_a_board_is_found_in_any_case():
    assert find_board("PYNQ-Z2") == find_board("pynq-z2")


@pytest.mark.parametrize("name", ["parts", "../boards/kv260", "kv260.yaml"])
def test_other_files_are_no_boards(name):
    with pytest.raises(UsageError, match="there is no board"):
        find_board(name)


GOOD = {
    "title": "A board",
    "part": "xc7z020clg400-1",
    "clock_ns": 10,
    "clocks_mhz": {"sysclk": 125},
    "memory": "none",
    "source": "its manual",
}


def write_board(folder, content):
    path = folder / "mine.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def test_a_board_file_is_read_whole(tmp_path):
    board = read_board(write_board(tmp_path, GOOD))
    assert (board.name, board.clock_ns, board.clocks_mhz) == ("mine", 10.0, {"sysclk": 125.0})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"clock_ns": 0}, "clock_ns must be above 0"),
        ({"clock_ns": True}, "clock_ns must be of type float"),
        ({"clock_ns": float("nan")}, "clock_ns must be above 0"),
        ({"part": 7}, "part must be of type str"),
        ({"part": "virtex"}, "not the name of a part"),
        ({"clocks_mhz": {"sysclk": "fast"}}, "sysclk must be of type float"),
        ({"colour": "green"}, "unknown field 'colour'"),
    ],
)
def test_a_wrong_field_is_named(tmp_path, change, message):
    with pytest.raises(UsageError, match=message):
        read_board(write_board(tmp_path, {**GOOD, **change}))


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(tmp_path, field):
    rest = {name: value for name, value in GOOD.items() if name != field}
    with pytest.raises(UsageError, match=f"the field '{field}' is missing"):
        read_board(write_board(tmp_path, rest))


@pytest.mark.parametrize("text", ["", "- a list", "a: [", "!!python/object/apply:os.system ['true']"])
def test_what_is_no_mapping_is_refused(tmp_path, text):
    with pytest.raises(UsageError, match=re.escape("mine.yaml")):
        read_board(write_board(tmp_path, text))
