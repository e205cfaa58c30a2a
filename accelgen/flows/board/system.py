"""The Tcl and configuration that make a core of the wrapper, a system around it and a bitstream."""

from __future__ import annotations

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

_PIPELINES = {Interface.STREAM: " -pipeline_style frp", Interface.MEMORY: ""}
"""An option of config_compile. A core that runs freely must deliver the last sample with none behind it;
pipelines of some versions' default style stall for lack of input (AMD UG1448, "Pipeline Styles")."""


def system_files(top: str, target: Target, n_inputs: int, n_outputs: int) -> dict[str, str]:
    """Path within the project and text of what ``make bitstream`` runs, after ``flow`` and its stages."""
    core, pipelines = core_name(top), _PIPELINES[target.interface]
    if target.system is System.ALVEO:
        products = [f"{top}.xclbin"]
        own = {
            "board/link.cfg": _link(core, target, n_inputs, n_outputs),
            "flow/bitstream.sh": fill(
                "board/link.sh", top=top, core=core, platform=target.board.platform or ""
            ),
            "flow/board-core.tcl": fill(
                "board/core.tcl",
                use="board/link.cfg",
                flow_target="vitis",
                pipelines=pipelines,
                export="-format xo -output ${top}_axi.xo",
            ),
        }
        core_product, tool = f"build/board/{core}.xo", "v++"
    else:
        products = [f"{top}.bit", f"{top}.hwh", f"{top}.xsa"]
        own = {
            "flow/bitstream.tcl": _block_design(top, target, n_inputs, n_outputs),
            "flow/board-core.tcl": fill(
                "board/core.tcl",
                use="the block design of bitstream.tcl",
                flow_target="vivado",
                pipelines=pipelines,
                export="-format ip_catalog -vendor accelgen -library hls -ipname ${top}_axi -version 1.0",
            ),
        }
        core_product, tool = f"build/board/{core}_prj/solution1/impl/ip/component.xml", "vivado"
    make = fill(
        "board/board.mk",
        title=target.board.title,
        products=", ".join(products),
        core_product=core_product,
        sources=" ".join(path for path in own if "core" not in path),
        tool=tool,
        results=" ".join(f"build/bitstream/{product}" for product in products),
    )
    return {"board/board.mk": make, **own}


def _link(core: str, target: Target, n_inputs: int, n_outputs: int) -> str:
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
        core=core,
        memories="".join(f"{line}\n" for line in memories),
        clock_hz=f"{target.clock_mhz * 1e6:.0f}",
    )


def _block_design(top: str, target: Target, n_inputs: int, n_outputs: int) -> str:
    ports = {"n_inputs": str(n_inputs), "n_outputs": str(n_outputs)}
    if target.interface is Interface.STREAM:
        memory_bits = str(max(32, target.bus_bits))
        around = fill(
            "board/stream_core.tcl", bus_bits=str(target.bus_bits), memory_bits=memory_bits, **ports
        )
    else:
        around = fill("board/memory_core.tcl", **ports)
    return fill(
        "board/bitstream.tcl",
        top=top,
        board_files=target.board.board_files or target.board.name,
        clock_mhz=f"{target.clock_mhz:.6g}",
        processing_system=read(_PROCESSING_SYSTEMS[target.system]),
        core_system=around,
        control_base=f"0x{CONTROL_BASES[target.system]:08x}",
    )
