"""From an exact network and a design to a Vitis HLS project, through an hls4ml backend plug-in."""
