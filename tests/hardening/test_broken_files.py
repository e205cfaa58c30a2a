"""Broken and hostile files: one plain line, exit code 2, nothing written, memory bounded."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from accelgen import cli
from accelgen.data import MAX_VALUES
from accelgen.ir import FixedType, Overflow, Rounding
from accelgen.ir.fixed import from_real

TAGGER = Path(__file__).resolve().parents[2] / "examples/jet_tagger/model.keras"
Refused = Callable[..., str]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("built") / "tagger"
    assert cli.main(["build", str(TAGGER), "--board", "pynq-z2", "-o", str(directory), "--json"]) == 0
    return directory


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Refused:
    """Runs a command that must fail with one plain line and leave nothing behind; gives the line."""

    def run(*arguments: object, code: int = 2) -> str:
        before = sorted(tmp_path.rglob("*"))
        capsys.readouterr()
        assert cli.main([str(argument) for argument in arguments]) == code
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("accelgen: error: ")
        assert printed.err.count("\n") == 1
        assert "unexpected" not in printed.err
        assert sorted(tmp_path.rglob("*")) == before
        return printed.err

    return run


def build(model: Path, *options: object) -> tuple[object, ...]:
    return ("build", model, "--board", "pynq-z2", "-o", model.parent / "out", *options)


def npy(shape: str, kind: str = "<f8", body: bytes = b"") -> bytes:
    """A .npy file that claims what it likes."""
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


CLAIMS = {
    "more than memory": (npy("(10000000000, 16)"), "cannot be read"),
    "more than the file": (npy("(1000, 16)"), "cannot be read"),
    "negative": (npy("(-1, 16)"), "cannot be read"),
    "pickled": (npy("(1, 16)", "|O", bytes(128)), "Python objects, which are never loaded"),
    "code in the header": (b"\x93NUMPY\x01\x00\x10\x00__import__('os')", "cannot be read"),
    "nested header": (npy("(" * 4000 + ")" * 4000), "cannot be read"),
    "empty": (b"", "is no array"),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_data_that_lie(refused: Refused, tmp_path: Path, project: Path, claim: str) -> None:
    content, message = CLAIMS[claim]
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", content)
    assert message in refused("verify", project, "--data", tmp_path / "x.npz")


def test_data_bomb_is_not_unpacked(refused: Refused, tmp_path: Path, project: Path) -> None:
    rows = MAX_VALUES // 16 + 1
    with (
        zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as member,
    ):
        member.write(npy(f"({rows}, 16)"))
        for _ in range(rows // (1 << 16) + 1):
            member.write(bytes(8 * 16 << 16))
    assert "give fewer samples" in refused("verify", project, "--data", tmp_path / "x.npz")


def test_arrays_that_are_not_asked_for_are_not_read(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, project: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", npy("(2, 16)", body=bytes(256)))
        archive.writestr("other.npy", npy("(10000000000, 16)"))
    assert cli.main(["verify", str(project), "--data", str(tmp_path / "x.npz"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 2


@pytest.mark.parametrize("overflow", list(Overflow))
@pytest.mark.parametrize("rounding", list(Rounding))
def test_numbers_of_any_size_are_cast_without_a_warning(rounding: Rounding, overflow: Overflow) -> None:
    kind = FixedType(9, 4, True, rounding, overflow)
    with np.errstate(all="raise"):
        codes = from_real(np.array([1e308, -1e308, 2.0**62, 5e-324, 0.0]), kind).codes
    top = {Overflow.SAT: 255, Overflow.SAT_SYM: 255}.get(overflow, 0)
    low = {Overflow.SAT: -256, Overflow.SAT_SYM: -255}.get(overflow, 0)
    assert codes[[0, 1, 2, 4]].tolist() == [top, low, top, 0]


def test_compressed_weights_that_unpack_to_a_gigabyte(refused: Refused, tmp_path: Path) -> None:
    model = tmp_path / "model.json"
    dense = {"name": "fc", "units": 4, "batch_input_shape": [None, 4], "activation": "linear"}
    config = {"name": "m", "layers": [{"class_name": "Dense", "config": dense}]}
    model.write_text(json.dumps({"class_name": "Sequential", "config": config, "keras_version": "2.4"}))
    with h5py.File(tmp_path / "model_weights.h5", "w") as file:
        group = file.create_group("fc")
        group.attrs["weight_names"] = [b"fc/kernel:0", b"fc/bias:0"]
        file.attrs["layer_names"] = [b"fc"]
        group["fc/bias:0"] = np.zeros(4, "f4")
        kernel = group.create_dataset("fc/kernel:0", (1 << 28,), "f4", chunks=(1 << 25,), compression="gzip")
        packed = zlib.compress(bytes(4 << 25), 1)
        for chunk in range(8):
            kernel.id.write_direct_chunk((chunk << 25,), packed)
    assert "claims 1073741824 bytes" in refused(*build(model))


def test_what_is_no_file_is_not_opened(refused: Refused, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "sparse.h5").touch()
    os.truncate(tmp_path / "sparse.h5", 20 << 30)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "m.json").write_text("{}")
    for name, message in {
        "pipe": "a device or a pipe",
        "/dev/zero": "a device or a pipe",
        "sparse.h5": "larger than any model",
        "loop": "cannot be read",
        "none.h5": "cannot be read",
        ".": "is a directory",
    }.items():
        path = tmp_path / name
        assert message in refused("build", path, "--board", "pynq-z2", "-o", tmp_path / "out")
        assert message in refused(*build(tmp_path / "m.json", "--weights", path))


DESIGNS = {
    "python tag": ('part: !!python/object/apply:os.system ["true"]\n', "is no YAML"),
    "aliases": (
        "a: &a [x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(12)
        ),
        "unknown entry 'a'",
    ),
    "nested": ("[" * 50_000, "is no YAML"),
    "long": ("part: " + "a" * (1 << 20), "larger than any design"),
    "long number": ("default: {reuse_factor: " + "9" * 5000 + "}", "is no YAML"),
    "large factor": ("default: {reuse_factor: 99999999999}", "default: reuse_factor starts at 1"),
    "tiny clock": ("clock_ns: 1.0e-320", "clock_ns is from 0.1 to 1000"),
    "no number": ("clock_ns: .nan", "clock_ns is from 0.1 to 1000"),
    "injection": ("part: 'a}; exec rm'", "is no part number"),
    "not text": ("precision: {a: 1}", "precision"),
    "itself": ("layers: &x {fc1: *x}", "unknown entry 'fc1'"),
}


@pytest.mark.parametrize("case", DESIGNS)
def test_designs_that_make_no_sense(refused: Refused, tmp_path: Path, case: str) -> None:
    text, message = DESIGNS[case]
    (tmp_path / "d.yaml").write_text(text)
    line = refused("build", TAGGER, "-o", tmp_path / "out", "--config", tmp_path / "d.yaml")
    assert message in line
    assert "d.yaml" in line


def replaced(key: str, value: Any) -> Callable[[Path], None]:
    def damage(project: Path) -> None:
        report = json.loads((project / "build.json").read_text())
        (project / "build.json").write_text(json.dumps({**report, key: value}))

    return damage


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "report cut off": lambda p: (p / "build.json").write_bytes((p / "build.json").read_bytes()[:500]),
    "report nested": lambda p: (p / "build.json").write_text("[" * 100_000),
    "report not UTF-8": lambda p: (p / "build.json").write_bytes(b"\xff{}"),
    "no inputs": replaced("inputs", []),
    "shape of letters": replaced("outputs", [{"name": "x", "shape": "ab", "type": "fixed<3,3>"}]),
    "huge output": replaced("outputs", [{"name": "softmax", "shape": [10**12], "type": "fixed<3,3>"}]),
    "layers of numbers": replaced("layers", [3]),
    "another format": replaced("format", 99),
    "no network": lambda p: (p / "network.npz").unlink(),
    "network cut off": lambda p: (p / "network.npz").write_bytes((p / "network.npz").read_bytes()[:999]),
    "no firmware": lambda p: shutil.rmtree(p / "firmware"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_projects(refused: Refused, tmp_path: Path, project: Path, damage: str) -> None:
    broken = shutil.copytree(project, tmp_path / "broken")
    DAMAGE[damage](broken)
    refused("verify", broken)


@pytest.mark.parametrize("damage", ["no network", "network cut off", "design of another kind", "no design"])
def test_estimating_damaged_projects(refused: Refused, tmp_path: Path, project: Path, damage: str) -> None:
    broken = shutil.copytree(project, tmp_path / "broken")
    spoil = {
        "design of another kind": lambda p: (p / "design.yaml").write_text("[1, 2]"),
        "no design": lambda p: (p / "design.yaml").unlink(),
    }
    (DAMAGE | spoil)[damage](broken)
    refused("estimate", broken)


def test_project_that_does_not_compile(refused: Refused, tmp_path: Path, project: Path) -> None:
    broken = shutil.copytree(project, tmp_path / "broken")
    (broken / "firmware/defines.h").write_text("#error broken on purpose\n")
    assert "broken on purpose" in refused("verify", broken, code=1)


def test_more_samples_than_memory(refused: Refused, project: Path) -> None:
    assert "not enough memory" in refused("verify", project, "--samples", 10**15, code=1)
    assert "seed" in refused("verify", project, "--seed", "-1")


def test_json_with_a_byte_order_mark(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "model.json").write_bytes(b"\xef\xbb\xbf{}")
    assert cli.main(["build", str(tmp_path / "model.json"), "--board", "pynq-z2", "-o", "out"]) == 2
    assert "no weights beside it" in capsys.readouterr().err
