"""A stand-in for the package pynq, whose overlay is a compiled wrapper.

The programmable logic has a memory of its own, which `flush` and `invalidate` copy: a driver that forgets one
computes with old numbers. AXI DMAs and the core's registers refuse what the real ones would not do.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Run = Callable[[list[np.ndarray], list[np.ndarray], int], int]


class Buffer(np.ndarray):
    """What pynq.allocate returns."""

    card: np.ndarray
    physical_address: int
    freed: bool

    def flush(self) -> None:
        self.card[...] = self

    def invalidate(self) -> None:
        self[...] = self.card

    def freebuffer(self) -> None:
        self.freed = True


class Board:
    """The memory of a board and what is in its programmable logic."""

    def __init__(self, run: Run, ports: Any) -> None:
        self.run = run
        self.inputs, self.outputs = ports
        self.buffers: dict[int, Buffer] = {}
        self.loaded: list[str] = []
        self.sending: dict[int, Buffer] = {}
        self.receiving: dict[int, Buffer] = {}
        self.sizes: dict[tuple[str, int], int] = {}

    def allocate(self, shape: tuple[int, ...], dtype: type) -> Buffer:
        buffer = np.full(shape, 0xAA, dtype).view(Buffer)
        buffer.card = np.full(shape, 0x55, dtype)
        buffer.physical_address = 0x1_2000_0000 + 0x100_0000 * len(self.buffers)
        buffer.freed = False
        self.buffers[buffer.physical_address] = buffer
        return buffer

    def overlay(self, bitfile: str) -> Any:
        self.loaded.append(bitfile)
        overlay = ModuleType("overlay")
        for index in range(max(len(self.inputs), len(self.outputs))):
            dma = ModuleType("dma")
            if index < len(self.inputs):
                dma.sendchannel = Channel(self, "send", index)
            if index < len(self.outputs):
                dma.recvchannel = Channel(self, "receive", index)
            setattr(overlay, f"dma_{index}", dma)
        overlay.core = Core(self)
        return overlay

    def move(self, samples: int, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
        """Run the wrapper on device memory, bytes beyond the samples untouched."""
        flat = [array.reshape(-1) for array in (*inputs, *outputs)]
        for array, port in zip(flat, (*self.inputs, *self.outputs), strict=True):
            assert array.size >= samples * port.sample_bytes
        faults = self.run(flat[: len(inputs)], flat[len(inputs) :], samples)
        assert faults == 0, f"{faults} words with a wrong TLAST"

    def try_transfers(self) -> None:
        """Once every channel is busy, the data flow."""
        if len(self.sending) < len(self.inputs) or len(self.receiving) < len(self.outputs):
            return
        counts = {
            self.sizes[what, index] / port.sample_bytes
            for what, ports in (("send", self.inputs), ("receive", self.outputs))
            for index, port in enumerate(ports)
        }
        assert len(counts) == 1, f"channels for different numbers of samples: {counts}"
        (samples,) = counts
        assert samples == int(samples)
        inputs = [self.sending[index].card for index in range(len(self.inputs))]
        outputs = [self.receiving[index].card for index in range(len(self.outputs))]
        self.move(int(samples), inputs, outputs)
        self.sending, self.receiving = {}, {}


class Channel:
    """A channel of pynq.lib.dma.DMA, which flushes and invalidates by itself."""

    def __init__(self, board: Board, what: str, index: int) -> None:
        self.board, self.what, self.index = board, what, index
        self.busy: Buffer | None = None

    def transfer(self, array: Buffer, start: int = 0, nbytes: int = 0) -> None:
        assert start == 0
        if self.busy is not None:
            raise RuntimeError("DMA channel not idle")
        assert 0 < nbytes < 1 << 26
        self.busy = array
        array.flush()
        self.board.sizes[self.what, self.index] = nbytes
        (self.board.sending if self.what == "send" else self.board.receiving)[self.index] = array
        self.board.try_transfers()

    def wait(self) -> None:
        assert self.busy is not None, "DMA channel not started"
        waiting = self.board.sending if self.what == "send" else self.board.receiving
        assert self.index not in waiting, "would wait for ever"
        if self.what == "receive":
            self.busy.invalidate()
        self.busy = None


class Core:
    """The registers of a core with AXI4 masters; ap_done is cleared when it is read."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.registers: dict[int, int] = {}

    def write(self, offset: int, value: int) -> None:
        assert offset % 4 == 0
        assert 0 <= value < 1 << 32
        self.registers[offset] = value
        if offset == 0 and value & 1:
            count = len(self.board.inputs) + len(self.board.outputs)
            addresses = [
                self.registers[0x10 + 12 * i] | self.registers[0x14 + 12 * i] << 32 for i in range(count)
            ]
            memory = [self.board.buffers[address].card for address in addresses]
            first = len(self.board.inputs)
            self.board.move(self.registers[0x10 + 12 * count], memory[:first], memory[first:])
            self.registers[0] = 2

    def read(self, offset: int) -> int:
        value = self.registers.get(offset, 4)
        if offset == 0:
            self.registers[0] = 4
        return value


def module(board: Board) -> ModuleType:
    """The package, whose only board this is."""
    pynq = ModuleType("pynq")
    pynq.Overlay = board.overlay
    pynq.allocate = board.allocate
    return pynq
