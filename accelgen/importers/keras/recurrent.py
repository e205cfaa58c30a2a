"""LSTM, GRU and SimpleRNN of Keras and QKeras, in one direction or two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from accelgen.importers.builder import Builder
from accelgen.importers.cells import (
    Activate,
    Cell,
    CellParts,
    Matrix,
    gru_cell,
    lstm_cell,
    simple_cell,
    unchanged,
)
from accelgen.importers.keras.activations import add_activation
from accelgen.importers.keras.layer import KerasLayer, converts
from accelgen.importers.keras.quantizers import QuantizedWeights, parse_quantizer, quantize_weights
from accelgen.importers.keras.quantizers.functions import as_qkeras
from accelgen.ir import Concatenate, Merge, MergeKind
from accelgen.ir.nodes import Array

_GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}
_MERGES = {"sum": MergeKind.ADD, "mul": MergeKind.MULTIPLY, "ave": MergeKind.AVERAGE}


@converts(*_GATES, *(f"Q{name}" for name in _GATES))
def _recurrent(layer: KerasLayer, builder: Builder) -> str:
    return _add(layer, builder, layer.flag("go_backwards", False), in_input_order=False)


def _add(layer: KerasLayer, builder: Builder, go_backwards: bool, in_input_order: bool) -> str:
    source = _sequence(layer, builder)
    _refuse_options(layer)
    cell = _cell(layer, builder.shapes[source][1])
    builder.notes.extend(cell.notes)
    return builder.add(
        cell.repeated(
            layer.name,
            source,
            return_sequences=layer.flag("return_sequences", False),
            go_backwards=go_backwards,
            in_input_order=in_input_order,
        )
    )


def _sequence(layer: KerasLayer, builder: Builder) -> str:
    if len(layer.inputs) > 1:
        raise layer.unsupported("initial states that are tensors of the model are not converted; zeros are")
    source = layer.only_input
    if len(builder.shapes[source]) != 2:
        raise layer.error(f"an input of (steps, features) expected, it has shape {builder.shapes[source]}")
    return source


def _refuse_options(layer: KerasLayer) -> None:
    for option, instead in (
        ("stateful", "each sample starts from zero states"),
        ("time_major", "steps come after the batch"),
    ):
        if layer.flag(option, False):
            raise layer.unsupported(f"{option} is not converted; {instead}")


def _cell(layer: KerasLayer, n_in: int) -> Cell:
    class_name = layer.class_name.removeprefix("Q")
    units, gates = layer.integer("units"), _GATES[class_name]
    layer = replace(layer, weights=_numbered(layer.weights))
    reset_after = class_name == "GRU" and layer.flag("reset_after", layer.class_name == "GRU")
    kernel = _quantized(layer, "kernel", layer.weight("kernel", 0, (n_in, gates * units)))
    recurrent = _quantized(layer, "recurrent", layer.weight("recurrent_kernel", 1, (units, gates * units)))
    biases: tuple[Array | None, ...] = (None, None)
    if layer.flag("use_bias", True):
        size = gates * units
        values = layer.weight("bias", 2, (2, size) if reset_after else (size,))
        values = _quantized(layer, "bias", values).product
        biases = tuple(values) if reset_after else (values, None)
    activation = _activate(layer, "activation", "tanh")
    parts = CellParts(
        Matrix(kernel.values, kernel.scale, biases[0]),
        Matrix(recurrent.values, recurrent.scale, biases[1]),
        activation,
        _activate(layer, "recurrent_activation", "sigmoid"),
        activation,
        _activate(layer, "state_quantizer", "linear"),
    )
    if class_name == "LSTM":
        return lstm_cell(layer.source, parts)
    if class_name == "GRU":
        return gru_cell(layer.source, parts, reset_after)
    return simple_cell(layer.source, parts)


def _numbered(weights: Mapping[str, Array]) -> dict[str, Array]:
    """The cell's variables without the scopes before them, as in "cell/vars/0" and "lstm_cell/kernel"."""
    own: dict[str, Array] = {}
    for path, values in weights.items():
        if "seed_generator" not in path:
            _, numbered, position = path.rpartition("vars/")
            own[numbered + position if numbered else path.rpartition("/")[2]] = values
    return own


def _quantized(layer: KerasLayer, what: str, values: Array) -> QuantizedWeights:
    quantizer = parse_quantizer(layer, layer.config.get(f"{what}_quantizer"))
    if quantizer is not None and what != "bias":
        quantizer = quantizer.for_kernel()
    return quantize_weights(layer, values, quantizer)


def _activate(layer: KerasLayer, option: str, default: str) -> Activate:
    """The activation that an option names; None is a linear one."""
    value = layer.config.get(option, default)
    if layer.class_name.startswith("Q"):
        value = as_qkeras(value)
    if value is None:
        return unchanged
    return lambda builder, name, source: add_activation(layer, builder, name, source, value)


@converts("Bidirectional", "QBidirectional")
def _bidirectional(layer: KerasLayer, builder: Builder) -> str:
    """Two nodes, ``<layer>/forward`` and ``<layer>/backward``, and their merge."""
    forward = _wrapped(layer, "forward", layer.config.get("layer"))
    backward = _wrapped(layer, "backward", layer.config.get("backward_layer") or layer.config.get("layer"))
    mode = layer.text("merge_mode", "concat")
    if mode != "concat" and mode not in _MERGES:
        raise layer.unsupported(f"merge_mode {mode!r:.60} is not converted; concat, sum, mul and ave are")
    starts = forward.flag("go_backwards", False)
    results = (
        _add(forward, builder, starts, in_input_order=False),
        _add(backward, builder, not starts, in_input_order=True),
    )
    if mode == "concat":
        return builder.add(Concatenate(layer.name, results, -1))
    return builder.add(Merge(layer.name, results, _MERGES[mode]))


def _wrapped(layer: KerasLayer, direction: str, value: object) -> KerasLayer:
    inner = value if isinstance(value, dict) else {}
    class_name = str(inner.get("class_name")).rpartition(">")[2]
    config = inner.get("config")
    if class_name.removeprefix("Q") not in _GATES or not isinstance(config, dict):
        raise layer.unsupported(
            f"it wraps a {class_name!r:.60}; these are converted: {', '.join(_GATES)} and their Q-versions"
        )
    # a backward layer that the model brings itself keeps a name of its own
    weights = {
        path: values
        for path, values in layer.weights.items()
        if path.startswith("forward_") == (direction == "forward")
    }
    return replace(
        layer, class_name=class_name, name=f"{layer.name}/{direction}", config=config, weights=weights
    )
