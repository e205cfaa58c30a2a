"""The graph of a Keras model, Sequential or Functional, of Keras 2 or 3, as its configuration has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from accelgen.errors import ModelError
from accelgen.importers.keras.layer import Scalar
from accelgen.importers.keras.weights import LayerId

_MODEL_CLASSES = ("Sequential", "Functional", "Model")
_MAX_DEPTH = 16
"""Models in models; deeper ones come from hostile files only."""


@dataclass(frozen=True)
class Ref:
    """A tensor: output ``tensor`` of the ``call``-th call of the layer of that name."""

    layer: str
    call: int = 0
    tensor: int = 0


@dataclass(frozen=True)
class Call:
    """One use of a layer: the tensors it gets, and whether it gets anything else that could matter.

    ``scalar`` is set where all that it gets is one tensor and one number.
    """

    tensors: tuple[Ref, ...]
    other_arguments: bool = False
    scalar: Scalar | None = None


@dataclass(frozen=True)
class LayerSpec:
    """A layer of a graph; ``model`` where it is a model itself."""

    class_name: str
    name: str
    config: Mapping[str, Any]
    calls: tuple[Call, ...] = ()
    model: ModelSpec | None = None


@dataclass(frozen=True)
class ModelSpec:
    """The layers of a model in the file's order, and the tensors that are its inputs and outputs."""

    name: str
    layers: tuple[LayerSpec, ...]
    inputs: tuple[Ref, ...]
    outputs: tuple[Ref, ...]

    @property
    def ids(self) -> tuple[LayerId, ...]:
        """What the weights file knows the layers by; operations such as ``x + y`` are no layers there."""
        return tuple(
            LayerId(
                "" if layer.class_name.startswith(OPERATION) else layer.class_name.removeprefix(HGQ),
                layer.name,
            )
            for layer in self.layers
        )


OPERATION = "keras.ops."
"""Begins the class name of an operation on tensors (``x + y``) as against a layer."""

HGQ = "hgq>"
"""Begins the class name of an HGQ2 layer, since QKeras has layers of the same names (QDense, QConv2D)."""


def parse_model(value: object, source: str, depth: int = 0) -> ModelSpec:
    """The graph of a serialized model.

    Raises:
        ModelError: it is malformed, or no Sequential or Functional model.
    """
    if depth > _MAX_DEPTH:
        raise ModelError(f"{source}: models are nested more than {_MAX_DEPTH} deep")
    return _Parser(source, depth).model(value)


@dataclass(frozen=True)
class _Parser:
    source: str
    depth: int

    def error(self, cause: str) -> ModelError:
        return ModelError(f"{self.source}: {cause}")

    def model(self, value: object) -> ModelSpec:
        model = self._mapping(value, "the model")
        class_name = self._class_name(model)
        if class_name not in _MODEL_CLASSES:
            raise self.error(f"a model of class {class_name!r:.60}; Sequential and Functional ones are read")
        config = model.get("config")
        if class_name == "Sequential":
            return self._sequential({"layers": config} if isinstance(config, list) else config)
        return self._functional(self._mapping(config, "the model's config"))

    def _sequential(self, value: object) -> ModelSpec:
        config = self._mapping(value, "the model's config")
        layers = [self._layer(item, ()) for item in self._list(config.get("layers"), "layers")]
        if not layers:
            raise self.error("the model has no layers")
        if layers[0].class_name != "InputLayer":
            shape = _input_shape(layers[0]) or config.get("build_input_shape")
            name = f"{layers[0].name}_input"
            layers.insert(0, LayerSpec("InputLayer", name, {"batch_shape": shape}))
        chained = [layers[0]]
        for before, layer in pairwise(layers):
            calls = (Call((Ref(before.name),)),)
            chained.append(LayerSpec(layer.class_name, layer.name, layer.config, calls, layer.model))
        self._check_names(chained)
        return ModelSpec(
            self._name(config, "sequential"),
            tuple(chained),
            (Ref(chained[0].name),),
            (Ref(chained[-1].name),),
        )

    def _functional(self, config: Mapping[str, Any]) -> ModelSpec:
        layers = []
        for item in self._list(config.get("layers"), "layers"):
            nodes = self._mapping(item, "a layer").get("inbound_nodes") or []
            calls = tuple(self._call(node) for node in self._list(nodes, "inbound_nodes"))
            layers.append(self._layer(item, calls))
        self._check_names(layers)
        inputs = tuple(self._tensors(config.get("input_layers")))
        outputs = tuple(self._tensors(config.get("output_layers")))
        if not inputs or not outputs:
            raise self.error("the model names no inputs or no outputs")
        return _counted_from_zero(ModelSpec(self._name(config, "model"), tuple(layers), inputs, outputs))

    def _layer(self, value: object, calls: tuple[Call, ...]) -> LayerSpec:
        item = self._mapping(value, "a layer")
        class_name = self._class_name(item)
        if class_name in _MODEL_CLASSES:
            model = parse_model(item, self.source, self.depth + 1)
            name = item.get("name")
            return LayerSpec(class_name, name if isinstance(name, str) else model.name, {}, calls, model)
        config = self._mapping(item.get("config"), f"the config of a {class_name}")
        name = config.get("name", item.get("name"))
        if not isinstance(name, str) or not name:
            raise self.error(f"a layer of class {class_name!r:.60} has no name")
        module = item.get("module")
        if isinstance(module, str) and module.startswith(("keras.src.ops.", "keras.ops")):
            class_name = OPERATION + class_name
        elif (isinstance(module, str) and module.startswith("hgq.")) or _package(item) == HGQ:
            class_name = HGQ + class_name
        return LayerSpec(class_name, name, config, calls)

    def _call(self, node: object) -> Call:
        """One entry of inbound_nodes: {"args", "kwargs"} of Keras 3, [[layer, call, tensor, kwargs]] of 2."""
        found = [value for value in self._walk(node) if value is not None and not isinstance(value, bool)]
        tensors = tuple(value for value in found if isinstance(value, Ref))
        others = [value for value in found if not isinstance(value, Ref)]
        scalar = None
        if len(found) == 2 and len(others) == 1 and isinstance(others[0], (int, float)):
            scalar = Scalar(others[0], first=found[0] is others[0])
        return Call(tensors, any(value not in (0, 1) for value in others), scalar)

    def _tensors(self, value: object) -> Iterator[Ref]:
        return (found for found in self._walk(value) if isinstance(found, Ref))

    def _walk(self, value: object) -> Iterator[object]:
        """The tensors in a nested structure, in order, and everything else in it that is no container."""
        if isinstance(value, Mapping):
            config = value.get("config")
            if value.get("class_name") == "__keras_tensor__" and isinstance(config, Mapping):
                yield self._ref(config.get("keras_history"))
                return
            keys = value if {"args", "kwargs"} >= set(value) else sorted(value, key=str)
            for key in keys:
                yield from self._walk(value[key])
        elif isinstance(value, list):
            if len(value) in (3, 4) and isinstance(value[0], str):
                yield self._ref(value[:3])
                yield from self._walk(value[3:])
                return
            for item in value:
                yield from self._walk(item)
        else:
            yield value

    def _ref(self, value: object) -> Ref:
        if (
            isinstance(value, list)
            and len(value) == 3
            and isinstance(value[0], str)
            and all(isinstance(index, int) and index >= 0 for index in value[1:])
        ):
            return Ref(*value)
        raise self.error(f"{value!r:.60} is no tensor [layer, call, output]")

    def _check_names(self, layers: Sequence[LayerSpec]) -> None:
        seen: set[str] = set()
        for layer in layers:
            if layer.name in seen:
                raise self.error(f"two layers are named {layer.name!r:.60}")
            seen.add(layer.name)

    def _class_name(self, item: Mapping[str, Any]) -> str:
        class_name = item.get("class_name")
        if not isinstance(class_name, str):
            raise self.error("a layer names no class")
        return class_name.rpartition(">")[2]

    def _name(self, config: Mapping[str, Any], default: str) -> str:
        name = config.get("name")
        return name if isinstance(name, str) and name else default

    def _mapping(self, value: object, what: str) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            raise self.error(f"{what} is no object but {value!r:.40}")
        return value

    def _list(self, value: object, what: str) -> list[Any]:
        if not isinstance(value, list):
            raise self.error(f"{what} is no list but {value!r:.40}")
        return value


def _package(item: Mapping[str, Any]) -> str:
    """What a class is registered under, as in "qkeras>QDense", with the sign; empty for Keras' own."""
    name = item.get("registered_name") or item.get("class_name")
    package, sign, _ = name.partition(">") if isinstance(name, str) else ("", "", "")
    return package + sign if sign else ""


def _input_shape(layer: LayerSpec) -> object:
    """The shape, batch included, that the first layer of a Sequential model says it takes, if it does."""
    if layer.model is not None:
        first = next((inner for inner in layer.model.layers if inner.class_name == "InputLayer"), None)
        return None if first is None else _input_shape(first)
    return layer.config.get("batch_shape") or layer.config.get("batch_input_shape")


def _counted_from_zero(model: ModelSpec) -> ModelSpec:
    """The same graph where call 0 of every layer is its first in the graph.

    TensorFlow's Keras 2 counts the calls of a model in a model from 1: its call 0 is the one that built it
    (tf_keras 2.15, functional.py, _should_skip_first_node).
    """
    used = [ref for layer in model.layers for call in layer.calls for ref in call.tensors]
    last: dict[str, int] = {}
    for ref in (*used, *model.outputs):
        last[ref.layer] = max(last.get(ref.layer, 0), ref.call)
    shifted = {layer.name for layer in model.layers if 0 < len(layer.calls) == last.get(layer.name)}

    def moved(refs: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(
            replace(ref, call=ref.call - 1) if ref.layer in shifted and ref.call else ref for ref in refs
        )

    layers = (
        replace(layer, calls=tuple(replace(call, tensors=moved(call.tensors)) for call in layer.calls))
        for layer in model.layers
    )
    return replace(model, layers=tuple(layers), outputs=moved(model.outputs))


def call_order(model: ModelSpec, source: str) -> list[tuple[int, int]]:
    """The (layer index, call index) pairs that the outputs need, each after those it needs itself.

    Raises:
        ModelError: a tensor comes from no layer, or the graph has a cycle.
    """
    index_of = {layer.name: index for index, layer in enumerate(model.layers)}
    inputs = {ref.layer for ref in model.inputs}
    order: list[tuple[int, int]] = []
    state: dict[tuple[str, int], bool] = {}
    stack = [(ref.layer, ref.call, False) for ref in reversed(model.outputs)]
    while stack:
        name, call, finished = stack.pop()
        if name not in index_of:
            raise ModelError(f"{source}: a tensor comes from layer {name!r:.60}, which does not exist")
        index = index_of[name]
        key = (name, call)
        if finished:
            state[key] = True
            order.append((index, call))
            continue
        if name in inputs or state.get(key):
            continue
        if key in state:
            raise ModelError(
                f"{source}: layer {name!r:.60} depends on its own result (the graph has a cycle)"
            )
        if call >= len(model.layers[index].calls):
            raise ModelError(
                f"{source}: a tensor comes from call {call} of layer {name!r:.60}, which has no such"
            )
        state[key] = False
        stack.append((name, call, True))
        stack.extend(
            (ref.layer, ref.call, False) for ref in reversed(model.layers[index].calls[call].tensors)
        )
    return order
