"""Small dataflows, random ones among them, and a simulation of them that goes cycle by cycle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from hypothesis import strategies as st

from accelgen.design.streaming import Channel, Dataflow, Process
from accelgen.design.streaming.walks import Walk


def process(
    name: str, walk: Walk, reads: Sequence[str], writes: Sequence[str], cycles: int = 1, in_flight: int = 0
) -> Process:
    return Process(
        name,
        np.full(walk.steps, cycles, np.int64),
        dict(zip(reads, walk.reads, strict=True)),
        dict.fromkeys(writes, walk.writes),
        in_flight,
    )


def connect(*processes: Process, bits: int = 8) -> Dataflow:
    """Processes in order; channels are what they read and write."""
    tokens: dict[str, int] = {}
    sources: dict[str, str] = {}
    targets: dict[str, str] = {}
    for each in processes:
        for ends, channels in ((targets, each.reads), (sources, each.writes)):
            for name, steps in channels.items():
                ends[name] = each.name
                tokens[name] = len(steps)
    channels = (
        Channel(name, sources.get(name, ""), targets.get(name, ""), count, bits)
        for name, count in tokens.items()
    )
    return Dataflow(processes, tuple(channels))


@st.composite
def dataflows(draw: st.DrawFn, most_processes: int = 5) -> Dataflow:
    """Any graph of processes, each with any order of reading and writing."""
    count = draw(st.integers(2, most_processes))
    steps = [draw(st.integers(1, 7)) for _ in range(count)]
    reads: list[dict[str, np.ndarray]] = [{} for _ in range(count)]
    writes: list[dict[str, np.ndarray]] = [{} for _ in range(count)]

    def some(size: int, of: int) -> np.ndarray:
        chosen = draw(st.permutations(range(of)))[:size]
        return np.array(sorted(chosen), np.int64)

    pairs = [(i, j) for j in range(count) for i in range(j)]
    for number, (i, j) in enumerate(draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=6))):
        tokens = draw(st.integers(1, min(steps[i], steps[j])))
        writes[i][f"c{number}"] = some(tokens, steps[i])
        reads[j][f"c{number}"] = some(tokens, steps[j])
    for i in range(count):
        if not reads[i]:
            reads[i][f"in{i}"] = some(draw(st.integers(1, steps[i])), steps[i])
        if not writes[i]:
            writes[i][f"out{i}"] = some(draw(st.integers(1, steps[i])), steps[i])
    return connect(
        *(
            Process(
                f"p{i}",
                np.array([draw(st.integers(1, 4)) for _ in range(steps[i])], np.int64),
                reads[i],
                writes[i],
                draw(st.integers(0, 3)),
            )
            for i in range(count)
        )
    )


def by_cycle(dataflow: Dataflow, depths: Mapping[str, int], inferences: int) -> tuple[list[int], bool]:
    """When each inference has left the last process, and whether the design stopped, one cycle after another.

    A tick ends when its cycles are over and its FIFOs have places; a place is free two cycles after its token
    was read.
    """
    written: dict[str, list[int]] = {}
    read: dict[str, list[int]] = {}
    for channel in dataflow.channels:
        written[channel.name] = [] if channel.source else list(range(inferences * channel.tokens))
        read[channel.name] = []
    ticks = {each.name: 0 for each in dataflow.processes}
    busy_until: dict[str, int | None] = {each.name: None for each in dataflow.processes}
    done: dict[str, list[int]] = {each.name: [] for each in dataflow.processes}
    now = quiet = 0
    while quiet < 20 + inferences * max(channel.tokens for channel in dataflow.channels):
        quiet += 1
        for each in dataflow.processes:
            until = busy_until[each.name]
            if until is None or until > now:
                continue
            tick = ticks[each.name] % len(each.ticks)
            outputs = [name for name, steps in each.writes.items() if tick - each.in_flight in steps]
            freed = {name: sum(cycle + 2 <= now for cycle in read[name]) for name in outputs}
            places = {name: depths.get(name, 10**9) for name in outputs}
            if all(len(written[name]) - freed[name] < places[name] for name in outputs):
                for name in outputs:
                    written[name].append(now)
                ticks[each.name] += 1
                busy_until[each.name] = None
                quiet = 0
                if tick == len(each.ticks) - 1:
                    done[each.name].append(now)
        for each in dataflow.processes:
            if busy_until[each.name] is not None or len(done[each.name]) == inferences:
                continue
            tick = ticks[each.name] % len(each.ticks)
            inputs = [name for name, steps in each.reads.items() if tick in steps]
            if all(sum(cycle <= now for cycle in written[name]) > len(read[name]) for name in inputs):
                for name in inputs:
                    read[name].append(now)
                busy_until[each.name] = now + int(each.ticks[tick])
                quiet = 0
        now += 1
    stopped = any(len(own) < inferences for own in done.values())
    return [] if stopped else [max(cycles) for cycles in zip(*done.values(), strict=True)], stopped
