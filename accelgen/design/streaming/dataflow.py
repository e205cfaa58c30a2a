"""A design in io_stream as processes that run at the same time and hand tokens on through FIFOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Process:
    """One layer: a fixed sequence of steps that depends on no data.

    A step reads when it begins. What it writes appears when the step that is ``in_flight`` later ends: a
    pipeline moves as a whole, so that one without input holds back what it has begun, and one that cannot
    write does not read on. After the last step it drains. With 0 in flight this is the order in which the C++
    code reads and writes; every pipeline of it is such a process with some number in flight, or waits less
    (a pipeline that flushes).

    Attributes:
        name: unique among processes.
        cycles: what each step of one inference takes when nothing waits, (steps,), at least 1.
        reads: for each input channel the step that reads each of its tokens, at most one a step.
        writes: for each output channel the step that writes each of its tokens, at most one a step.
        in_flight: steps that begin before what a step writes appears.
    """

    name: str
    cycles: Integers
    reads: Mapping[str, Integers]
    writes: Mapping[str, Integers]
    in_flight: int = 0

    @cached_property
    def ticks(self) -> Integers:
        """Cycles of the steps and of the draining after them, (steps + in_flight,)."""
        return np.concatenate([self.cycles, np.repeat(self.cycles[-1:], self.in_flight)])

    def reading_ticks(self, channel: str, inferences: int) -> Integers:
        """The tick that reads each token of so many inferences."""
        return self._ticks_of(self.reads[channel], inferences)

    def writing_ticks(self, channel: str, inferences: int) -> Integers:
        """The tick at whose end each token of so many inferences is written."""
        return self._ticks_of(self.writes[channel] + self.in_flight, inferences)

    def _ticks_of(self, ticks: Integers, inferences: int) -> Integers:
        starts: Integers = np.arange(inferences, dtype=np.int64)[:, None] * len(self.ticks)
        return (starts + ticks).ravel()


@dataclass(frozen=True)
class Channel:
    """A FIFO, or a port of the design.

    Attributes:
        name: unique among channels.
        source: the process that writes it, empty for an input of the design.
        target: the process that reads it, empty for an output of the design.
        tokens: tokens of one inference.
        bits: of a token.
    """

    name: str
    source: str
    target: str
    tokens: int
    bits: int

    @property
    def is_fifo(self) -> bool:
        """Whether the channel lies between two processes."""
        return bool(self.source and self.target)


@dataclass(frozen=True, eq=False)
class Dataflow:
    """Processes in topological order, and the channels between them.

    Raises:
        ValueError: a channel whose ends do not agree with it, or processes in another order.
    """

    processes: tuple[Process, ...]
    channels: tuple[Channel, ...]

    def __post_init__(self) -> None:
        order = {process.name: position for position, process in enumerate(self.processes)}
        for channel in self.channels:
            ends = []
            if channel.source:
                ends.append(self[channel.source].writes)
            if channel.target:
                ends.append(self[channel.target].reads)
            if any(len(end.get(channel.name, ())) != channel.tokens for end in ends):
                raise ValueError(f"the ends of {channel.name!r} do not move {channel.tokens} tokens each")
            if any(np.any(np.diff(end[channel.name]) <= 0) for end in ends):
                raise ValueError(f"a step moves more than one token of {channel.name!r}")
            if channel.is_fifo and order[channel.source] >= order[channel.target]:
                raise ValueError(f"{channel.name!r} leads backwards")

    def __getitem__(self, name: str) -> Process:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Process]:
        return {process.name: process for process in self.processes}

    @cached_property
    def fifos(self) -> tuple[Channel, ...]:
        """The channels that are FIFOs."""
        return tuple(channel for channel in self.channels if channel.is_fifo)

    def inputs(self, process: Process) -> Iterator[Channel]:
        """The channels that a process reads."""
        return (channel for channel in self.channels if channel.target == process.name)

    def outputs(self, process: Process) -> Iterator[Channel]:
        """The channels that a process writes."""
        return (channel for channel in self.channels if channel.source == process.name)

    def with_in_flight(self, in_flight: Mapping[str, int]) -> Dataflow:
        """The same design with other numbers of steps in flight, by process."""
        processes = (replace(process, in_flight=in_flight[process.name]) for process in self.processes)
        return replace(self, processes=tuple(processes))

    @cached_property
    def reconvergent(self) -> frozenset[str]:
        """FIFOs on ways that part and meet again, the only ones whose depth can stop a design.

        A design stops when processes wait for each other in a circle. Of the two ends of a FIFO at most one
        waits for the other, so the circle runs through FIFOs that form one, directions aside. The others are
        the bridges of the graph (Tarjan, 1974), found by one walk.
        """
        ends: dict[str, list[tuple[str, str]]] = {process.name: [] for process in self.processes}
        for channel in self.fifos:
            ends[channel.source].append((channel.target, channel.name))
            ends[channel.target].append((channel.source, channel.name))
        entered: dict[str, int] = {}
        lowest: dict[str, int] = {}
        bridges: set[str] = set()
        for root in ends:
            if root in entered:
                continue
            entered[root] = lowest[root] = len(entered)
            walk = [(root, "", iter(ends[root]))]
            while walk:
                name, arrival, onward = walk[-1]
                for other, channel_name in onward:
                    if channel_name == arrival:
                        continue
                    if other not in entered:
                        entered[other] = lowest[other] = len(entered)
                        walk.append((other, channel_name, iter(ends[other])))
                        break
                    lowest[name] = min(lowest[name], entered[other])
                else:
                    walk.pop()
                    if walk:
                        before = walk[-1][0]
                        lowest[before] = min(lowest[before], lowest[name])
                        if lowest[name] > entered[before]:
                            bridges.add(arrival)
        return frozenset(channel.name for channel in self.fifos) - bridges
