"""Recurrent layers: a loop over the steps around the cell that `cell_code` writes."""

from __future__ import annotations

from typing import Any

import numpy as np
from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
from hls4ml.model.layers import Layer

from accelgen.backend.kernels.cell_code import CellPlan, CellWriter
from accelgen.backend.kernels.registry import Kernel, kernel
from accelgen.backend.lowering import Context, HlsLayer, lowers
from accelgen.backend.precision import precision
from accelgen.design import LayerDesign, Strategy
from accelgen.design.reuse import cell_reuse_factor
from accelgen.ir import Recurrent
from accelgen.ir.grid import constant_type

HEADER = "accelgen_recurrent.h"


class AccelgenRecurrent(Layer):  # type: ignore[misc]  # hls4ml ships no types
    """hls4ml's layer for a `Recurrent` node; its attribute "plan" is the typed cell."""

    def initialize(self) -> None:
        """Declare the result and the weights of every matrix product."""
        plan: CellPlan = self.get_attr("plan")
        self.add_output_variable(list(self.get_attr("shape")))
        transposed = self.get_attr("choice").strategy is Strategy.RESOURCE
        for position, product in enumerate(plan.products):
            for name, values in (("weight", product.weight), ("bias", product.bias)):
                self.add_weights_variable(
                    f"{name}{position}",
                    var_name=f"{name[0]}{{index}}_{position}",
                    type_name=f"{name}{{index}}_{position}_t",
                    precision=precision(constant_type(values)),
                    data=values.T if transposed else values,
                )


class AccelgenRecurrentConfig(LayerConfigTemplate):  # type: ignore[misc]
    """The sizes, the matrix products and the step."""

    def __init__(self) -> None:
        super().__init__(AccelgenRecurrent)

    def format(self, node: Any) -> str:
        """C++ of the layer's configuration."""
        plan: CellPlan = node.get_attr("plan")
        products = "".join(_product_config(node, position, plan) for position in range(len(plan.products)))

        def call(position: int, source: str, sums: str) -> str:
            product = plan.products[position]
            types = f"{plan.variable_type(product.source).cpp}, {plan.accum(product).cpp}"
            weight, bias = (node.get_weights(f"{name}{position}").name for name in ("weight", "bias"))
            return f"nnet::dense<{types}, config{node.index}_{position}>({source}, {sums}, {weight}, {bias});"

        writer = CellWriter(plan, node.index, call)
        step = writer.step()
        states = "".join(
            f"        {plan.type(state).cpp} {writer.names[state]};\n" for state, _ in plan.node.states
        )
        resets = "".join(
            f"            states[u].{writer.names[state]} = 0;\n" for state, _ in plan.node.states
        )
        steps = node.get_input_variable().shape[0]
        options = "".join(
            f"    static const bool {name} = {str(getattr(plan.node, name)).lower()};\n"
            for name in ("return_sequences", "go_backwards", "in_input_order")
        )
        return (
            f"{products}"
            f"struct config{node.index} {{\n"
            f"    static const unsigned n_steps = {steps};\n"
            f"    static const unsigned n_in = {plan.n_in};\n"
            f"    static const unsigned n_units = {plan.units};\n"
            f"{options}"
            f"    typedef {plan.type(plan.input).cpp} x_t;\n"
            f"    struct state_t {{\n{states}    }};\n"
            "    static void reset(state_t states[n_units]) {\n"
            "        for (unsigned u = 0; u < n_units; u++) {\n"
            "            #pragma HLS UNROLL\n"
            f"{resets}        }}\n    }}\n"
            f"{step}"
            "};\n"
        )


def _product_config(node: Any, position: int, plan: CellPlan) -> str:
    product = plan.products[position]
    n_in, n_out = product.weight.shape
    choice: LayerDesign = node.get_attr("choice")
    reuse = cell_reuse_factor(choice, n_in, n_out)
    function = "DenseLatency"
    if choice.strategy is Strategy.RESOURCE:
        function = "DenseResource_rf_leq_nin" if reuse <= n_in else "DenseResource_rf_gt_nin_rem0"
    zeros = node.get_weights(f"weight{position}").nzeros
    return (
        f"struct config{node.index}_{position} : nnet::dense_config {{\n"
        f"    static const unsigned n_in = {n_in};\n"
        f"    static const unsigned n_out = {n_out};\n"
        f"    static const unsigned strategy = nnet::{choice.strategy.value};\n"
        f"    static const unsigned reuse_factor = {reuse};\n"
        f"    static const unsigned n_zeros = {zeros};\n"
        "    static const unsigned multiplier_limit =\n"
        "        DIV_ROUNDUP(n_in * n_out, reuse_factor) - n_zeros / reuse_factor;\n"
        f"    typedef {plan.accum(product).cpp} accum_t;\n"
        f"    typedef {node.get_weights(f'weight{position}').type.name} weight_t;\n"
        f"    typedef {node.get_weights(f'bias{position}').type.name} bias_t;\n"
        "    template <class data_T, class res_T, class CONFIG_T>\n"
        f"    using kernel = nnet::{function}<data_T, res_T, CONFIG_T>;\n"
        "    template <class x_T, class y_T> using product = nnet::product::mult<x_T, y_T>;\n"
        "};\n"
    )


class AccelgenRecurrentCall(FunctionCallTemplate):  # type: ignore[misc]
    """The call."""

    def __init__(self) -> None:
        super().__init__(
            AccelgenRecurrent, include_header=["nnet_utils/nnet_dense.h", f"nnet_utils/{HEADER}"]
        )

    def format(self, node: Any) -> str:
        """C++ of the call."""
        source, result = node.get_input_variable(), node.get_output_variable()
        types = f"{source.type.name}, {result.type.name}, config{node.index}"
        return f"accelgen::recurrent<{types}>({source.name}, {result.name});"


kernel(Kernel(AccelgenRecurrent, AccelgenRecurrentConfig, AccelgenRecurrentCall))


@lowers(Recurrent, fuses=True)
def lower_recurrent(node: Recurrent, context: Context) -> list[HlsLayer]:
    """The loop over the steps."""
    plan = CellPlan(node)
    steps = context.shape(node.inputs[0])[0]
    weights = [product.weight for product in plan.products]
    return [
        context.layer(
            "AccelgenRecurrent",
            node,
            plan=plan,
            shape=context.shape(node.name),
            choice=context.choice(node),
            multiplications=(
                steps * sum(weight.size for weight in weights),
                steps * sum(int(np.count_nonzero(weight)) for weight in weights),
            ),
        )
    ]
