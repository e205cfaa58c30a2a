"""Writes a graph's C++: the folder ``firmware`` of a project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from accelgen.backend.headers import ap_types, needed_headers
from accelgen.templates import fill

COMMON_HEADERS = (
    "nnet_utils/accelgen_constants.h",
    "nnet_utils/accelgen_trace.h",
    "nnet_utils/accelgen_windows.h",
    "nnet_utils/nnet_helpers.h",
    "nnet_utils/nnet_types.h",
)
"""What every project includes, whatever its layers."""


class FirmwareWriter:
    """Writes the files that hls4ml's VivadoWriter would, and nothing that depends on time or place."""

    def write_hls(self, model: Any) -> None:
        """Write ``firmware`` into the graph's output directory."""
        for path, content in firmware(model).items():
            target = Path(model.config.get_output_dir()) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def firmware(model: Any) -> dict[str, bytes]:
    """Path within the project and content of every file of the graph's firmware."""
    top = model.config.get_project_name()
    layers = model.get_layers()
    includes = sorted(
        {*COMMON_HEADERS, *(h for layer in layers for h in layer.get_attr("include_header", ()))}
    )
    weights = [weight for layer in layers for weight in layer.get_weights()]
    ports = ",\n    ".join(
        variable.definition_cpp(as_reference=True)
        for variable in (*model.get_input_variables(), *model.get_output_variables())
    )
    generated = "".join(str(code) + "\n" for layer in layers for code in layer.code.values())
    text = {
        f"{top}.cpp": fill(
            "top.cpp",
            top=top,
            ports=ports,
            pragmas="\n".join("    " + pragma for pragma in _pragmas(model)),
            variables="".join(_variables(model)),
            calls="".join(_calls(model)),
        ),
        f"{top}.h": fill("top.h", top=top, guard=f"{top.upper()}_H_", ports=ports),
        "defines.h": fill("defines.h", types=_types(model)),
        "parameters.h": fill(
            "parameters.h",
            includes="\n".join(f'#include "{include}"' for include in includes),
            weights="\n".join(f'#include "weights/{weight.name}.h"' for weight in weights),
            generated=f"namespace nnet {{\n{generated}}} // namespace nnet\n\n" if generated else "",
            configs="\n".join(_configs(model)),
        ),
        **{f"weights/{weight.name}.h": _weight_header(weight) for weight in weights},
    }
    text.update({f"nnet_utils/{name}": content for name, content in needed_headers(includes).items()})
    files = {f"firmware/{path}": content.encode() for path, content in text.items()}
    files.update({f"firmware/ap_types/{path}": content for path, content in ap_types().items()})
    return files


def _array_pragma(variable: Any) -> str:
    """The pragma for the form that hls4ml chose for a variable: "partition", ("stream", depth) ..."""
    mode, *arguments = (variable.pragma,) if isinstance(variable.pragma, str) else variable.pragma
    if mode == "stream":
        return f"#pragma HLS STREAM variable={variable.name} depth={arguments[0]}"
    kind = "complete" if not arguments else f"{arguments[0]} factor={arguments[1]}"
    return f"#pragma HLS ARRAY_{mode.upper()} variable={variable.name} {kind} dim=0"


def _pragmas(model: Any) -> Iterator[str]:
    inputs, outputs = model.get_input_variables(), model.get_output_variables()
    ports = ",".join(variable.name for variable in (*inputs, *outputs))
    if model.config.get_config_value("IOType") == "io_parallel":
        for variable in (*inputs, *outputs):
            yield _array_pragma(variable)
        yield f"#pragma HLS INTERFACE ap_vld port={ports}"
    else:
        yield f"#pragma HLS INTERFACE axis port={ports}"
    style = model.config.pipeline_style
    interval = f" II={model.config.pipeline_ii}" if style == "pipeline" and model.config.pipeline_ii else ""
    yield f"#pragma HLS {style.upper()}{interval}"


def _variables(model: Any) -> Iterator[str]:
    ports = [*model.get_input_variables(), *model.get_output_variables()]
    for layer in model.get_layers():
        for variable in layer.get_variables():
            if any(variable is port for port in ports):
                continue
            yield f"    {variable.definition_cpp()};\n"
            if variable.pragma:
                yield f"    {_array_pragma(variable)}\n"


def _calls(model: Any) -> Iterator[str]:
    for layer in model.get_layers():
        function = layer.get_attr("function_cpp")
        if function:
            lines = [function] if isinstance(function, str) else function
            yield "".join(f"    {line}\n" for line in lines)
        traced = layer.get_attr("accelgen_trace")
        if traced is not None:
            variable = layer.get_output_variable()
            yield f"    ACCELGEN_TRACE({traced}, {variable.name}, {variable.size()})\n"


def _types(model: Any) -> str:
    definitions: dict[str, str] = {}
    for layer in model.get_layers():
        for name, kind in layer.get_layer_precision().items():
            definitions.setdefault(name, kind.definition_cpp())
    return "".join(definitions.values())


def _configs(model: Any) -> Iterator[str]:
    for layer in model.get_layers():
        config = layer.get_attr("config_cpp")
        if config:
            yield f"// {layer.name}\n{config}"


def _weight_header(weight: Any) -> str:
    """Constants as an initialiser for synthesis and as plain numbers for simulation, written once."""
    data = np.asarray(weight.data)
    integral = data.dtype.kind in "iu"
    values = ", ".join(map(_literal if integral else repr, data.ravel().tolist()))
    guard, numbers = f"{weight.name.upper()}_H_", f"{weight.name.upper()}_VALUES"
    simulated = ("unsigned long long" if data.dtype.kind == "u" else "long long") if integral else "double"
    size = weight.data_length
    return (
        f"// shape {tuple(weight.shape)}\n"
        f"#ifndef {guard}\n#define {guard}\n\n"
        f"#define {numbers} {values}\n\n"
        "#ifdef __SYNTHESIS__\n"
        f"{weight.type.name} {weight.name}[{size}] = {{{numbers}}};\n"
        "#else\n"
        f"static const {simulated} {weight.name}_numbers[{size}] = {{{numbers}}};\n"
        f"static {weight.type.name} {weight.name}[{size}];\n"
        f"static const bool {weight.name}_filled = accelgen::fill({weight.name}_numbers, {weight.name});\n"
        f"#endif\n\n#undef {numbers}\n\n#endif\n"
    )


def _literal(value: int) -> str:
    return f"{value}ULL" if value >= 1 << 63 else f"{value}LL"
