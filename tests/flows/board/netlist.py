"""The block design that a script makes, as the strict interpreter recorded it, and what is wrong with it.

Cells are modelled by the pins that their product guides give them: PG021 (AXI DMA), PG247 (SmartConnect),
PG059 (Interconnect), PG099 (Interrupt Controller), PG065 (Clocking Wizard), PG164 (Processor System Reset),
UG585 and PG082 (Zynq-7000), PG201 (UltraScale+), and UG1399 (cores of Vitis HLS), of which the pragmas of the
wrapper's source say which interfaces they have.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Pins = dict[str, str]
"""Kind of each pin: "clock", "reset", "interrupt" or "lock", driven (">clock") or taken ("<clock"); of an
interface, "axi master", "axi slave", "lite slave", "axis master" ..."""


@dataclass
class Cell:
    vlnv: str
    properties: dict[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        return int(self.properties[f"CONFIG.{name}"])


@dataclass
class BlockDesign:
    cells: dict[str, Cell]
    nets: list[tuple[str, str]]
    interfaces: list[tuple[str, str]]
    addresses: dict[str, tuple[int, str]]

    @classmethod
    def read(cls, journal: Path) -> BlockDesign:
        design = cls({}, [], [], {})
        for line in journal.read_text(encoding="utf-8").splitlines():
            design._take(json.loads(line))
        return design

    def _take(self, entry: Mapping[str, Any]) -> None:
        options, arguments = entry["options"], entry["arguments"]
        match entry["command"]:
            case "create_bd_cell":
                assert arguments[0] not in self.cells, f"two cells named {arguments[0]}"
                self.cells[arguments[0]] = Cell(options["-vlnv"][0])
            case "set_property" if "-dict" in options and arguments[0] in self.cells:
                words = options["-dict"][0].split()
                self.cells[arguments[0]].properties.update(zip(words[::2], words[1::2], strict=True))
            case "set_property" if arguments[-1] in self.cells:
                self.cells[arguments[-1]].properties[arguments[0]] = arguments[1]
            case "connect_bd_net":
                self.nets += [(arguments[0], sink) for sink in arguments[1:]]
            case "connect_bd_intf_net":
                self.interfaces.append((arguments[0], arguments[1]))
            case "assign_bd_address" if arguments:
                self.addresses[arguments[0]] = (int(options["-offset"][0], 0), options["-range"][0])

    def pins(self, wrapper: str) -> Pins:
        found: Pins = {}
        for name, cell in self.cells.items():
            for pin, kind in _model(cell, wrapper).items():
                found[f"{name}/{pin}"] = kind
        return found

    def faults(self, wrapper: str) -> list[str]:
        """What is not connected, or not as it may be."""
        pins = self.pins(wrapper)
        faults = [
            f"there is no pin {pin}"
            for pair in self.nets + self.interfaces
            for pin in pair
            if pin not in pins
        ]
        if faults:
            return faults
        drivers: dict[str, list[str]] = defaultdict(list)
        for source, sink in self.nets:
            if pins[source][0] != ">" or pins[sink][0] != "<" or pins[source][1:] != pins[sink][1:]:
                faults.append(f"{source} ({pins[source]}) cannot drive {sink} ({pins[sink]})")
            drivers[sink].append(source)
        for pin, kind in pins.items():
            if kind[0] == "<" and len(drivers[pin]) != 1:
                faults.append(f"{pin} ({kind}) has {len(drivers[pin])} drivers")
            if kind in (">interrupt", ">lock", ">clock") and pin not in {source for source, _ in self.nets}:
                faults.append(f"{pin} ({kind}) is not used")
        ends: dict[str, int] = defaultdict(int)
        for pair in self.interfaces:
            kinds = sorted(pins[pin] for pin in pair)
            if kinds not in (
                ["axi master", "axi slave"],
                ["axi master", "lite slave"],
                ["axis master", "axis slave"],
            ):
                faults.append(f"{pair[0]} and {pair[1]} do not fit: {kinds}")
            for pin in pair:
                ends[pin] += 1
        faults += [
            f"{pin} ({kind}) has {ends[pin]} connections"
            for pin, kind in pins.items()
            if kind.endswith(("master", "slave")) and ends[pin] != 1
        ]
        return faults


def _model(cell: Cell, wrapper: str) -> Pins:
    vendor, _, name = cell.vlnv.split(":")[:3]
    if vendor == "accelgen":
        return core_pins(wrapper)
    assert vendor == "xilinx.com"
    return {
        "processing_system7": _zynq_7000,
        "zynq_ultra_ps_e": _zynq_ultrascale,
        "axi_dma": _dma,
        "smartconnect": _smartconnect,
        "axi_interconnect": _interconnect,
        "clk_wiz": _clock,
        "proc_sys_reset": _reset,
        "xlconcat": _concat,
        "axi_intc": _interrupt_controller,
    }[name](cell)


def core_pins(wrapper: str) -> Pins:
    """The interfaces that the wrapper's pragmas ask for."""
    pins = {"ap_clk": "<clock", "ap_rst_n": "<reset"}
    for port in re.findall(r"#pragma HLS INTERFACE axis port=(\w+)", wrapper):
        pins[port] = "axis slave" if port.startswith("in") else "axis master"
    for bundle in re.findall(r"#pragma HLS INTERFACE m_axi .*bundle=(\w+)", wrapper):
        pins[f"m_axi_{bundle}"] = "axi master"
    if "s_axilite port=return bundle=control" in wrapper:
        pins |= {"s_axi_control": "lite slave", "interrupt": ">interrupt"}
    else:
        assert "ap_ctrl_none port=return" in wrapper
    return pins


def _zynq_7000(cell: Cell) -> Pins:
    assert all(cell.number(name) for name in ("PCW_USE_FABRIC_INTERRUPT", "PCW_IRQ_F2P_INTR"))
    assert all(
        cell.number(f"PCW_{name}")
        for name in ("USE_M_AXI_GP0", "USE_S_AXI_HP0", "EN_CLK0_PORT", "EN_RST0_PORT")
    )
    return {
        "FCLK_CLK0": ">clock",
        "FCLK_RESET0_N": ">reset",
        "IRQ_F2P": "<interrupt",
        "M_AXI_GP0": "axi master",
        "M_AXI_GP0_ACLK": "<clock",
        "S_AXI_HP0": "axi slave",
        "S_AXI_HP0_ACLK": "<clock",
    }


def _zynq_ultrascale(cell: Cell) -> Pins:
    assert all(cell.number(f"PSU__USE__{name}") for name in ("M_AXI_GP0", "S_AXI_GP2", "IRQ0"))
    assert not any(cell.number(f"PSU__USE__{name}") for name in ("M_AXI_GP1", "M_AXI_GP2"))
    return {
        "pl_clk0": ">clock",
        "pl_resetn0": ">reset",
        "pl_ps_irq0": "<interrupt",
        "M_AXI_HPM0_FPD": "axi master",
        "maxihpm0_fpd_aclk": "<clock",
        "S_AXI_HP0_FPD": "axi slave",
        "saxihp0_fpd_aclk": "<clock",
    }


def _dma(cell: Cell) -> Pins:
    assert cell.number("c_include_sg") == 0
    pins = {"S_AXI_LITE": "lite slave", "s_axi_lite_aclk": "<clock", "axi_resetn": "<reset"}
    if cell.number("c_include_mm2s"):
        assert cell.number("c_m_axi_mm2s_data_width") >= max(32, cell.number("c_m_axis_mm2s_tdata_width"))
        pins |= {"M_AXI_MM2S": "axi master", "M_AXIS_MM2S": "axis master", "m_axi_mm2s_aclk": "<clock"}
        pins["mm2s_introut"] = ">interrupt"
    if cell.number("c_include_s2mm"):
        assert cell.number("c_m_axi_s2mm_data_width") >= max(32, cell.number("c_s_axis_s2mm_tdata_width"))
        pins |= {"M_AXI_S2MM": "axi master", "S_AXIS_S2MM": "axis slave", "m_axi_s2mm_aclk": "<clock"}
        pins["s2mm_introut"] = ">interrupt"
    return pins


def _smartconnect(cell: Cell) -> Pins:
    return {"aclk": "<clock", "aresetn": "<reset"} | _sides(cell)


def _interconnect(cell: Cell) -> Pins:
    sides = _sides(cell)
    parts = ["", *(pin.removesuffix("AXI") for pin in sides)]
    return sides | {
        f"{part}{pin}": kind for part in parts for pin, kind in (("ACLK", "<clock"), ("ARESETN", "<reset"))
    }


def _sides(cell: Cell) -> Pins:
    assert 1 <= cell.number("NUM_SI") <= 16
    assert 1 <= cell.number("NUM_MI") <= 16
    pins = {f"S{index:02d}_AXI": "axi slave" for index in range(cell.number("NUM_SI"))}
    return pins | {f"M{index:02d}_AXI": "axi master" for index in range(cell.number("NUM_MI"))}


def _clock(cell: Cell) -> Pins:
    assert cell.properties["CONFIG.USE_RESET"] == "false"
    assert float(cell.properties["CONFIG.CLKOUT1_REQUESTED_OUT_FREQ"]) > 0
    return {"clk_in1": "<clock", "clk_out1": ">clock", "locked": ">lock"}


def _reset(cell: Cell) -> Pins:
    assert not cell.properties
    return {
        "slowest_sync_clk": "<clock",
        "ext_reset_in": "<reset",
        "dcm_locked": "<lock",
        "peripheral_aresetn": ">reset",
    }


def _concat(cell: Cell) -> Pins:
    return {f"In{index}": "<interrupt" for index in range(cell.number("NUM_PORTS"))} | {"dout": ">interrupts"}


def _interrupt_controller(cell: Cell) -> Pins:
    assert cell.number("C_IRQ_CONNECTION") == 1  # one output, no bus for a MicroBlaze
    return {
        "s_axi": "lite slave",
        "s_axi_aclk": "<clock",
        "s_axi_aresetn": "<reset",
        "intr": "<interrupts",
        "irq": ">interrupt",
    }
