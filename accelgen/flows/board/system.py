"""The Tcl and configuration that make a core of the wrapper, a system around it and a bitstream."""

from __future__ import annotations

from accelgen.design import Design
from accelgen.flows.board.target import Interface, System, Target
from accelgen.flows.board.wrapper import core_name
from accelgen.templates import fill, read

CONTROL_BASES = {System.ZYNQ_7000: 0x4040_0000, System.ZYNQ_ULTRASCALE: 0xA000_0000}
"""Where AXI4-Lite slaves begin, 64 KB each: within M_AXI_GP0 (AMD UG585) and M_AXI_HPM0_FPD (UG1085)."""

_PROCESSING_SYSTEMS = {
    System.ZYNQ_7000: "board/zynq_7000.tcl",
    System.ZYNQ_ULTRASCALE: "board/zynq_ultrascale.tcl",
}

_HBM_CHANNELS = 32


def system_files(top: str, design: Design, target: Target, n_inputs: int, n_outputs: int) -> dict[str, str]:
    """Path within the project and text of the scripts for Vitis HLS, and for Vivado or Vitis."""
    core = core_name(top)
    kernel = target.system is System.ALVEO
    product = f"build/board/{core}.xo" if kernel else f"build/board/{core}_prj/solution1/impl/ip"
    files = {
        "board/hls.tcl": fill(
            "board/hls.tcl",
            top=top,
            core=core,
            product=product,
            flow_target="vitis" if kernel else "vivado",
            export=f"-format xo -output {core}.xo" if kernel else "-format ip_catalog",
            part=design.part,
            clock_ns=f"{design.clock_ns:g}",
            clock_uncertainty=f"{design.clock_uncertainty_percent:g}",
        )
    }
    if kernel:
        files["board/link.cfg"] = _link(top, target, n_inputs, n_outputs)
    else:
        files["board/block_design.tcl"] = _block_design(top, design, target, n_inputs, n_outputs)
    return files


def _link(top: str, target: Target, n_inputs: int, n_outputs: int) -> str:
    core = core_name(top)
    names = [f"in{i}" for i in range(n_inputs)] + [f"out{i}" for i in range(n_outputs)]
    memories = [
        # a pseudo channel of HBM for each port, one bank of DDR for all: a core is near but one of them
        f"sp={core}_1.{name}:HBM[{index % _HBM_CHANNELS}]"
        if target.board.platform_memory == "HBM"
        else f"sp={core}_1.{name}:DDR[0]"
        for index, name in enumerate(names)
    ]
    return fill(
        "board/link.cfg",
        top=top,
        core=core,
        platform=target.board.platform or "",
        memories="".join(f"{line}\n" for line in memories),
        clock_hz=f"{target.clock_mhz * 1e6:.0f}",
    )


def _block_design(top: str, design: Design, target: Target, n_inputs: int, n_outputs: int) -> str:
    core = core_name(top)
    ports = {"core": core, "n_inputs": str(n_inputs), "n_outputs": str(n_outputs)}
    if target.interface is Interface.STREAM:
        memory_bits = str(max(32, target.bus_bits))
        around = fill(
            "board/stream_core.tcl", bus_bits=str(target.bus_bits), memory_bits=memory_bits, **ports
        )
    else:
        around = fill("board/memory_core.tcl", **ports)
    return fill(
        "board/block_design.tcl",
        top=top,
        core=core,
        part=design.part,
        board_files=target.board.board_files or target.board.name,
        clock_mhz=f"{target.clock_mhz:.6g}",
        processing_system=read(_PROCESSING_SYSTEMS[target.system]),
        core_system=around,
        control_base=f"0x{CONTROL_BASES[target.system]:08x}",
    )
