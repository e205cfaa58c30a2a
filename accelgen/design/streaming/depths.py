"""Depths of FIFOs with which a design neither stops nor gets slower."""

from __future__ import annotations

import numpy as np

from accelgen.design.streaming.dataflow import Channel, Dataflow
from accelgen.design.streaming.schedule import delayed, earliest, places

LEAST_DEPTH = 2
"""Of FIFOs that pass more than one token in an inference: one place passes a token every other cycle only."""

INFERENCES = 3
"""Inferences in a row that are not to be slowed down."""


def automatic_depths(dataflow: Dataflow) -> dict[str, int]:
    """Depths by FIFO: a design with them is as fast as one whose FIFOs are never full, and cannot stop.

    Speed is that of `INFERENCES` inferences with the cycles that the dataflow gives; `least_depths` says why
    the design cannot stop.
    """
    least, needed = least_depths(dataflow), _needed(dataflow)
    return {name: max(depth, least[name]) for name, depth in needed.items()}


def least_depths(dataflow: Dataflow) -> dict[str, int]:
    """Depths by FIFO with which a design within `most_in_flight` cannot stop, whatever cycles its steps take.

    Whether processes that wait to read and to write ever stop is a matter of the order in which each of them
    reads and writes (Kahn, 1974), and this order depends only on how many steps are in flight. So FIFOs on
    ways that meet again hold what they need if no process has more steps in flight than `most_in_flight`, and
    beside it what such a process holds if it has fewer and leaves it to the FIFO.

    Why that is enough: let a design with the most steps K in flight and depths d run. Another one, of whose
    processes each has some k up to its K, with d and the tokens of K - k steps places in each FIFO, can take
    every tick when the first one takes it: what it reads was written K - k ticks sooner, and what it writes
    finds a place, because the first one wrote the token of K - k steps earlier into the last of d places.
    A process that flushes its pipeline waits for less.

    Nor does a FIFO with room for all tokens of an inference ever stop one.
    """
    least = {fifo.name: min(LEAST_DEPTH, fifo.tokens) for fifo in dataflow.fifos}
    if dataflow.reconvergent:
        most = most_in_flight(dataflow)
        held = _needed(dataflow.with_in_flight(most))
        for fifo in dataflow.fifos:
            if fifo.name in dataflow.reconvergent:
                spare = _tokens_of_steps(dataflow, fifo, most[fifo.source])
                least[fifo.name] = min(held[fifo.name] + spare, fifo.tokens)
    return least


def most_in_flight(dataflow: Dataflow) -> dict[str, int]:
    """The most steps in flight that each process is taken to have: twice what is expected, and two more."""
    return {process.name: 2 * process.in_flight + 2 for process in dataflow.processes}


def _needed(dataflow: Dataflow) -> dict[str, int]:
    """What a schedule that is as fast as the earliest one needs."""
    needed = places(dataflow, delayed(dataflow, earliest(dataflow, INFERENCES)))
    return {
        channel.name: max(needed[channel.name], min(LEAST_DEPTH, channel.tokens))
        for channel in dataflow.fifos
    }


def _tokens_of_steps(dataflow: Dataflow, channel: Channel, steps: int) -> int:
    """The most tokens that a channel's source writes in so many steps in a row."""
    writes = dataflow[channel.source].writes[channel.name]
    until = np.searchsorted(writes, writes + steps, side="left")
    return int((until - np.arange(len(writes))).max(initial=0))
