"""Runs the network of network.py on a board with PYNQ: real numbers in, real numbers out.

    from driver import Accelerator
    with Accelerator("network.bit") as network:
        (y,) = network.predict(x)

or, from a shell of root, ``python3 driver.py x.npy --save y.npy``. README.md says more.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import network
import numpy as np
import packing
import pynq

HERE = Path(__file__).resolve().parent

MAX_TRANSFER_BYTES = (1 << 26) - 1
"""Of one transfer of the block design's AXI DMAs."""

CONTROL, INTERRUPTS_ON, INTERRUPT_ENABLE, INTERRUPT_STATUS = 0x00, 0x04, 0x08, 0x0C
"""Registers of a core (AMD UG1399, "S_AXILITE Control Register Map"). Of the last three, bit 0 is used: the
core's interrupts, and among them that of its end."""

START, DONE = 1, 2
"""Bits of the control register."""

TIMEOUT_S = 10.0
"""After which a batch is given up; the network takes well below a second for one."""

LATE = f"the network did not end within {TIMEOUT_S:g} s; load the bitstream again"


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
        self._link = _Stream(self.overlay) if network.INTERFACE == "stream" else _Memory(self.overlay)

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
        return _joined([self.predict_codes(part) for part in self._parts(quantize(inputs))])

    async def predict_async(self, *inputs: Any) -> tuple[Any, ...]:
        """What `predict` returns; by interrupts, so that other coroutines run while the network does.

        Of one accelerator one call at a time. `predict` is faster where a batch takes below a millisecond.

        Raises:
            RuntimeError: this system does not hand interrupts of the programmable logic on.
        """
        return _joined([await self.predict_codes_async(part) for part in self._parts(quantize(inputs))])

    def _parts(self, codes: Sequence[Any]) -> Iterator[list[Any]]:
        """The inputs' codes in batches."""
        for first in range(0, len(codes[0]), self.batch):
            yield [array[first : first + self.batch] for array in codes]

    def predict_codes(self, codes: Sequence[Any]) -> list[Any]:
        """The outputs' codes for the inputs' codes, a batch at most."""
        samples = self._load(codes)
        self._run(samples)
        return self._unload(samples)

    async def predict_codes_async(self, codes: Sequence[Any]) -> list[Any]:
        """The same by interrupts."""
        if None in self._link.interrupts:  # PYNQ warned when it loaded the overlay
            raise RuntimeError("this system hands on no interrupts of the programmable logic; use predict")
        samples = self._load(codes)
        self._begin(samples)
        try:
            await asyncio.wait_for(self._link.end_async(), TIMEOUT_S)
        except asyncio.TimeoutError:
            raise TimeoutError(LATE) from None
        return self._unload(samples)

    def _load(self, codes: Sequence[Any]) -> int:
        """Put a batch into memory; the number of its samples."""
        samples = len(codes[0])
        for buffer, array, port in zip(self._inputs, codes, network.INPUTS):
            buffer[:samples] = packing.pack(array, port)
        return samples

    def _unload(self, samples: int) -> list[Any]:
        return [
            packing.unpack(np.asarray(buffer[:samples]), port)
            for buffer, port in zip(self._outputs, network.OUTPUTS)
        ]

    def _run(self, samples: int) -> None:
        """The network on samples that lie in memory."""
        self._begin(samples)
        self._link.end()

    def _begin(self, samples: int) -> None:
        # parts of buffers, as caches are written back for what is passed on
        inputs = [buffer[:samples] for buffer in self._inputs]
        self._link.begin(inputs, [buffer[:samples] for buffer in self._outputs])

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


class _Stream:
    """A network with AXI4-Stream, through the overlay's AXI DMAs."""

    def __init__(self, overlay: Any) -> None:
        inputs, outputs = len(network.INPUTS), len(network.OUTPUTS)
        dmas = [getattr(overlay, f"dma_{i}") for i in range(max(inputs, outputs))]
        self._senders = [dma.sendchannel for dma in dmas[:inputs]]
        self._receivers = [dma.recvchannel for dma in dmas[:outputs]]
        self.interrupts = [getattr(dma, "mm2s_introut", None) for dma in dmas[:inputs]]
        self.interrupts += [getattr(dma, "s2mm_introut", None) for dma in dmas[:outputs]]

    def begin(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Start the transfers, the outputs' first: what comes out needs a place to go."""
        for channel, part in zip(self._receivers, outputs):
            channel.transfer(part)
        for channel, part in zip(self._senders, inputs):
            channel.transfer(part)

    def end(self) -> None:
        """Wait for the transfers. PYNQ's own wait, which says what went wrong, knows no limit of time."""
        limit = time.monotonic() + TIMEOUT_S
        for channel in (*self._senders, *self._receivers):
            while channel.running and not channel.idle:
                if time.monotonic() > limit:
                    raise TimeoutError(LATE)
            channel.wait()

    async def end_async(self) -> None:
        """Wait for the transfers' interrupts."""
        for channel in (*self._senders, *self._receivers):
            await channel.wait_async()


class _Memory:
    """A network that reads and writes memory itself, its registers telling it where and how much."""

    def __init__(self, overlay: Any) -> None:
        self._core = overlay.core
        self.interrupts = [getattr(self._core, "interrupt", None)]
        self._outputs: list[Any] = []

    def begin(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Start the core."""
        for part in inputs:
            part.flush()
        for offset, part in zip(network.ADDRESS_REGISTERS, (*inputs, *outputs)):
            self._core.write(offset, part.physical_address & 0xFFFFFFFF)
            self._core.write(offset + 4, part.physical_address >> 32)
        self._core.write(network.SAMPLES_REGISTER, len(inputs[0]))
        self._core.write(CONTROL, START)
        self._outputs = list(outputs)

    def _is_done(self) -> bool:
        """Whether the core has ended; reading it clears it."""
        return bool(self._core.read(CONTROL) & DONE)

    def _invalidate(self) -> None:
        for part in self._outputs:
            part.invalidate()

    def end(self) -> None:
        """Wait for the core."""
        limit = time.monotonic() + TIMEOUT_S
        while not self._is_done():
            if time.monotonic() > limit:
                raise TimeoutError(LATE)
        self._invalidate()

    async def end_async(self) -> None:
        """Wait for the core's interrupt, which is enabled for as long."""
        self._core.write(INTERRUPT_ENABLE, 1)
        self._core.write(INTERRUPTS_ON, 1)
        try:
            while not self._is_done():
                await self._core.interrupt.wait()
                self._acknowledge()
        finally:
            self._core.write(INTERRUPTS_ON, 0)
            self._acknowledge()
        self._invalidate()

    def _acknowledge(self) -> None:
        """Clear what is set: writing 1 toggles."""
        self._core.write(INTERRUPT_STATUS, self._core.read(INTERRUPT_STATUS) & 1)


def _joined(parts: Sequence[Sequence[Any]]) -> tuple[Any, ...]:
    """The outputs of batches, as real numbers."""
    if not parts:
        return tuple(np.zeros((0, *port.shape)) for port in network.OUTPUTS)
    return tuple(
        packing.to_real(np.concatenate(arrays), port) for arrays, port in zip(zip(*parts), network.OUTPUTS)
    )


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
