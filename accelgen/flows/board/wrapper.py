"""The C++ around a network's top function that moves its inputs and outputs in words of a bus."""

from __future__ import annotations

from collections.abc import Sequence

from accelgen.flows.board.packing import Port
from accelgen.flows.board.target import Interface, Signal, Target
from accelgen.templates import fill, read

MAX_BURST = 64
"""Words of one burst of an AXI4 master, or fewer, as none may cross 4 KB (AMD UG1399)."""

IN_FLIGHT = 256
"""Samples that may be within the network at once; a bit is held of each."""


def core_name(top: str) -> str:
    """The wrapper's function, and so the name of the core."""
    return f"{top}_axi"


def wrapper_files(
    top: str, target: Target, inputs: Sequence[Signal], outputs: Sequence[Signal]
) -> dict[str, str]:
    """Path within the project and text of the wrapper's C++, and of what simulates it."""
    core = core_name(top)
    gives = [signal.port(target.bus_bits) for signal in inputs]
    takes = [signal.port(target.bus_bits) for signal in outputs]
    layouts = "".join(
        f"typedef {_layout(port)} {name}_layout; // {_described(port)}\n"
        for ports, what in ((gives, "in"), (takes, "out"))
        for name, port in ((f"{what}{index}", port) for index, port in enumerate(ports))
    )
    write = _Wrapper(target, inputs, outputs)
    header = fill(
        "board/wrapper.h", guard=f"{core.upper()}_H_", core=core, layouts=layouts, ports=write.ports
    )
    simulation = fill("board/simulation.cpp", top=top, core=core, body=write.simulation(core))
    return {
        f"board/{core}.h": header,
        f"board/{core}.cpp": write.source(top, core),
        "board/accelgen_bus.h": read("board/accelgen_bus.h"),
        "board/sim/ap_axi_sdata.h": read("board/sim/ap_axi_sdata.h"),
        "board/sim/accelgen_dma.h": read("board/sim/accelgen_dma.h"),
        "board/simulation.cpp": simulation,
    }


def _layout(port: Port) -> str:
    signed = str(port.signed).lower()
    return f"Layout<{port.width}, {signed}, {port.lane_bits}, {port.values}, {port.bus_bits}>"


def _described(port: Port) -> str:
    return f"{shape_text(port)} values, {port.sample_words} words of a sample"


def shape_text(port: Port) -> str:
    """A port's shape for people."""
    return " x ".join(map(str, port.shape)) or "1"


class _Wrapper:
    """The parts of a wrapper, by interface."""

    def __init__(self, target: Target, inputs: Sequence[Signal], outputs: Sequence[Signal]) -> None:
        self._stream = target.interface is Interface.STREAM
        self._inputs, self._outputs = inputs, outputs
        bus = target.bus_bits
        self._burst = min(MAX_BURST, 4096 * 8 // bus)
        self._word = f"ap_axiu<{bus}, 0, 0, 0>" if self._stream else f"ap_uint<{bus}>"
        self._ins = [f"in{index}" for index in range(len(inputs))]
        self._outs = [f"out{index}" for index in range(len(outputs))]

    @property
    def ports(self) -> str:
        """The wrapper's parameters."""
        if self._stream:
            return ",\n    ".join(f"hls::stream<{self._word}> &{name}" for name in (*self._ins, *self._outs))
        given = [f"const {self._word} *{name}" for name in self._ins]
        return ",\n    ".join([*given, *(f"{self._word} *{name}" for name in self._outs), "unsigned samples"])

    def source(self, top: str, core: str) -> str:
        """The wrapper's source file."""
        names = (*self._ins, *self._outs)
        parts = {"top": top, "core": core, "ports": self.ports, "arguments": self._arguments()}
        if self._stream:
            pragmas = "\n".join(f"#pragma HLS INTERFACE axis port={name}" for name in names)
            return fill(
                "board/wrapper_stream.cpp",
                **parts,
                **self._body("    "),
                interfaces=pragmas,
            )
        return fill(
            "board/wrapper_memory.cpp",
            **parts,
            **self._body("        "),
            streams=",\n    ".join(f"hls::stream<{self._word}> &{name}" for name in names),
            interfaces="".join(_master(name, index, self._burst) for index, name in enumerate(names)),
            word_streams="".join(
                f'    hls::stream<{self._word}> {name}_words("{name}_words");\n'
                f"#pragma HLS STREAM variable={name}_words depth={2 * self._burst}\n"
                for name in names
            ),
            word_stream_names=", ".join(f"{name}_words" for name in names),
            reads="".join(
                f"    accelgen::read_words<accelgen::{name}_layout>({name}, samples, {name}_words);\n"
                for name in self._ins
            ),
            writes="".join(
                f"    accelgen::write_words<accelgen::{name}_layout>({name}_words, samples, {name});\n"
                for name in self._outs
            ),
        )

    def _arguments(self) -> str:
        return ", ".join(f"{name}_values" for name in (*self._ins, *self._outs))

    def _body(self, indent: str) -> dict[str, str]:
        """What happens to one sample: its variables, and the calls before and after the network's."""
        variables = ""
        for name, signal in zip(self._ins, self._inputs, strict=True):
            variables += _variable(f"{name}_values", signal, "ARRAY_RESHAPE", indent)
        for name, signal in zip(self._outs, self._outputs, strict=True):
            variables += _variable(f"{name}_values", signal, "ARRAY_PARTITION", indent)
        lasts = [f"{name}_last" for name in self._outs] if self._stream else []
        for name in lasts:
            variables += f'{indent}hls::stream<bool> {name}("{name}");\n'
            variables += f"#pragma HLS STREAM variable={name} depth={IN_FLIGHT}\n"
        unpack, pack = "", ""
        for name in self._ins:
            extra = "".join(f", {last}" for last in lasts) if name == self._ins[0] else ""
            unpack += f"{indent}accelgen::unpack<accelgen::{name}_layout>({name}, {name}_values{extra});\n"
        for name in self._outs:
            extra = f"{name}_last, " if self._stream else ""
            pack += f"{indent}accelgen::pack<accelgen::{name}_layout>({name}_values, {extra}{name});\n"
        return {"variables": variables, "unpack": unpack, "pack": pack}

    def simulation(self, core: str) -> str:
        """Memory, transfers and calls around the wrapper, for g++."""
        names = ", ".join((*self._ins, *self._outs))
        given = [(name, f"inputs[{index}]") for index, name in enumerate(self._ins)]
        taken = [(name, f"outputs[{index}]") for index, name in enumerate(self._outs)]
        if self._stream:
            return "".join(
                [
                    *(f'    hls::stream<{self._word}> {name}("{name}");\n' for name, _ in (*given, *taken)),
                    *(
                        f"    send({memory}, samples * {name}_layout::words, {name});\n"
                        for name, memory in given
                    ),
                    f"    for (size_t sample = 0; sample < samples; sample++)\n        {core}({names});\n",
                    *(
                        f"    faults += receive({name}, samples * {name}_layout::words, {memory});\n"
                        for name, memory in taken
                    ),
                ]
            )
        pointers = ", ".join(f"{name}.data()" for name in (*self._ins, *self._outs))
        bits = self._word.removeprefix("ap_uint")
        return "".join(
            [
                *(
                    f"    const auto {name} = words_from{bits}({memory}, samples * {name}_layout::words);\n"
                    for name, memory in given
                ),
                *(
                    f"    std::vector<{self._word}> {name}(samples * {name}_layout::words);\n"
                    for name, _ in taken
                ),
                f"    {core}({pointers}, samples);\n",
                *(f"    words_to({name}, {memory});\n" for name, memory in taken),
            ]
        )


def _master(name: str, index: int, burst: int) -> str:
    """The pragmas of a pointer to memory; ``burst`` is the most words of one."""
    return (
        f"#pragma HLS INTERFACE m_axi port={name} offset=slave bundle=gmem{index} "
        f"max_read_burst_length={burst} max_write_burst_length={burst}\n"
        f"#pragma HLS INTERFACE s_axilite port={name} bundle=control\n"
    )


def _variable(name: str, signal: Signal, pragma: str, indent: str) -> str:
    """What holds a sample between two calls.

    ``pragma`` is that of the network's own argument, as an array is laid out in one way wherever it goes.
    """
    if signal.stream:
        return (
            f'{indent}hls::stream<{signal.cpp}> {name}("{name}");\n'
            f"#pragma HLS STREAM variable={name} depth=2\n"
        )
    size = signal.port(8).values
    return f"{indent}{signal.cpp} {name}[{size}];\n#pragma HLS {pragma} variable={name} complete dim=0\n"
