"""From an exact network and a design to a Vitis HLS project, through an hls4ml backend plug-in."""

# before any module of this package: while hls4ml is imported, it imports the plug-in, and so most of them
import hls4ml.backends  # noqa: F401
