"""Real numbers through the projects' drivers, simulated memory and the compiled wrapper, bit for bit."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from accelgen.design import IoType
from tests.flows.board import simulated_pynq
from tests.flows.board.designs import design_for, write
from tests.flows.board.projects import Project, run

STUBS = Path(__file__).parent / "stubs"
WARNINGS = ("-std=c++17", "-O0", "-Wall", "-Wextra", "-Wconversion", "-Werror")


@contextmanager
def loaded(project: Project) -> Iterator[tuple[ModuleType, simulated_pynq.Board]]:
    """The project's own driver.py as a program on the board would import it."""
    folder = project.directory / "driver"
    own = ("driver", "network", "packing", "pynq")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder))
        for name in own:
            patch.delitem(sys.modules, name, raising=False)
        spec = importlib.util.spec_from_file_location("network", folder / "network.py")
        assert spec is not None
        assert spec.loader is not None
        network = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(network)
        board = simulated_pynq.Board(project.run, (network.INPUTS, network.OUTPUTS))
        patch.setitem(sys.modules, "pynq", simulated_pynq.module(board))
        import driver

        try:
            yield driver, board
        finally:
            for name in own:
                sys.modules.pop(name, None)


def test_the_python_driver_computes_the_golden_model(board_project: Project):
    numbers, golden = board_project.samples
    with loaded(board_project) as (driver, board), driver.Accelerator("some.bit", batch=4_096) as accelerator:
        outputs = accelerator.predict(*numbers)
        assert board.loaded == ["some.bit"]
        one = accelerator.predict(*(array[:1] for array in numbers))
        none = accelerator.predict(*(array[:0] for array in numbers))
        times = accelerator.measure(*numbers, repeats=2)
    for got, alone, nothing, wanted in zip(outputs, one, none, golden, strict=True):
        np.testing.assert_array_equal(got, wanted)
        np.testing.assert_array_equal(alone, wanted[:1])
        assert nothing.shape == (0, *wanted.shape[1:])
    assert set(times) == {"latency_us", "throughput_per_s", "with_conversion_per_s"}
    assert min(times.values()) > 0
    assert all(buffer.freed for buffer in board.buffers.values())


def test_the_python_driver_by_interrupts(board_project: Project):
    numbers = board_project.numbers(20)
    golden = board_project.golden(numbers)
    with loaded(board_project) as (driver, board), driver.Accelerator("x.bit", batch=8) as accelerator:
        for _ in range(2):
            outputs = asyncio.run(accelerator.predict_async(*numbers))
            for got, wanted in zip(outputs, golden, strict=True):
                np.testing.assert_array_equal(got, wanted)
        pins = accelerator._link.interrupts
        assert [pin.waits for pin in pins] == [6] * len(pins)
        np.testing.assert_array_equal(accelerator.predict(*numbers)[0], golden[0])
        board.interrupts = False
        with (
            driver.Accelerator("x.bit") as without,
            pytest.raises(RuntimeError, match="no interrupts of the programmable logic"),
        ):
            asyncio.run(without.predict_async(*numbers))


def test_the_python_driver_gives_up(board_project: Project, monkeypatch: pytest.MonkeyPatch):
    numbers = board_project.numbers(2)
    with loaded(board_project) as (driver, board):
        monkeypatch.setattr(driver, "TIMEOUT_S", 0.05)
        board.dead = True
        with (
            driver.Accelerator("x.bit") as one,
            pytest.raises(TimeoutError, match="load the bitstream"),
        ):
            one.predict(*numbers)
        with (
            driver.Accelerator("x.bit") as two,
            pytest.raises(TimeoutError, match="load the bitstream"),
        ):
            asyncio.run(two.predict_async(*numbers))


def test_the_python_driver_as_a_program(
    board_project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    numbers = board_project.numbers(20)
    given = [tmp_path / f"in{index}.npy" for index in range(len(numbers))]
    for path, array in zip(given, numbers, strict=True):
        np.save(path, array)
    golden = board_project.golden(numbers)
    saved = [str(tmp_path / f"out{index}.npy") for index in range(len(golden))]
    with loaded(board_project) as (driver, _):
        driver.main(
            [*map(str, given), "--save", *saved, "--bitfile", "x.bit", "--batch", "8", "--repeats", "1"]
        )
        with pytest.raises(FileNotFoundError, match="make bitstream"):
            driver.main([*map(str, given)])
    for path, wanted in zip(saved, golden, strict=True):
        np.testing.assert_array_equal(np.load(path), wanted)
    assert "samples a second from memory to memory" in capsys.readouterr().out


def test_the_python_driver_refuses_what_does_not_fit(board_project: Project):
    numbers = board_project.numbers(3)
    with loaded(board_project) as (driver, _), driver.Accelerator("x.bit", batch=2) as accelerator:
        with pytest.raises(ValueError, match="inputs given; the network takes"):
            accelerator.predict(*numbers, numbers[0])
        with pytest.raises(ValueError, match="takes samples of shape"):
            accelerator.predict(numbers[0][:, :-1], *numbers[1:])
        broken = numbers[0].copy()
        broken.flat[1] = np.nan
        with pytest.raises(ValueError, match="not finite"):
            accelerator.predict(broken, *numbers[1:])
        if len(numbers) > 1:
            with pytest.raises(ValueError, match="different numbers of samples"):
                accelerator.predict(numbers[0][:2], *numbers[1:])


def through_files(project: Project, program: Path, folder: Path, *first: str) -> None:
    """Run a C++ driver on files, 10,000 samples in batches of 1,024, and compare with the golden model."""
    numbers, golden = project.samples
    given = [folder / f"in{index}.bin" for index in range(len(numbers))]
    taken = [folder / f"out{index}.bin" for index in range(len(golden))]
    for path, array in zip(given, numbers, strict=True):
        array.astype("<f8").tofile(path)
    printed = run([str(program), *first, *map(str, given), *map(str, taken)], folder)
    assert f"{len(numbers[0])} samples, latency" in printed
    for path, wanted in zip(taken, golden, strict=True):
        np.testing.assert_array_equal(np.fromfile(path, "<f8").reshape(wanted.shape), wanted)


def test_the_cpp_driver_computes_the_golden_model(project: Project, tmp_path: Path):
    """For boards on simulated registers; for cards, the whole host program on a simulated XRT."""
    driver = project.directory / "driver"
    card = (driver / "xrt.cpp").is_file()
    source = driver / "xrt.cpp" if card else STUBS / "simulated_board.cpp"
    program = tmp_path / "network"
    includes = ["-I", str(driver), "-I", str(STUBS)]
    run(["g++", *WARNINGS, *includes, str(source), str(project.library), "-o", str(program)], tmp_path)
    through_files(project, program, tmp_path, *(["some.xclbin"] if card else []))


@pytest.mark.parametrize("io_type", IoType)
def test_the_other_cpp_compiles_without_a_warning(io_type: IoType, tmp_path: Path):
    write(design_for("zcu102", io_type), tmp_path, 1, 2)
    for name in ("linux.cpp", "baremetal.cpp"):
        run(["g++", *WARNINGS, "-I", str(STUBS), "-fsyntax-only", f"driver/{name}"], tmp_path)


def test_the_drivers_need_no_accelgen(board_project: Project, tmp_path: Path):
    """What is copied to a board works there: the folder alone, and NumPy."""
    folder = tmp_path / "copied"
    shutil.copytree(board_project.directory / "driver", folder)
    texts = [path.read_text(encoding="utf-8") for path in folder.glob("*.py")]
    for text in texts:
        ast.parse(text, feature_version=(3, 8))  # of PYNQ 2.7
    text = "".join(texts)
    assert "import accelgen" not in text
    assert "from accelgen" not in text
    code = "import sys; sys.modules['pynq'] = sys; import driver; print(len(driver.network.INPUTS))"
    out = run([sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {code}"], folder)
    assert int(out) == len(board_project.network.inputs)
