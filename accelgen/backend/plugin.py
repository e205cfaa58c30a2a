"""The hls4ml backend ``accelgen``: Vitis kernels, only those passes that change no number, own kernels.

Imported through `accelgen.backend.entry` only: importing hls4ml imports this module in turn.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from hls4ml.backends import VitisBackend, VivadoBackend
from hls4ml.backends.backend import get_backend
from hls4ml.backends.vivado.passes.distributed_arithmetic import DistributedArithmeticCodegen
from hls4ml.backends.vivado.passes.unrolled_codegen import GenerateUnrolledDenseResource
from hls4ml.model.flow import register_flow

from accelgen.backend.entry import NAME
from accelgen.backend.kernels.registry import load_kernels
from accelgen.design.reuse import legal_reuse_factors


class AccelgenBackend(VitisBackend):  # type: ignore[misc]  # hls4ml ships no types
    """Generates code for graphs that are exact already: every precision given, nothing to optimise."""

    def __init__(self) -> None:
        # VitisBackend's own __init__ has its name built in
        super(VivadoBackend, self).__init__(NAME)
        self._register_layer_attributes()
        for kernel in load_kernels():
            self.register_template(kernel.config)
            self.register_template(kernel.function)
        self.register_pass("distributed_arithmetic", DistributedArithmetic)
        self.register_pass("unrolled_dense", UnrolledDense)
        self._register_flows()

    def _register_flows(self) -> None:
        chain: list[str] = []
        for name, passes in (
            ("init_layers", self._get_layer_initializers()),
            ("wiring", _WIRING_PASSES),
            ("distributed_arithmetic", [f"{NAME}:distributed_arithmetic"]),
            ("types", _TYPE_PASSES),
            ("templates", [*get_backend("Vivado")._get_layer_templates(), *self._get_layer_templates()]),
        ):
            chain.append(register_flow(name, passes, requires=list(chain), backend=NAME))
        self._default_flow = register_flow("ip", None, requires=chain, backend=NAME)
        self._writer_flow = register_flow(
            "write", [f"{NAME}:write_hls"], requires=[self._default_flow], backend=NAME
        )

    def get_valid_reuse_factors(self, n_in: int, n_out: int) -> list[int]:
        """The closed form of hls4ml's own search, which takes a step for every product."""
        return legal_reuse_factors(n_in, n_out)

    def generate_conv1d_line_buffer_fn(
        self, layer_idx: int, n_partitions: int, *args: Any, **geometry: Any
    ) -> str:
        """hls4ml's window buffer, written out; with loops where that is too long to compile."""
        if _statements(args, geometry) > MAX_STATEMENTS:
            return _loops(layer_idx, rank=1)
        code: str = super().generate_conv1d_line_buffer_fn(layer_idx, n_partitions, *args, **geometry)
        return code

    def generate_conv2d_line_buffer_fn(
        self, layer_idx: int, n_partitions: int, *args: Any, **geometry: Any
    ) -> str:
        """hls4ml's window buffer, written out; with loops where that is too long to compile."""
        if _statements(args, geometry) > MAX_STATEMENTS:
            return _loops(layer_idx, rank=2)
        code: str = super().generate_conv2d_line_buffer_fn(layer_idx, n_partitions, *args, **geometry)
        return code


MAX_STATEMENTS = 4096
"""Above this many assignments a written-out window buffer dominates the compilation."""


def _loops(layer_index: int, rank: int) -> str:
    """The same buffer from accelgen_windows.h, under the name that hls4ml's configuration refers to."""
    return (
        "template <class data_T, typename CONFIG_T>\n"
        f"using fill_buffer_{layer_index} = accelgen::Windows{rank}D<data_T, CONFIG_T>;\n"
    )


def _statements(shape: tuple[int, ...], geometry: dict[str, Any]) -> int:
    """An upper bound on the assignments of a written-out buffer for an input of ``shape``."""
    taps = np.prod(geometry["kernel"])
    positions = prod(shape[:-1]) // int(np.prod(geometry["stride"]))
    return int(positions * taps * shape[-1])


_WIRING_PASSES = [
    "vivado:inplace_parallel_reshape",
    "vivado:inplace_stream_flatten",
    "vivado:clone_output",
    "vivado:optimize_pointwise_conv",
]

_TYPE_PASSES = [
    "vivado:transform_types",
    "vivado:apply_resource_strategy",
    "vivado:generate_conv_im2col",
    f"{NAME}:unrolled_dense",
    "vivado:set_pipeline_style",
    "vivado:d_a_latency_dense_template",
    "vivado:d_a_latency_conv_template",
]


class DistributedArithmetic(DistributedArithmeticCodegen):  # type: ignore[misc]
    """hls4ml's da4ml pass, which refuses backends that it does not know by name."""

    def transform(self, model: Any, node: Any) -> Any:
        """Generate the adder graph of a layer's constant matrix."""
        config = model.config.config
        config["Backend"] = "Vitis"
        try:
            return super().transform(model, node)
        finally:
            config["Backend"] = NAME


class UnrolledDense(GenerateUnrolledDenseResource):  # type: ignore[misc]
    """hls4ml's pass for ``resource_unrolled``, which knows only its own backends too."""

    def _add_backend_specific_pragmas_to_generated_code(self, code: str, backend: Any) -> Any:
        del backend
        return super()._add_backend_specific_pragmas_to_generated_code(code, get_backend("Vitis"))
