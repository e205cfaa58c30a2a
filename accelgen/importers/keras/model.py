"""Reads a Keras model file and walks its graph, handing each layer to the converter of its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

# the modules of converters, imported so that they register
import accelgen.importers.keras.core
import accelgen.importers.keras.einsum
import accelgen.importers.keras.embedding
import accelgen.importers.keras.hgq
import accelgen.importers.keras.hgq2
import accelgen.importers.keras.hgq2_softmax
import accelgen.importers.keras.merging
import accelgen.importers.keras.normalization
import accelgen.importers.keras.pooling
import accelgen.importers.keras.qkeras
import accelgen.importers.keras.recurrent
import accelgen.importers.keras.shaping
import accelgen.importers.keras.training_only  # noqa: F401
from accelgen.errors import AccelgenError, ModelError
from accelgen.importers.builder import Builder
from accelgen.importers.keras.files import open_saved_model
from accelgen.importers.keras.graph import OPERATION, Call, LayerSpec, ModelSpec, Ref, call_order, parse_model
from accelgen.importers.keras.layer import CONVERTERS, KerasLayer, RawArray
from accelgen.importers.keras.operations import TAKE_SCALARS
from accelgen.importers.keras.weights import Weights, weights_in
from accelgen.ir import Input, Network


def load_keras(path: Path, magic: bytes, weights: Path | None = None) -> Network:
    """The network in a Keras model file that begins with ``magic``; ``weights`` goes with a JSON file.

    Raises:
        ModelError: a file is missing, damaged or malformed.
        UnsupportedError: a layer or option is not converted.
        UsageError: ``weights`` is given for a file that holds its own.
    """
    source = str(path)
    try:
        with open_saved_model(path, magic, weights) as saved:
            model = parse_model(saved.config, source)
            variables = weights_in(saved.weights, model.ids, saved.weights_source)
            builder = Builder(source)
            outputs = _Walk(builder, saved.keras_major).model(model, variables)
    except (RecursionError, MemoryError):
        raise ModelError(f"{source}: the model is nested too deep or too large to read") from None
    return builder.build(tuple(outputs), model.name)


@dataclass(frozen=True)
class _Walk:
    """Adds models to ``builder``; the layers of a model in a model are called ``<model>/<layer>``."""

    builder: Builder
    keras_major: int

    def model(
        self,
        model: ModelSpec,
        weights: Weights,
        feeds: Sequence[str] | None = None,
        prefix: str = "",
        shared: bool = False,
    ) -> list[str]:
        """Add a model fed by the nodes ``feeds`` (by inputs of its own where None); its outputs' nodes.

        ``shared`` says that the model is used more than once.
        """
        if feeds is not None and len(feeds) != len(model.inputs):
            raise self._error(
                f"model {prefix!r} has {len(model.inputs)} inputs and is fed {len(feeds)} tensors"
            )
        results: dict[tuple[str, int], list[str]] = {}
        for position, ref in enumerate(model.inputs):
            results[ref.layer, 0] = [feeds[position] if feeds is not None else self._input(model, ref)]
        entries = {ref.layer for ref in model.inputs}

        def node_of(ref: Ref) -> str:
            nodes = results[ref.layer, 0 if ref.layer in entries else ref.call]
            if ref.tensor >= len(nodes):
                raise self._error(
                    f"layer {ref.layer!r:.60}: its output {ref.tensor} is used; it has {len(nodes)}"
                )
            return nodes[ref.tensor]

        order = call_order(model, self.builder.source)
        uses = Counter(index for index, _ in order)
        for index, number in order:
            spec = model.layers[index]
            tensors = tuple(node_of(ref) for ref in spec.calls[number].tensors)
            again = shared or uses[index] > 1
            if spec.model is not None:
                inner = weights.of_model(index, spec.model.ids)
                nodes = self.model(spec.model, inner, tensors, f"{prefix}{spec.name}/", again)
            else:
                layer = self._layer(spec, tensors, weights.of_layer(index), prefix)
                nodes = [self._convert(layer, spec.calls[number], again)]
            results[spec.name, number] = nodes
        return [node_of(ref) for ref in model.outputs]

    def _layer(
        self, spec: LayerSpec, tensors: tuple[str, ...], weights: Mapping[str, RawArray], prefix: str
    ) -> KerasLayer:
        name = self.builder.unique(prefix + spec.name)
        return KerasLayer(
            spec.class_name, name, spec.config, tensors, weights, self.builder.source, self.keras_major
        )

    def _convert(self, layer: KerasLayer, call: Call, shared: bool) -> str:
        convert = CONVERTERS.get(layer.class_name)
        if convert is None:
            raise layer.unsupported(_not_supported(layer.class_name))
        if _is_quantized_by_keras(layer):
            raise layer.unsupported(
                "weights that Keras 3 quantized itself (model.quantize) are not converted"
            )
        if call.scalar is not None and layer.class_name in TAKE_SCALARS:
            layer = replace(layer, scalar=call.scalar)
        elif call.other_arguments:
            raise layer.unsupported(
                "it is called with arguments that are no tensors, which are not converted"
            )
        if shared and any(not path.startswith("seed_generator") for path in layer.weights):
            raise layer.unsupported(
                "it is called more than once with the same weights; hardware gives each call its own, "
                "so make each call a layer of its own"
            )
        try:
            return convert(layer, self.builder)
        except AccelgenError:
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            # what a converter stumbles over in a configuration or array of unforeseen kind
            raise layer.error(f"its configuration or weights are malformed ({error!s:.100})") from error

    def _input(self, model: ModelSpec, ref: Ref) -> str:
        spec = next((layer for layer in model.layers if layer.name == ref.layer), None)
        if spec is None or spec.class_name != "InputLayer":
            raise self._error(f"the model's input {ref.layer!r:.60} is no InputLayer")
        layer = self._layer(spec, (), {}, "")
        return self.builder.add(Input(layer.name, (), input_shape(layer)))

    def _error(self, cause: str) -> ModelError:
        return ModelError(f"{self.builder.source}: {cause}")


def input_shape(layer: KerasLayer) -> tuple[int, ...]:
    """The shape of an InputLayer without batch.

    Raises:
        ModelError: it has none or a malformed one.
        UnsupportedError: an axis other than the batch has no fixed size.
    """
    shape = layer.config.get("batch_shape") or layer.config.get("batch_input_shape")
    if not isinstance(shape, list) or not shape:
        raise layer.error("the file does not say the input's shape; build the model before it is saved")
    if None in shape[1:]:
        raise layer.unsupported(f"the input's shape {shape!r:.60} is not fixed; hardware needs every size")
    if not all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in shape[1:]):
        raise layer.error(f"shape {shape!r:.60} is no list of sizes")
    return tuple(shape[1:])


def _is_quantized_by_keras(layer: KerasLayer) -> bool:
    """Whether Keras 3 replaced the kernel by integers with a scale (keras 3.15, QuantizedDTypePolicy)."""
    policy = layer.config.get("dtype")
    named = policy.get("class_name") if isinstance(policy, Mapping) else None
    return layer.config.get("quantization_config") is not None or (
        isinstance(named, str) and named.startswith("Quantized")
    )


def _not_supported(class_name: str) -> str:
    if class_name == "Lambda":
        return "a Lambda layer holds Python code, which is never executed; build it of standard layers"
    supported = ", ".join(sorted(CONVERTERS))
    what = f"the operation {class_name}" if class_name.startswith(OPERATION) else f"class {class_name!r:.60}"
    return f"{what} is not supported; these are: {supported}"
