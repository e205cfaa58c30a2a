"""A stand-in for the package pynq, whose overlay is a compiled wrapper.

The programmable logic has a memory of its own, which `flush` and `invalidate` copy, of a part of a buffer
too: a driver that forgets one computes with old numbers. AXI DMAs and the core's registers refuse what the
real ones would not do. Interrupts come once a coroutine waits for one; `Board.interrupts` says whether there
are any, `Board.dead` whether nothing ever ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

Run = Callable[[list[np.ndarray], list[np.ndarray], int], int]


class Buffer(np.ndarray):
    """What pynq.allocate returns, or a part of it from its start."""

    card: np.ndarray
    physical_address: int
    freed: bool

    def __array_finalize__(self, whole: Any) -> None:
        if isinstance(whole, Buffer) and hasattr(whole, "card"):
            offset = self.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
            assert offset == 0
            self.card = whole.card[: len(self)]
            self.physical_address = whole.physical_address

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
        self.interrupts = True
        self.dead = False

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
                dma.mm2s_introut = dma.sendchannel.interrupt
            if index < len(self.outputs):
                dma.recvchannel = Channel(self, "receive", index)
                dma.s2mm_introut = dma.recvchannel.interrupt
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
        if self.dead or len(self.sending) < len(self.inputs) or len(self.receiving) < len(self.outputs):
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


class Interrupt:
    """pynq.Interrupt, which waits until the pin is high."""

    def __init__(self, is_high: Callable[[], bool]) -> None:
        self.is_high = is_high
        self.waits = 0

    async def wait(self) -> None:
        self.waits += 1
        while not self.is_high():
            await asyncio.sleep(0.001)


class Channel:
    """A channel of pynq.lib.dma.DMA, which flushes and invalidates by itself."""

    running = True

    def __init__(self, board: Board, what: str, index: int) -> None:
        self.board, self.what, self.index = board, what, index
        self.busy: Buffer | None = None
        self.interrupt = Interrupt(lambda: self.idle) if board.interrupts else None

    @property
    def idle(self) -> bool:
        """Whether it has moved everything; it is not before its first transfer."""
        waiting = self.board.sending if self.what == "send" else self.board.receiving
        return self.busy is not None and self.index not in waiting

    def transfer(self, array: Buffer, start: int = 0, nbytes: int = 0) -> None:
        assert start == 0
        if self.busy is not None:
            raise RuntimeError("DMA channel not idle")
        nbytes = nbytes or array.nbytes
        assert 0 < nbytes < 1 << 26
        self.busy = array
        if self.what == "send":
            array.flush()
        self.board.sizes[self.what, self.index] = nbytes
        (self.board.sending if self.what == "send" else self.board.receiving)[self.index] = array
        self.board.try_transfers()

    def wait(self) -> None:
        assert self.idle, "would wait for ever"
        if self.what == "receive":
            self.busy.invalidate()
        self.busy = None

    async def wait_async(self) -> None:
        await self.interrupt.wait()
        self.wait()


class Core:
    """The registers of a core with AXI4 masters: ap_done is cleared when it is read, and writing 1 to the
    interrupt's status toggles it. It is done the second time that anyone looks."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.registers: dict[int, int] = {}
        self.looks = 0
        self.interrupt = Interrupt(self.interrupts) if board.interrupts else None

    def write(self, offset: int, value: int) -> None:
        assert offset % 4 == 0
        assert 0 <= value < 1 << 32
        self.registers[offset] = value ^ self.read(12) if offset == 12 else value
        if offset == 0 and value & 1 and not self.board.dead:
            count = len(self.board.inputs) + len(self.board.outputs)
            addresses = [
                self.registers[0x10 + 12 * i] | self.registers[0x14 + 12 * i] << 32 for i in range(count)
            ]
            memory = [self.board.buffers[address].card for address in addresses]
            first = len(self.board.inputs)
            self.board.move(self.registers[0x10 + 12 * count], memory[:first], memory[first:])
            self.looks = 2

    def look(self) -> None:
        self.looks -= 1
        if self.looks == 0:
            self.registers[0] = 2
            self.registers[12] = self.read(8) & 1

    def read(self, offset: int) -> int:
        if offset:
            return self.registers.get(offset, 0)
        self.look()
        value, self.registers[0] = self.registers.get(0, 4), 4
        return value

    def interrupts(self) -> bool:
        self.look()
        return bool(self.read(4) & self.read(12))


def module(board: Board) -> ModuleType:
    """The package, whose only board this is."""
    pynq = ModuleType("pynq")
    pynq.Overlay = board.overlay
    pynq.allocate = board.allocate
    return pynq
