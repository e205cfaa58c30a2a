"""What vendor tools report of a design, read from their files."""

from accelgen.reports.csynth import FunctionReport, SynthesisReport, read_csynth, read_csynth_folder

__all__ = ["FunctionReport", "SynthesisReport", "read_csynth", "read_csynth_folder"]
