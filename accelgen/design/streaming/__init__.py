"""FIFOs between the layers of an io_stream design: how deep they must be, what that costs, what it gains."""

from accelgen.design.streaming.dataflow import Channel, Dataflow, Process
from accelgen.design.streaming.depths import automatic_depths
from accelgen.design.streaming.simulate import Run, simulate

__all__ = ["Channel", "Dataflow", "Process", "Run", "automatic_depths", "simulate"]
