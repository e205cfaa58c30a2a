"""Schedules of a dataflow: when every process takes every step, and the places in FIFOs that this needs.

Cycles count from 0. A token that is written when a tick ends can be read by a tick that begins then. The
place of one that a tick reads is free for a write two cycles after the tick's beginning, because a FIFO's
flags are registers: one place passes a token every other cycle, two pass one every cycle.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from accelgen.design.streaming.dataflow import Dataflow, Integers, Process

FREED_AFTER = 2
"""Cycles from the beginning of a tick that reads a token to the end of one that writes into its place."""

_NEVER = np.iinfo(np.int64).max // 4


@dataclass(frozen=True, eq=False)
class Schedule:
    """The cycles in which ticks begin and end, by process, those of one inference after those of another."""

    inferences: int
    begins: dict[str, Integers] = field(default_factory=dict)
    ends: dict[str, Integers] = field(default_factory=dict)

    def written(self, process: Process, channel: str) -> Integers:
        """The cycle from which on each token of a channel can be read."""
        return self.ends[process.name][process.writing_ticks(channel, self.inferences)]

    def read(self, process: Process, channel: str) -> Integers:
        """The cycle in which each token of a channel is read."""
        return self.begins[process.name][process.reading_ticks(channel, self.inferences)]

    @property
    def finished(self) -> Integers:
        """The cycle in which each inference has left the last process, (inferences,)."""
        done: Integers = np.max(
            [end.reshape(self.inferences, -1)[:, -1] for end in self.ends.values()], axis=0
        )
        return done

    @property
    def latency(self) -> int:
        """Cycles of the first inference."""
        return int(self.finished[0])


def earliest(dataflow: Dataflow, inferences: int = 1) -> Schedule:
    """The schedule in which no FIFO is full: inputs come one token a cycle, outputs are taken at once."""
    schedule = Schedule(inferences)
    for process in dataflow.processes:
        ready = np.zeros(inferences * len(process.ticks), np.int64)
        for channel in dataflow.inputs(process):
            if channel.source:
                arrival = schedule.written(dataflow[channel.source], channel.name)
            else:
                arrival = np.arange(inferences * channel.tokens, dtype=np.int64)
            ticks = process.reading_ticks(channel.name, inferences)
            ready[ticks] = np.maximum(ready[ticks], arrival)
        _begin(schedule, process, ready)
    return schedule


def delayed(dataflow: Dataflow, schedule: Schedule) -> Schedule:
    """A schedule that leaves less in FIFOs: processes write as late as their readers, delayed so too, allow.

    Whatever leaves the design leaves it when it does in ``schedule``, the earliest one. A process that
    outruns its readers is slowed down to their pace. Ticks that only read come as early as before: a reader
    that collects a whole image takes it as it comes.
    """
    inferences = schedule.inferences
    result = Schedule(inferences)
    for process in reversed(dataflow.processes):
        soonest = schedule.ends[process.name]
        due = np.full(len(soonest), _NEVER)
        for channel in dataflow.outputs(process):
            ticks = process.writing_ticks(channel.name, inferences)
            needed = result.read(dataflow[channel.target], channel.name) if channel.target else soonest[ticks]
            due[ticks] = np.minimum(due[ticks], needed)
        cycles = np.tile(process.ticks, inferences)
        after = np.cumsum(cycles)
        in_time = np.minimum.accumulate((due - after)[::-1])[::-1] + after
        _begin(result, process, np.where(due < _NEVER, in_time - cycles, schedule.begins[process.name]))
    return result


def _begin(schedule: Schedule, process: Process, ready: Integers) -> None:
    """Let every tick of a process begin when it is ready and the one before it has ended."""
    cycles = np.tile(process.ticks, schedule.inferences)
    before = np.cumsum(cycles) - cycles
    begins = np.maximum.accumulate(ready - before) + before
    schedule.begins[process.name] = begins
    schedule.ends[process.name] = begins + cycles


def places(dataflow: Dataflow, schedule: Schedule) -> dict[str, int]:
    """The places that each FIFO needs so that a schedule can be kept.

    With as many, a design that takes every step as soon as it can is never later than the schedule: its steps
    are the least solution of the inequalities that the schedule solves.
    """
    needed: dict[str, int] = {}
    for channel in dataflow.fifos:
        written = schedule.written(dataflow[channel.source], channel.name)
        freed = schedule.read(dataflow[channel.target], channel.name) + FREED_AFTER
        taken = np.arange(1, len(written) + 1) - np.searchsorted(freed, written, side="right")
        needed[channel.name] = int(taken.max(initial=1))
    return needed
