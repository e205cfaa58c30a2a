"""Runs the network of network.py on a board with PYNQ: real numbers in, real numbers out.

    from driver import Accelerator
    with Accelerator("network.bit") as network:
        (y,) = network.predict(x)

or, from a shell, ``sudo python3 driver.py x.npy --save y.npy``. README.md says more.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import network
import numpy as np
import packing
import pynq

HERE = Path(__file__).resolve().parent

MAX_TRANSFER_BYTES = (1 << 26) - 1
"""Of one transfer of the block design's AXI DMAs."""

START, DONE = 1, 2
"""Bits of a core's control register, at 0 (AMD UG1399, "S_AXILITE Control Register Map")."""

TIMEOUT_S = 10.0
"""After which a batch is given up; the network takes well below a second for one."""


class Accelerator:
    """A network in the programmable logic, and memory for batches of up to ``batch`` samples.

    Args:
        bitfile: the bitstream, its .hwh beside it; without one, that of the project beside this folder.
        batch: samples that go through the network in one transfer.
    """

    def __init__(self, bitfile: str | None = None, batch: int = 1024) -> None:
        ports = (*network.INPUTS, *network.OUTPUTS)
        most = MAX_TRANSFER_BYTES // max(port.sample_bytes for port in ports)
        self.batch = max(1, min(batch, most))
        self.overlay = pynq.Overlay(str(find_bitfile() if bitfile is None else bitfile))
        self._inputs = [self._buffer(port) for port in network.INPUTS]
        self._outputs = [self._buffer(port) for port in network.OUTPUTS]
        self._run = self._transfer if network.INTERFACE == "stream" else self._start

    def _buffer(self, port: packing.Port) -> Any:
        return pynq.allocate(shape=(self.batch, port.sample_bytes), dtype=np.uint8)

    def __enter__(self) -> Accelerator:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the memory back."""
        for buffer in (*self._inputs, *self._outputs):
            buffer.freebuffer()

    def predict(self, *inputs: Any) -> tuple[Any, ...]:
        """Every output (n, *shape) as float64 for every input (n, *shape), quantized as the network does.

        Raises:
            ValueError: an input too few or too many, of another shape, or with values that are not finite.
            TimeoutError: the network does not answer.
        """
        codes = quantize(inputs)
        parts = [
            self.predict_codes([array[first : first + self.batch] for array in codes])
            for first in range(0, len(codes[0]), self.batch)
        ]
        if not parts:
            return tuple(np.zeros((0, *port.shape)) for port in network.OUTPUTS)
        return tuple(
            packing.to_real(np.concatenate(arrays), port)
            for arrays, port in zip(zip(*parts), network.OUTPUTS)
        )

    def predict_codes(self, codes: Sequence[Any]) -> list[Any]:
        """The outputs' codes for the inputs' codes, a batch at most."""
        samples = len(codes[0])
        for buffer, array, port in zip(self._inputs, codes, network.INPUTS):
            buffer[:samples] = packing.pack(array, port)
        self._run(samples)
        return [
            packing.unpack(np.asarray(buffer[:samples]), port)
            for buffer, port in zip(self._outputs, network.OUTPUTS)
        ]

    def _transfer(self, samples: int) -> None:
        """Through AXI DMAs, the outputs' first: what comes out needs a place to go."""
        dmas = [getattr(self.overlay, f"dma_{i}") for i in range(max(len(self._inputs), len(self._outputs)))]
        for dma, buffer, port in zip(dmas, self._outputs, network.OUTPUTS):
            dma.recvchannel.transfer(buffer, nbytes=samples * port.sample_bytes)
        for dma, buffer, port in zip(dmas, self._inputs, network.INPUTS):
            dma.sendchannel.transfer(buffer, nbytes=samples * port.sample_bytes)
        for dma, _ in zip(dmas, self._inputs):
            dma.sendchannel.wait()
        for dma, _ in zip(dmas, self._outputs):
            dma.recvchannel.wait()

    def _start(self, samples: int) -> None:
        """By the core's own masters, its registers telling it where and how much."""
        core = self.overlay.core
        for buffer in self._inputs:
            buffer.flush()
        for offset, buffer in zip(network.ADDRESS_REGISTERS, (*self._inputs, *self._outputs)):
            core.write(offset, buffer.physical_address & 0xFFFFFFFF)
            core.write(offset + 4, buffer.physical_address >> 32)
        core.write(network.SAMPLES_REGISTER, samples)
        core.write(0, START)
        limit = time.monotonic() + TIMEOUT_S
        while not core.read(0) & DONE:
            if time.monotonic() > limit:
                raise TimeoutError(
                    f"the network did not end within {TIMEOUT_S:g} s; load the bitstream again"
                )
        for buffer in self._outputs:
            buffer.invalidate()

    def measure(self, *inputs: Any, repeats: int = 100) -> dict[str, float]:
        """Times with these inputs, of which one batch at most is used.

        Returns:
            ``latency_us``: median of one sample from memory to memory, the start and end of the transfer
                included; ``throughput_per_s``: samples a second of a whole batch, likewise;
                ``with_conversion_per_s``: the same with quantizing, packing and unpacking.
        """
        start = time.perf_counter()
        codes = [array[: self.batch] for array in quantize(inputs)]
        outputs = self.predict_codes(codes)
        for array, port in zip(outputs, network.OUTPUTS):
            packing.to_real(array, port)
        whole = time.perf_counter() - start
        samples = len(codes[0])
        return {
            "latency_us": 1e6 * self._median(1, repeats),
            "throughput_per_s": samples / self._median(samples, repeats),
            "with_conversion_per_s": samples / whole,
        }

    def _median(self, samples: int, repeats: int) -> float:
        """Seconds that the hardware takes for the samples that already lie in memory."""
        times = []
        for _ in range(repeats):
            start = time.perf_counter()
            self._run(samples)
            times.append(time.perf_counter() - start)
        return float(np.median(times))


def find_bitfile() -> Path:
    """The bitstream beside this file, or in the project's build folder."""
    for folder in (HERE, HERE.parent / "build" / "bitstream"):
        path = folder / network.BITFILE
        if path.is_file():
            return path
    raise FileNotFoundError(f"there is no {network.BITFILE}; make bitstream, and copy it and its .hwh here")


def quantize(inputs: Sequence[Any]) -> list[Any]:
    """The codes of every input, checked."""
    if len(inputs) != len(network.INPUTS):
        names = ", ".join(port.name for port in network.INPUTS)
        raise ValueError(f"{len(inputs)} inputs given; the network takes {len(network.INPUTS)}: {names}")
    codes = [packing.quantize(values, port) for values, port in zip(inputs, network.INPUTS)]
    if len({len(array) for array in codes}) != 1:
        raise ValueError("the inputs hold different numbers of samples")
    return codes


def main(arguments: Sequence[str] | None = None) -> None:
    """Run arrays from .npy files through the network; print how long it took."""
    parser = argparse.ArgumentParser(description=f"run {network.NAME!r} on {network.BOARD}")
    parser.add_argument("inputs", nargs="+", help=".npy arrays, one for each input: (samples, ...)")
    parser.add_argument("--save", nargs="*", default=[], help=".npy files for the outputs")
    parser.add_argument("--bitfile", help="the bitstream, its .hwh beside it")
    parser.add_argument("--batch", type=int, default=1024, help="samples of one transfer")
    parser.add_argument("--repeats", type=int, default=100, help="runs that times are the median of")
    options = parser.parse_args(arguments)
    inputs = [np.load(path, allow_pickle=False) for path in options.inputs]
    with Accelerator(options.bitfile, options.batch) as accelerator:
        outputs = accelerator.predict(*inputs)
        for path, array in zip(options.save, outputs):
            np.save(path, array)
        times = accelerator.measure(*inputs, repeats=options.repeats)
    print(f"{len(inputs[0])} samples, latency {times['latency_us']:.1f} us, ", end="")
    print(f"{times['throughput_per_s']:,.0f} samples a second from memory to memory, ", end="")
    print(f"{times['with_conversion_per_s']:,.0f} with conversion")


if __name__ == "__main__":
    main()
