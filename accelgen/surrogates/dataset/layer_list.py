"""The list of layers in the JSON of rule4ml and wa-hls4ml, as layers of hardware.

Source of the schema: ``config_from_keras_model`` of rule4ml 0.2 (``parsers/network_parser.py``), which both
data sets were written with. Types come from the hls4ml configuration that stands beside the list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, log2, prod
from typing import Any

from accelgen.design.factors import nearest
from accelgen.design.reuse import legal_reuse_factors
from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.surrogates.dataset.fields import Fields
from accelgen.surrogates.dataset.table import BadRecordError
from accelgen.surrogates.record import MATRICES, RECURRENT, LayerKind, LayerRecord

DEFAULT_BITS = 16
TABLE_SIZE = 1024
"""hls4ml's own, for every activation that it looks up."""
MAX_LAYERS = 1000
MAX_SIZE = 1 << 30

_KINDS = {
    "dense": LayerKind.DENSE,
    "conv1d": LayerKind.CONV1D,
    "conv2d": LayerKind.CONV2D,
    "depthwiseconv1d": LayerKind.DEPTHWISE,
    "depthwiseconv2d": LayerKind.DEPTHWISE,
    "lstm": LayerKind.LSTM,
    "gru": LayerKind.GRU,
    "batchnormalization": LayerKind.NORMALIZE,
    "relu": LayerKind.RELU,
    "leakyrelu": LayerKind.RELU,
    "leaky_relu": LayerKind.RELU,
    "prelu": LayerKind.RELU,
    "softmax": LayerKind.SOFTMAX,
    "sigmoid": LayerKind.TABLE,
    "tanh": LayerKind.TABLE,
    "elu": LayerKind.TABLE,
    "selu": LayerKind.TABLE,
    "softplus": LayerKind.TABLE,
    "softsign": LayerKind.TABLE,
    "exponential": LayerKind.TABLE,
    "hard_sigmoid": LayerKind.TABLE,
    "maxpooling1d": LayerKind.POOL,
    "maxpooling2d": LayerKind.POOL,
    "averagepooling1d": LayerKind.POOL,
    "averagepooling2d": LayerKind.POOL,
    "globalmaxpooling1d": LayerKind.POOL,
    "globalmaxpooling2d": LayerKind.POOL,
    "globalaveragepooling1d": LayerKind.POOL,
    "globalaveragepooling2d": LayerKind.POOL,
    "add": LayerKind.MERGE,
    "subtract": LayerKind.MERGE,
    "multiply": LayerKind.MERGE,
    "average": LayerKind.MERGE,
    "maximum": LayerKind.MERGE,
    "minimum": LayerKind.MERGE,
    "concatenate": LayerKind.MOVE,
    "flatten": LayerKind.MOVE,
    "reshape": LayerKind.MOVE,
    "permute": LayerKind.MOVE,
    "zeropadding1d": LayerKind.MOVE,
    "zeropadding2d": LayerKind.MOVE,
    "upsampling1d": LayerKind.MOVE,
    "upsampling2d": LayerKind.MOVE,
}
_NOT_BUILT = ("inputlayer", "dropout", "linear")
_WIDTH = re.compile(r"(?:ap_)?u?(?:fixed|int)<\s*(\d{1,4})\s*[,>]")


def read_layers(entries: list[Any], config: Fields, strategy: str, stream: bool) -> tuple[LayerRecord, ...]:
    """The layers that become hardware, in order; ``config`` is the hls4ml configuration.

    Raises:
        BadRecordError: an entry is no layer, lacks a size, or none of them multiplies.
    """
    if not 0 < len(entries) <= MAX_LAYERS:
        raise BadRecordError(f"model_config has {len(entries)} layers, not 1 to {MAX_LAYERS:,}")
    reader = _Reader(config, strategy, stream)
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            raise BadRecordError(f"model_config: layer {number} is no object")
        reader.add(Fields(entry, f"layer {number}: "), number)
    if not any(layer.strategy for layer in reader.layers):
        raise BadRecordError("model_config holds no layer with weights")
    return tuple(reader.layers)


@dataclass(frozen=True)
class _Built:
    """What follows a layer: the record that gives its result, None for the network's input, and its width."""

    record: str | None
    bits: int


class _Reader:
    """The layers read so far, and what each name of the list stands for."""

    def __init__(self, config: Fields, strategy: str, stream: bool) -> None:
        self.layers: list[LayerRecord] = []
        self._model = config.mapping("Model")
        self._by_name = config.mapping("LayerName")
        self._strategy = strategy
        self._stream = stream
        self._default = precision_bits(self._model.values.get("Precision")) or DEFAULT_BITS
        self._last = _Built(None, self._default)
        self._known: dict[str, _Built] = {}

    def add(self, entry: Fields, number: int) -> None:
        """Read one entry of the list."""
        kind_name = _kind_name(entry)
        name = entry.text("name", f"{kind_name}_{number}")
        before = self._before(entry)
        if kind_name in _NOT_BUILT:
            bits = self._result_bits(name, before[0].bits) if kind_name == "inputlayer" else before[0].bits
            built = _Built(before[0].record, bits)
        else:
            record = self._record(entry, _KINDS.get(kind_name, LayerKind.OTHER), name, number, before)
            self.layers.append(record)
            built = _Built(record.name, record.result_bits)
        self._known[name] = self._last = built

    def _before(self, entry: Fields) -> list[_Built]:
        names = entry.values.get("inbound_layers")
        if not isinstance(names, list):
            return [self._last]
        return [self._known[name] for name in names if isinstance(name, str) and name in self._known] or [
            self._last
        ]

    def _record(
        self, entry: Fields, kind: LayerKind, name: str, number: int, before: list[_Built]
    ) -> LayerRecord:
        unique = name
        while any(unique == layer.name for layer in self.layers):
            unique = f"{unique}_{number}"
        n_in, n_out, positions = self._sizes(entry, kind)
        input_bits = max(built.bits for built in before)
        own = self._own(name)
        weight_bits = 0
        exact = input_bits
        requested = reuse = 1
        if kind in (*MATRICES, *RECURRENT, LayerKind.NORMALIZE):
            what = "scale" if kind is LayerKind.NORMALIZE else "weight"
            weight_bits = self._bits(own, what) or self._default
            exact = input_bits + weight_bits
        if kind in MATRICES:
            # FixedPrecisionType of the sum as hls4ml 1.x infers it (passes/infer_precision.py), bias included
            exact += ceil(log2(n_in)) + 1
        if kind in (*MATRICES, *RECURRENT):
            requested = self._requested_reuse(own)
            reuse = self._reuse(entry, requested, n_in, n_out * (1 if kind in MATRICES else _GATES[kind]))
        table = kind in (LayerKind.TABLE, LayerKind.SOFTMAX)
        return LayerRecord(
            name=unique,
            kind=kind,
            inputs=tuple(dict.fromkeys(built.record for built in before if built.record is not None)),
            n_in=n_in,
            n_out=n_out,
            positions=positions,
            input_bits=input_bits,
            weight_bits=weight_bits,
            accum_bits=(self._bits(own, "accum", exact) or self._default) if kind in MATRICES else 0,
            result_bits=self._result_bits(name, exact),
            strategy=self._strategy_of(own) if kind in (*MATRICES, *RECURRENT) else "",
            reuse_factor=reuse,
            requested_reuse_factor=requested,
            table_size=TABLE_SIZE if table else 0,
        )

    def _sizes(self, entry: Fields, kind: LayerKind) -> tuple[int, int, int]:
        """Inputs and results of one position, and the positions."""
        inputs, results = _shape(entry, "input_shape"), _shape(entry, "output_shape")
        positions = prod(results[:-1])
        if kind is LayerKind.DENSE:
            return inputs[-1], results[-1], positions
        if kind in (LayerKind.CONV1D, LayerKind.CONV2D):
            return prod(_kernel(entry, kind)) * inputs[-1], results[-1], positions
        if kind is LayerKind.DEPTHWISE:
            return prod(_kernel(entry, kind)), results[-1], positions
        if kind in RECURRENT:
            return inputs[-1], results[-1], inputs[0]
        if kind is LayerKind.POOL:
            return max(1, prod(inputs[:-1]) // positions), results[-1], positions
        if self._stream or kind is LayerKind.SOFTMAX:
            return results[-1], results[-1], positions
        return prod(results), prod(results), 1

    def _own(self, name: str) -> Fields:
        return self._by_name.mapping(name) if isinstance(self._by_name.values.get(name), dict) else Fields({})

    def _bits(self, own: Fields, what: str, inferred: int = 0) -> int:
        """Bits of a layer's own type: ``inferred`` where it says "auto", 0 where it says nothing."""
        given = own.values.get("Precision")
        if isinstance(given, dict):
            given = given.get(what)
        return inferred if given == "auto" else precision_bits(given)

    def _result_bits(self, name: str, exact: int) -> int:
        return self._bits(self._own(name), "result", exact) or self._default

    def _strategy_of(self, own: Fields) -> str:
        return own.text("Strategy", self._strategy).lower()

    def _requested_reuse(self, own: Fields) -> int:
        return (own if "ReuseFactor" in own else self._model).integer("ReuseFactor")

    def _reuse(self, entry: Fields, requested: int, n_in: int, n_out: int) -> int:
        """The reuse factor built: the list's own is always legalised, which Latency strategy does not do."""
        if self._strategy == "latency":
            return requested
        if "reuse_factor" in entry:
            return entry.integer("reuse_factor")
        return nearest(legal_reuse_factors(n_in, n_out), requested)


_GATES: Mapping[LayerKind, int] = {LayerKind.LSTM: 4, LayerKind.GRU: 3}


def _kind_name(entry: Fields) -> str:
    """The class in lower case without QKeras' Q; the function where it is an activation."""
    name = entry.text("class_name").lower()
    if name not in ("activation", "qactivation"):
        return name[1:] if name.startswith("q") else name
    function = entry.text("activation", "linear").lower()
    match = re.match(r"quantized_([a-z_]+?)(?:_v2)?(?:\(|$)", function)
    name = match[1] if match else function
    return "linear" if name == "bits" else name  # a cast, which the layer before performs


def _shape(entry: Fields, name: str) -> tuple[int, ...]:
    """A shape without its batch axis; Keras 2 nests the shapes of some layers once more."""
    value = entry.values.get(name)
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]
    sizes = value[1:] if isinstance(value, list) else []
    whole = all(isinstance(size, int) and not isinstance(size, bool) and size > 0 for size in sizes)
    if not sizes or len(sizes) > 8 or not whole or prod(sizes) > MAX_SIZE:
        raise entry.error(name, f"is {value!r:.60}, not a shape such as [null, 16]")
    return tuple(sizes)


def _kernel(entry: Fields, kind: LayerKind) -> tuple[int, ...]:
    value = entry.values.get("kernel_size")
    sizes: list[Any] = value if isinstance(value, list) else [value]
    if not 1 <= len(sizes) <= 2 or not all(isinstance(size, int) and 0 < size <= 4096 for size in sizes):
        raise entry.error("kernel_size", f"is {value!r:.60}, not one or two sizes")
    return tuple(sizes * 2 if kind is LayerKind.CONV2D and len(sizes) == 1 else sizes)


def precision_bits(value: object) -> int:
    """The width of a type's text, or of a mapping's "default"; 0 where there is none."""
    if isinstance(value, dict):
        value = value.get("default")
    if not isinstance(value, str) or len(value) > 100:
        return 0
    match = _WIDTH.match(value.strip())
    if match is None:
        return 0
    try:
        return FixedType(int(match[1]), 0).width
    except UsageError:
        raise BadRecordError(f"{value!r} is no number type") from None
