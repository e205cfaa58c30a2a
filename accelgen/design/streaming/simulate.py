"""Simulation of a dataflow with FIFOs of given depths, cycle by cycle where something happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from accelgen.design.streaming.dataflow import Channel, Dataflow, Integers, Process
from accelgen.design.streaming.schedule import FREED_AFTER


@dataclass(frozen=True)
class Wait:
    """A process that waits for ever: for a token of an empty FIFO, or for a place in a full one."""

    process: str
    channel: str
    full: bool

    def __str__(self) -> str:
        return f"{self.process} waits to {'write' if self.full else 'read'} {self.channel}"


@dataclass(frozen=True, eq=False)
class Run:
    """What a simulation found.

    Attributes:
        finished: the cycle in which each inference was complete; empty if the design stopped.
        fullest: the most tokens that each FIFO held at once.
        empty_cycles: cycles that each process waited for tokens.
        full_cycles: cycles that each process waited for places in FIFOs.
        deadlock: what the processes wait for that never end; empty for a design that does not stop.
    """

    finished: tuple[int, ...]
    fullest: Mapping[str, int]
    empty_cycles: Mapping[str, int]
    full_cycles: Mapping[str, int]
    deadlock: tuple[Wait, ...] = ()

    @property
    def latency(self) -> int:
        """Cycles of the first inference; `ValueError` if the design stopped."""
        if self.deadlock:
            raise ValueError("a design that stops has no latency")
        return self.finished[0]

    @property
    def interval(self) -> int:
        """Cycles between the last two inferences, the latency where there was one."""
        return self.latency if len(self.finished) == 1 else self.finished[-1] - self.finished[-2]


def simulate(dataflow: Dataflow, depths: Mapping[str, int], inferences: int = 1) -> Run:
    """Run a design whose FIFOs have these depths; those that ``depths`` does not name are never full.

    Each process takes its ticks as soon as it can. Inputs come one token a cycle, outputs are taken at once.
    The times of ticks follow from those of others in whatever order they are computed, so each process in
    turn is run until it waits. All tokens of a tick are written together, when there is room for all of them.
    """
    queues = {
        channel.name: _Queue(channel, depths.get(channel.name), inferences) for channel in dataflow.channels
    }
    runners = {process.name: _Runner(process, queues, inferences) for process in dataflow.processes}
    ready = list(reversed(runners))
    while ready:
        name = ready.pop()
        for queue in runners[name].run():
            others = queue.channel.source, queue.channel.target
            ready += (other for other in others if other and other != name and other not in ready)
    waits = tuple(wait for runner in runners.values() if (wait := runner.waits_for()) is not None)
    ends = [np.array(runner.finished) for runner in runners.values()]
    return Run(
        finished=() if waits else tuple(np.max(ends, axis=0).tolist()),
        fullest={channel.name: queues[channel.name].fullest() for channel in dataflow.fifos},
        empty_cycles={name: runner.empty_cycles for name, runner in runners.items()},
        full_cycles={name: runner.full_cycles for name, runner in runners.items()},
        deadlock=waits,
    )


class _Queue:
    """A channel: when each token so far can be read, and when it was."""

    def __init__(self, channel: Channel, depth: int | None, inferences: int) -> None:
        self.channel = channel
        self.depth = depth if channel.is_fifo and depth is not None else inferences * channel.tokens
        self.written: list[int] = [] if channel.source else list(range(inferences * channel.tokens))
        self.read: list[int] = []

    @property
    def is_empty(self) -> bool:
        """Whether no token is there to be read."""
        return len(self.read) >= len(self.written)

    @property
    def is_full(self) -> bool:
        """Whether no place is there for another token."""
        return len(self.written) - len(self.read) >= self.depth

    def fullest(self) -> int:
        """The most tokens at once: the rest of the earlier ones when each is written, and itself."""
        gone = np.searchsorted(np.array(self.read), np.array(self.written), side="left")
        return int((np.arange(1, len(self.written) + 1) - gone).max(initial=0))


class _Runner:
    """A process on its way through its ticks."""

    def __init__(self, process: Process, queues: Mapping[str, _Queue], inferences: int) -> None:
        self.process = process
        self.finished: list[int] = []
        self.empty_cycles = 0
        self.full_cycles = 0
        self._inferences = inferences
        self._cycles = process.ticks.tolist()
        reads = {name: process.reading_ticks(name, 1) for name in process.reads}
        writes = {name: process.writing_ticks(name, 1) for name in process.writes}
        self._reads, self._writes = self._by_tick(reads, queues), self._by_tick(writes, queues)
        self._tick = 0
        self._free = 0
        self._begun: int | None = None

    def _by_tick(self, ticks: Mapping[str, Integers], queues: Mapping[str, _Queue]) -> list[list[_Queue]]:
        """For each tick of an inference the queues that it moves a token of."""
        moves: list[list[_Queue]] = [[] for _ in self._cycles]
        for name, own in ticks.items():
            for tick in own.tolist():
                moves[tick].append(queues[name])
        return moves

    def run(self) -> set[_Queue]:
        """Take ticks until one has to wait; the queues that moved."""
        moved: set[_Queue] = set()
        while len(self.finished) < self._inferences:
            if self._begun is None:
                if (begun := self._ready()) is None:
                    break
                self.empty_cycles += begun - self._free
                self._begun = begun
                for queue in self._reads[self._tick]:
                    queue.read.append(begun)
                    moved.add(queue)
            end = self._begun + self._cycles[self._tick]
            if (room := self._room(end)) is None:
                break
            self.full_cycles += room - end
            for queue in self._writes[self._tick]:
                queue.written.append(room)
                moved.add(queue)
            self._free, self._begun = room, None
            self._tick += 1
            if self._tick == len(self._cycles):
                self._tick = 0
                self.finished.append(room)
        return moved

    def _ready(self) -> int | None:
        """The cycle in which the tick can begin; None where a token is missing."""
        ready = self._free
        for queue in self._reads[self._tick]:
            if queue.is_empty:
                return None
            ready = max(ready, queue.written[len(queue.read)])
        return ready

    def _room(self, end: int) -> int | None:
        """The cycle in which the tick that could end at ``end`` ends; None where a FIFO is full."""
        for queue in self._writes[self._tick]:
            if queue.is_full:
                return None
            if len(queue.written) >= queue.depth:
                end = max(end, queue.read[len(queue.written) - queue.depth] + FREED_AFTER)
        return end

    def waits_for(self) -> Wait | None:
        """What the process waits for now, None if it has done."""
        if len(self.finished) == self._inferences:
            return None
        if self._begun is None:
            for queue in self._reads[self._tick]:
                if queue.is_empty:
                    return Wait(self.process.name, queue.channel.name, full=False)
        for queue in self._writes[self._tick]:
            if queue.is_full:
                return Wait(self.process.name, queue.channel.name, full=True)
        raise AssertionError(f"{self.process.name} waits for nothing")
