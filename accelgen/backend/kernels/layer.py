"""The hls4ml layer of every own kernel: a C++ function of templates/nnet_utils and the config it takes."""

from __future__ import annotations

from typing import Any

from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer

from accelgen.backend.kernels.registry import Kernel, kernel
from accelgen.ir.nodes import Shape


class AccelgenKernel(Layer):  # type: ignore[misc]  # hls4ml ships no types
    """A call of an own kernel; `call` gives its attributes."""

    def initialize(self) -> None:
        """Declare the result."""
        self.add_output_variable(list(self.get_attr("shape")))


class AccelgenKernelConfig(LayerConfigTemplate):  # type: ignore[misc]
    """The config, whose members the lowering function has written."""

    def __init__(self) -> None:
        super().__init__(AccelgenKernel)

    def format(self, node: Any) -> str:
        """C++ of the layer's configuration."""
        return f"struct config{node.index}{node.get_attr('base')} {{\n{node.get_attr('members')}}};\n"


class AccelgenKernelCall(FunctionCallTemplate):  # type: ignore[misc]
    """The call, with the types of all inputs and the result."""

    def __init__(self) -> None:
        super().__init__(AccelgenKernel)

    def transform(self, model: Any, node: Any) -> bool:
        """Write the call, and include the kernel's own header."""
        done = bool(super().transform(model, node))
        node.set_attr("include_header", [f"nnet_utils/{node.get_attr('header')}"])
        return done

    def format(self, node: Any) -> str:
        """C++ of the call."""
        variables = [*map(node.get_input_variable, node.inputs), node.get_output_variable()]
        config, operation = f"config{node.index}", node.get_attr("operation")
        if operation:
            config = f"accelgen::{operation}<{config}>"
        types = ", ".join([*(variable.type.name for variable in variables), config])
        arguments = ", ".join(variable.name for variable in variables)
        return f"accelgen::{node.get_attr('function')}<{types}>({arguments});"


kernel(Kernel(AccelgenKernel, AccelgenKernelConfig, AccelgenKernelCall))


def call(
    header: str,
    function: str,
    shape: Shape,
    members: str,
    *,
    operation: str = "",
    base: str = "",
    multiplications: int = 0,
) -> dict[str, Any]:
    """The attributes of a layer that calls ``accelgen::function`` from ``header``.

    Args:
        header: file in templates/nnet_utils.
        function: takes the inputs and the result; its template parameters are their types and the config.
        shape: of the result.
        members: C++ of the config's members.
        operation: the template of namespace accelgen that wraps the config ("clip"), if any.
        base: a struct of namespace accelgen that the config inherits from, if any.
        multiplications: of two variables or a variable and a constant, for one inference.
    """
    return {
        "header": header,
        "function": function,
        "shape": shape,
        "members": members,
        "operation": operation,
        "base": f" : accelgen::{base}" if base else "",
        "kernel": operation or base or function,
        "multiplications": (multiplications, multiplications),
    }
