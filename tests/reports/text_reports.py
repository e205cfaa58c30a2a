"""Text reports in the layouts of the tools, written from figures.

The layouts are those of public examples: Vivado HLS 2019.1 and 2019.2, Vitis HLS 2020.2 to 2024.2, Vivado
2018.2 to 2024.2; nothing but the names and the frames is theirs.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Layout:
    """How a version of HLS writes: units beside numbers or in headings, and what it calls DSP blocks."""

    tool: str = "Vitis HLS"
    version: str = "2023.2"
    build: str = "(Build 4023990 on Oct 11 2023)"
    units: bool = True
    dsp: str = "DSP"
    wide: bool = False
    uram: bool = True


LAYOUTS = {
    "2018.3": Layout(
        "Vivado HLS", "2018.3", "(Build 2405991 on Thu Dec 06 2018)", False, "DSP48E", uram=False
    ),
    "2019.1": Layout("Vivado HLS", "2019.1", "(Build 2552052 on Fri May 24 2019)", False, "DSP48E"),
    "2019.2": Layout("Vivado HLS", "2019.2", "(Build 2704478 on Wed Nov 06 2019)", True, "DSP48E", True),
    "2020.2": Layout(version="2020.2.2", build="(Build 3118627 on Tue Feb  9 05:13:49 MST 2021)"),
    "2021.1": Layout(version="2021.1", build="(Build 3247384 on Thu Jun 10 19:36:07 MDT 2021)"),
    "2024.2": Layout(version="2024.2", build="(Build 5238294 on Nov  8 2024)", wide=True),
}


def box(header, rows, indent=0, totals=0):
    """A framed table.

    ``header`` is lines of (text, columns that it spans); the last ``totals`` rows are framed by themselves.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for line in header:
        at = 0
        for text, span in line:
            lacking = len(text) + 1 - (sum(widths[at : at + span]) + span - 1)
            widths[at + span - 1] += max(0, lacking)
            at += span
    ruler = "+" + "+".join("-" * width for width in widths) + "+"
    lines = [ruler]
    for line in header:
        cells, at = [], 0
        for text, span in line:
            cells.append(text.center(sum(widths[at : at + span]) + span - 1))
            at += span
        lines.append("|" + "|".join(cells) + "|")
    lines.append(ruler)
    for number, row in enumerate(rows):
        if number >= len(rows) - totals:
            lines.append(ruler)
        first, *others = row
        cells = [first.ljust(widths[0])]
        cells += [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
        lines.append("|" + "|".join(cells) + "|")
    lines.append(ruler)
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


def title(text):
    return f"{'=' * 64}\n== {text}\n{'=' * 64}\n"


def dash(value):
    return "?" if value is None else str(value)


def csynth_text(report, layout):
    """The text report of the top function of a `accelgen.reports.SynthesisReport`."""
    top, ns = report.top, " ns" if layout.units else ""
    text = title(f"{layout.tool} Report for '{top.name}'")
    text += "* Date:           Sat Nov 21 10:00:00 2020\n\n"
    text += f"* Version:        {layout.version} {layout.build}\n* Project:        {top.name}_prj\n"
    text += f"* Solution:       solution1\n* Product family: zynq\n* Target device:  {report.part}\n\n\n"
    text += title("Performance Estimates")
    text += f"+ Timing{'' if layout.units else ' (ns)'}: \n    * Summary: \n"
    names = ["Clock", "Target", "Estimated", "Uncertainty"]
    clock = ["ap_clk", f"{report.target_clock_ns:.2f}{ns}", f"{top.clock_ns:.3f}{ns}"]
    clock.append(f"{report.clock_uncertainty_ns:.2f}{ns}" + ("  " if layout.wide else ""))
    text += box([[(f" {name} ", 1) for name in names]], [clock], 4)
    text += f"\n+ Latency{'' if layout.units else ' (clock cycles)'}: \n    * Summary: \n"
    text += box(*latency_rows(top, layout, report.target_clock_ns), 4)
    text += "\n    + Detail: \n        * Instance: \n"
    head, rows = latency_rows(top, layout, report.target_clock_ns)
    head = [[("", 1), ("", 1), *head[0]], [("Instance", 1), ("Module", 1), *head[1]]]
    text += box(head, [["grp_part_fu_12", "part", *rows[0]]], 8)
    text += "\n        * Loop: \n        N/A\n\n\n\n" + title("Utilization Estimates") + "* Summary: \n"
    keys = ["bram_18k", "dsp", "ff", "lut", *(["uram"] if layout.uram else [])]
    heads = ["BRAM_18K", layout.dsp, "FF", "LUT", *(["URAM"] if layout.uram else [])]

    def row(name, values):
        return [name.ljust(20), *(f" {values.get(key, 0)}" for key in keys)]

    parts = [[part.ljust(20), *(" -" for _ in keys)] for part in ("DSP", "Expression", "FIFO", "Register")]
    shares = ["Utilization (%)", *("~0" for _ in keys)]
    rows = [*parts, row("Total", top.resources), row("Available", report.available), shares]
    text += box([[(name, 1) for name in ("Name", *heads)]], rows, totals=3)
    text += "\n+ Detail: \n    * Instance: \n"
    own = [row("grp_part_fu_12", dict.fromkeys(keys, 1)), row("Total", dict.fromkeys(keys, 1))]
    text += box([[(name, 1) for name in ("Instance", *heads)]], own, 4, totals=1)
    text += "\n    * DSP48: \n    N/A\n\n" + title("Interface") + "* Summary: \n"
    ports = [["ap_clk", "in", "1", "ap_ctrl_hs", top.name, "return value"]]
    return (
        text
        + box(
            [[(name, 1) for name in ("RTL Ports", "Dir", "Bits", "Protocol", "Source Object", "C Type")]],
            ports,
        )
        + "\n"
    )


def latency_rows(function, layout, clock_ns):
    cycles = [dash(function.latency_cycles), dash(function.latency_max_cycles)]
    intervals = [dash(function.interval_cycles), dash(function.interval_max_cycles)]
    if not layout.units:
        header = [[("Latency", 2), ("Interval", 2), ("Pipeline", 1)]]
        header.append([(name, 1) for name in ("min", "max", "min", "max", "Type")])
        return header, [[*cycles, *intervals, "function"]]
    times = ["?" if text == "?" else f"{int(text) * clock_ns / 1000:.3f} us" for text in cycles]
    header = [[("Latency (cycles)", 2), ("Latency (absolute)", 2), ("Interval", 2), ("Pipeline", 1)]]
    header.append([(name, 1) for name in ("min", "max", "min", "max", "min", "max", "Type")])
    return header, [[*cycles, *times, *intervals, "yes"]]


def summary_text(modules, version="2022.2", part="xc7z020-clg400-1"):
    """A ``csynth.rpt`` of (depth, name, slack, latency, interval, resources); loops have no resources."""
    text = title(f"Synthesis Summary Report of '{modules[0][1]}'") + "+ General Information: \n"
    text += "    * Date:           Sat Nov 21 10:00:00 2020\n"
    text += f"    * Version:        {version} (Build 3670227 on Oct 13 2022)\n"
    text += f"    * Project:        a_prj\n    * Target device:  {part}\n    \n\n"
    text += "+ Performance & Resource Estimates: \n    \n"
    text += "    PS: '+' for module; 'o' for loop; '*' for dataflow\n"
    upper = ["Modules", "Issue", "", "Latency", "Latency", "Iteration", "", "Trip", *[""] * 6]
    lower = ["& Loops", "Type", "Slack", "(cycles)", "(ns)", "Latency", "Interval", "Count", "Pipelined"]
    lower += ["BRAM", "DSP", "FF", "LUT", "URAM"]
    rows = []
    for depth, name, slack, latency, interval, resources in modules:
        own = [
            f"{resources[key]} (~0%)" if resources.get(key) else "-"
            for key in ("bram_18k", "dsp", "ff", "lut", "uram")
        ]
        mark = "o" if resources is LOOP else "+"
        time = "-" if latency is None else f"{latency * 5:.3e}"
        texts = ["-" if value is None else str(value) for value in (latency, time, None, interval)]
        rows.append([f"{' ' * depth}{mark} {name}  ", "-", f"{slack:.2f}", *texts, "-", "no", *own])
    return text + box([[(name, 1) for name in upper], [(name, 1) for name in lower]], rows, 4) + "\n\n"


LOOP = {}


def cosim_text(latency=(12, 13, 15), interval=(1, 1, 2), total=60, status="Pass", language="Verilog"):
    """A ``<top>_cosim.rpt``; without ``total``, as of versions that did not give it."""
    names = (
        ["Latency(Clock Cycles)", "Interval(Clock Cycles)"] if total is not None else ["Latency", "Interval"]
    )
    ruler = f"+{'-' * 10}+{'-' * 10}+{'-' * 47}+{'-' * 47}+"
    top = f"|{' ' * 10}|{' ' * 10}|{names[0]:^47}|{names[1]:^47}|"
    middle = f"+{'RTL':^10}+{'Status':^10}+{'-' * 47}+{'-' * 47}+"
    ends = "|".join(f"{name:^15}" for name in ("min", "avg", "max"))
    bottom = f"|{' ' * 10}|{' ' * 10}|{ends}|{ends}|"
    if total is not None:
        ruler, top = f"{ruler}{'-' * 22}+", f"{top} Total Execution Time |"
        middle, bottom = f"{middle}    (Clock Cycles)    +", f"{bottom}{' ' * 22}|"
    rows = []
    for name in ("VHDL", "Verilog"):
        values = [*latency, *interval] if name == language else ["NA"] * 6
        cells = [
            f"{name:>10}",
            f"{status if name == language else 'NA':>10}",
            *(f"{value!s:>15}" for value in values),
        ]
        if total is not None:
            cells.append(f"{total if name == language else 'NA':>22}")
        rows.append("|" + "|".join(cells) + "|")
    lines = [ruler, top, middle, bottom, ruler, *rows, ruler]
    head = "Report time       : Sat Nov 21 10:00:00 UTC 2020.\nSolution          : solution1.\n"
    head += "Simulation tool   : xsim.\n\n"
    return head + "\n".join(lines) + "\n"


def vivado_head(command, version="2023.2", design="top", device="xc7z007sclg225-2", state="Synthesized"):
    line = "-" * 100
    return (
        f"Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.\n{line}\n"
        f"| Tool Version : Vivado v.{version} (lin64) Build 4029153 Fri Oct 13 20:13:54 MDT 2023\n"
        f"| Date         : Sat Nov 21 10:00:00 2020\n| Host         : host running 64-bit Linux\n"
        f"| Command      : {command}\n| Design       : {design}\n| Device       : {device}\n"
        f"| Speed File   : -1\n| Design State : {state}\n{line}\n\n"
    )


@dataclass(frozen=True)
class Family:
    """What Vivado calls resources of a family, and its columns."""

    lut: str
    ff: str
    dsp: str
    uram: bool
    prohibited: bool
    version: str


FAMILIES = {
    "7 series, 2018.2": Family("Slice LUTs*", "Slice Registers", "DSPs", False, False, "2018.2"),
    "7 series, 2023.1": Family("Slice LUTs", "Slice Registers", "DSPs", False, True, "2023.1"),
    "UltraScale+, 2019.2": Family("CLB LUTs", "CLB Registers", "DSPs", True, False, "2019.2"),
    "UltraScale+, 2024.2": Family("CLB LUTs*", "CLB Registers", "DSPs", True, True, "2024.2"),
    "Versal, 2022.1": Family("CLB LUTs", "Registers", "DSP Slices", True, True, "2022.1"),
}


def utilization_text(used, available, family=FAMILIES["7 series, 2023.1"], state="Synthesized"):
    """What ``report_utilization`` writes; ``used["bram_18k"]`` may be odd, and then is half a tile."""
    text = vivado_head("report_utilization -file utilization.rpt", family.version, state=state)
    text += "Utilization Design Information\n\nTable of Contents\n-----------------\n"
    text += "1. Slice Logic\n2. Memory\n3. DSP\n4. Primitives\n\n"

    def section(name, sites):
        rows = []
        for site, count, limit in sites:
            middle = ["0", "0"] if family.prohibited else ["0"]
            share = f"{100 * count / limit:.2f}" if limit else "0.00"
            rows.append(
                [f" {site} ", *(f" {value} " for value in (f"{count:g}", *middle, str(limit), share))]
            )
        names = [
            "Site Type",
            "Used",
            "Fixed",
            *(["Prohibited"] if family.prohibited else []),
            "Available",
            "Util%",
        ]
        header = [[(f" {entry} ", 1) for entry in names]]
        note = "* Warning! The Final LUT count may be less.\n\n\n"
        return f"{name}\n{'-' * len(name)}\n\n{box(header, rows)}{note}"

    lut, ff = (used["lut"], available["lut"]), (used["ff"], available["ff"])
    text += section(
        "1. Slice Logic",
        [(family.lut, *lut), ("  LUT as Logic", *lut), (family.ff, *ff), ("  Register as Flip Flop", *ff)],
    )
    tiles = (used["bram_18k"] / 2, available["bram_18k"] // 2)
    memory = [
        ("Block RAM Tile", *tiles),
        ("  RAMB36/FIFO*", *tiles),
        ("  RAMB18", used["bram_18k"] % 2, 2 * tiles[1]),
    ]
    text += section(
        "2. Memory", [*memory, *([("URAM", used["uram"], available["uram"])] if family.uram else [])]
    )
    text += section("3. DSP", [(family.dsp, used["dsp"], available["dsp"])])
    rows = [[" FDRE ", f" {ff[0]} ", " Flop & Latch "]]
    header = [[(f" {name} ", 1) for name in ("Ref Name", "Used", "Functional Category")]]
    return text + f"4. Primitives\n-------------\n\n{box(header, rows)}\n\n"


def hierarchy_text(instances, uram=True, dsp="DSP Blocks", percent=False):
    """What ``report_utilization -hierarchical`` writes of (depth, name, module, resources)."""
    text = vivado_head("report_utilization -hierarchical -file utilization_hierarchical.rpt")
    text += "Utilization Design Information\n\nTable of Contents\n-----------------\n"
    text += "1. Utilization by Hierarchy\n\n"
    names = ["Instance", "Module", "Total LUTs", "Logic LUTs", "LUTRAMs", "SRLs", "FFs", "RAMB36", "RAMB18"]
    names += [*(["URAM"] if uram else []), dsp]
    rows = []
    for depth, name, module, own in instances:
        counts = [own["lut"], own["lut"], 0, 0, own["ff"], own["bram_18k"] // 2, own["bram_18k"] % 2]
        counts += [*([own["uram"]] if uram else []), own["dsp"]]
        rows.append(
            [
                f" {'  ' * depth}{name} ",
                f" {module} ",
                *(f" {count}(0.12%) " if percent else f" {count} " for count in counts),
            ]
        )
    header = [[(f" {name} ", 1) for name in names]]
    note = "* Note: The sum of lower-level cells may be larger than their parent cells total\n"
    return text + f"1. Utilization by Hierarchy\n---------------------------\n\n{box(header, rows)}{note}\n\n"


def timing_text(wns=0.412, whs=0.05, wpws=1.2, failing=(0, 0), clocks=(("ap_clk", 5.0),), state="Routed"):
    """What ``report_timing_summary`` writes; ``wns`` is None for a design without constrained paths."""
    rule = "-" * 96

    def title(name):
        return f"{rule}\n| {name}\n| {'-' * len(name)}\n{rule}\n\n"

    text = vivado_head("report_timing_summary -file timing_summary.rpt", state=state)
    text += f"Timing Summary Report\n\n{title('Timer Settings')}  Enable Multi Corner Analysis :  Yes\n\n"
    text += f"{title('Design Timing Summary')}"
    names, values = [], []
    total = [
        sum(min(0.0, slack or 0.0) for _ in range(max(1, count)))
        for slack, count in ((wns, failing[0]), (whs, failing[1]))
    ]
    for kind, worst, sums, count in (
        ("", wns, total[0], failing[0]),
        ("H", whs, total[1], failing[1]),
        ("PW", wpws, 0.0, 0),
    ):
        short, long = {"": ("WNS", "TNS"), "H": ("WHS", "THS"), "PW": ("WPWS", "TPWS")}[kind]
        names += [f"{short}(ns)", f"{long}(ns)", f"{long} Failing Endpoints", f"{long} Total Endpoints"]
        values += ["NA"] * 4 if worst is None else [f"{worst:.3f}", f"{sums:.3f}", str(count), "420"]
    widths = [max(len(name), 9) for name in names]
    for cells in (names, ["-" * len(name) for name in names], values):
        text += (
            "    " + "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)) + "  \n"
        )
    if wns is None:
        verdict = "There are no user specified timing constraints."
    else:
        met = min(wns, whs, wpws) >= 0
        verdict = (
            "All user specified timing constraints are met." if met else "Timing constraints are not met."
        )
    text += f"\n\n{verdict}\n\n\n{title('Clock Summary')}"
    if clocks:
        text += "Clock     Waveform(ns)         Period(ns)      Frequency(MHz)\n"
        text += "-----     ------------         ----------      --------------\n"
        for name, period in clocks:
            text += (
                f"{name:8}  {{0.000 {period / 2:.3f}}}        {period:.3f}           {1000 / period:.3f}  \n"
            )
    text += f"\n\n{title('Intra Clock Table')}Clock             WNS(ns)      TNS(ns)\n"
    return f"{text}-----             -------      -------\n\n"
