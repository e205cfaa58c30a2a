import json
from dataclasses import replace

import numpy as np
import pytest

from accelgen.errors import ModelError
from accelgen.surrogates.features import from_records
from accelgen.surrogates.learn import model
from accelgen.surrogates.learn.columns import COLUMNS
from accelgen.surrogates.learn.model import Learned, Part, Success, load, save
from accelgen.surrogates.learn.scope import Scope, families
from accelgen.surrogates.learn.transfer import Transfer
from accelgen.surrogates.learn.trees import Forest
from accelgen.surrogates.predict import load_surrogates
from tests.surrogates.learn.tables import DOMAIN, chain


def learned() -> Learned:
    layers = from_records([chain([16, 32], 16)])
    forest = Forest(np.array([[0]]), np.array([[2.5]], np.float32), np.array([[-0.5, 0.1]], np.float32))
    family = int(families(layers)[0])
    transfer = Transfer({"lut": {"sum_bits": (0.1, 0.2)}}, {"sum_bits": (1.0, 2.0)})
    part = Part(
        Scope.of(layers),
        1,
        {"lut": forest},
        frozenset({"ff"}),
        {"lut": 0.25, "ff": 0.0},
        {"lut": 0.5},
        transfer,
    )
    success = Success(Scope.of(layers), frozenset({family}), forest, 1.5, -0.25)
    return Learned({DOMAIN.name: {family: part}}, {DOMAIN.name: {"lut": 0.7}}, {"lut": 1.0}, success)


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "boosting" / "model.json"
    save(learned(), file)
    return file


def test_what_is_written_is_read(path, tmp_path):
    again = tmp_path / "again.json"
    save(load(path), again)
    assert again.read_bytes() == path.read_bytes()


def test_the_shipped_model_is_read():
    assert DOMAIN.name in load_surrogates().learned.parts


def test_every_changed_byte_is_refused(path):
    data = path.read_bytes()
    original = load(path)
    for place in range(0, len(data) - 1, 3):
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ModelError, match=r"model\.json"):
            load(path)
    assert original.far == {"lut": 1.0}
    assert original.tools == {DOMAIN.name: {"lut": 0.7}}


@pytest.mark.parametrize("share", [0, 0.3, 0.99])
def test_a_truncated_file_is_refused(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(ModelError, match="cannot be read"):
        load(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load(tmp_path / "none.json")


def resealed(path, change):
    """The file with its model changed and a checksum that fits again, as an attacker would write it."""
    data = json.loads(path.read_text())
    change(data["model"])
    data["sha256"] = model.checksum(data["model"])
    path.write_text(json.dumps(data))


def part_of(data):
    (kernels,) = data["parts"].values()
    (part,) = kernels.values()
    return part


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.update(columns=list(COLUMNS)[:-1]),
        lambda data: data.update(parts=[]),
        lambda data: data.update(far={"lut": -1}),
        lambda data: data.update(far={"lut": "1"}),
        lambda data: data.update(far={"luts": 1}),
        lambda data: data.update(tools={"some tool": {"luts": 1}}),
        lambda data: part_of(data)["transfer"].pop("reach"),
        lambda data: part_of(data)["transfer"].update(reach={}),
        lambda data: part_of(data)["transfer"].update(reach={"sum_bits": [1, -1]}),
        lambda data: part_of(data)["transfer"].update(slopes={"luts": {}}),
        lambda data: part_of(data)["transfer"].update(slopes={"lut": {"colour": [1, 1]}}),
        lambda data: part_of(data)["transfer"].update(slopes={"lut": {"sum_bits": [1, True]}}),
        lambda data: part_of(data)["transfer"].update(slopes={"lut": {"sum_bits": [1, 1e9]}}),
        lambda data: data["success"].update(slope=None),
        lambda data: data["success"].update(families=["no such layer"]),
        lambda data: data.pop("success"),
        lambda data: part_of(data).update(depth="deep"),
        lambda data: part_of(data).update(graph=["luts"]),
        lambda data: part_of(data).update(forests={"luts": part_of(data)["forests"]["lut"]}),
        lambda data: part_of(data)["forests"]["lut"].update(feature=[[len(COLUMNS)]]),
        lambda data: part_of(data)["scope"].pop("n_in"),
        lambda data: part_of(data)["scope"].update(n_in=[1]),
        lambda data: part_of(data)["scope"].update(n_in=["a", "b"]),
    ],
)
def test_a_hostile_file_with_a_fitting_checksum_is_refused(path, change):
    resealed(path, change)
    with pytest.raises(ModelError, match="train it again"):
        load(path)


@pytest.mark.parametrize(
    "text", ["NaN", "[" * 100_000, '{"format": 1}', "1e999", "\ud800".encode("utf-8", "replace").decode()]
)
def test_other_json_is_refused(path, text):
    path.write_text(text)
    with pytest.raises(ModelError):
        load(path)


def test_a_huge_file_is_not_read(path, monkeypatch):
    monkeypatch.setattr(model, "MAX_BYTES", 100)
    with pytest.raises(ModelError, match="larger"):
        load(path)


def test_parts_keep_their_figures(path):
    (part,) = load(path).parts[DOMAIN.name].values()
    assert part.widths == {"lut": 0.25, "ff": 0.0}
    assert part.rule_widths == {"lut": 0.5}
    assert part.transfer == Transfer({"lut": {"sum_bits": (0.1, 0.2)}}, {"sum_bits": (1.0, 2.0)})
    assert part.graph == {"ff"}
    assert part.forests["lut"].predict(np.array([[2.0], [3.0]], np.float32)).tolist() == pytest.approx(
        [-0.5, 0.1]
    )
    assert replace(part, depth=2).depth == 2
