"""What every quantizer is: options read from a file, a function of weights, nodes for activations."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from math import isfinite
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from accelgen.importers.keras.activations import Use, activates
from accelgen.importers.keras.layer import KerasLayer
from accelgen.ir import Affine, Node, Overflow, Rounding
from accelgen.ir.nodes import Array
from accelgen.ir.types import FixedType

Float32 = npt.NDArray[np.float32]
Reader = Callable[[Any], Any]
"""Turns an option's value into what the quantizer holds; ValueError says what the option has to be."""

MAX_BITS = 64
_MAX_TEXT = 1000


@dataclass(frozen=True, eq=False)
class QuantizedWeights:
    """Weights ``values * scale``: values on a power-of-two grid, scale with as many axes, or None for 1."""

    values: Array
    scale: Array | None = None

    @property
    def product(self) -> Array:
        """The weights themselves, in float32's precision as the framework has them."""
        if self.scale is None:
            return self.values
        return (self.values.astype(np.float32) * self.scale.astype(np.float32)).astype(np.float64)


def factored(values: npt.NDArray[Any], scale: npt.NDArray[Any]) -> QuantizedWeights:
    """Weights from grid values and a scale, which goes into the values where it keeps them on a grid."""
    grid, factor = np.asarray(values, np.float64), np.asarray(scale, np.float64)
    if is_power_of_two(factor):
        return QuantizedWeights(grid * factor)
    return QuantizedWeights(grid, factor.reshape((1,) * (grid.ndim - factor.ndim) + factor.shape))


def is_power_of_two(numbers: Array) -> bool:
    """Whether every number is 0 or, but for its sign, a power of two."""
    return bool(np.all(np.isin(np.abs(np.frexp(numbers)[0]), (0.0, 0.5))))


def whole(minimum: int, maximum: int = MAX_BITS) -> Reader:
    """A reader of whole numbers from ``minimum`` to ``maximum``."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(_finite(value)):
            raise ValueError("a whole number")
        if not minimum <= value <= maximum:
            raise ValueError(f"a whole number from {minimum} to {maximum}")
        return int(value)

    return read


def number(value: Any) -> float:
    """Reads a finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("a number")
    return _finite(value)


def positive(value: Any) -> float:
    """Reads a number above 0."""
    if number(value) <= 0:
        raise ValueError("a number above 0")
    return float(value)


def not_negative(value: Any) -> float:
    """Reads a number from 0 up."""
    if number(value) < 0:
        raise ValueError("a number from 0 up")
    return float(value)


def _finite(value: float) -> float:
    if not isfinite(value):
        raise ValueError("a finite number")
    return float(value)


def flag(value: Any) -> bool:
    """Reads true or false, 1 or 0."""
    if value not in (True, False):
        raise ValueError("true or false")
    return bool(value)


def ignored(value: Any) -> Any:
    """Reads an option that does nothing at inference."""
    return value


def one_of(*choices: str) -> Reader:
    """A reader of one of the texts."""

    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(" or ".join(map(repr, choices)))
        return str(value)

    return read


def array(value: Any) -> Array:
    """Reads a number or a (nested) list of numbers."""
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError):
        raise ValueError("a number or a list of numbers") from None
    if not np.isfinite(numbers).all():
        raise ValueError("a finite number or a list of them")
    return numbers


Alpha = str | Array
"""A scale: "auto", "auto_po2", or the numbers."""


def alpha(value: Any) -> Alpha:
    """Reads a scale."""
    if isinstance(value, str) and value in ("auto", "auto_po2"):
        return value
    if isinstance(value, (str, bool)):
        raise ValueError("None, a number, a list of numbers, 'auto' or 'auto_po2'")
    return array(value)


def option(default: Any, read: Reader) -> Any:
    """A quantizer's option: its default in qkeras, and how a file's value is read."""
    return field(default=default, metadata={"read": read})


@dataclass(frozen=True, eq=False)
class Quantizer(ABC):
    """A quantizer of a layer: its options are the fields after ``layer``, in qkeras' order of arguments."""

    layer: KerasLayer

    name: ClassVar[str]
    """What qkeras calls it."""

    @abstractmethod
    def quantize(self, values: Float32) -> QuantizedWeights:
        """What the framework computes of weights.

        Raises:
            UnsupportedError: this quantizer is converted for activations only.
        """

    @abstractmethod
    def activation(self, use: Use) -> str:
        """Add the nodes that quantize an activation, the last called ``use.name``; returns its name.

        Raises:
            UnsupportedError: the scale depends on the data, or this quantizer is converted for weights only.
        """

    def for_kernel(self) -> Quantizer:
        """The quantizer as qkeras' layers change it for a kernel (``_set_trainable_parameter``)."""
        return self


QUANTIZERS: dict[str, type[Quantizer]] = {}

_Q = TypeVar("_Q", bound=type[Quantizer])


def quantizer(name: str) -> Callable[[_Q], _Q]:
    """Register the decorated class as the quantizer of that name, for weights and for activations."""

    def register(cls: _Q) -> _Q:
        cls.name = name
        QUANTIZERS[name] = cls
        activates(name)(_activation)
        return cls

    return register


def _activation(use: Use) -> str:
    called = use.activation
    if called.arguments is not None:
        positional, named = _arguments(use.layer, f"{called.name}({called.arguments})")
        return _make(use.layer, called.name, positional, named).activation(use)
    return _make(use.layer, called.name, (), called.config).activation(use)


def parse_quantizer(layer: KerasLayer, value: object) -> Quantizer | None:
    """The quantizer that a configuration value stands for; None where there is none.

    ``value`` is None, a name or call such as "quantized_bits(4,0,1,alpha='auto')", or a serialized object of
    Keras 2 or 3.

    Raises:
        ModelError: the value or an option is malformed.
        UnsupportedError: there is no quantizer of that name, or it has no such option.
    """
    if value is None:
        return None
    if isinstance(value, str):
        name, bracket, _ = value.strip().partition("(")
        positional, named = _arguments(layer, value) if bracket else ((), {})
        return _make(layer, name.strip(), positional, named)
    if isinstance(value, Mapping):
        class_name, config = value.get("class_name"), value.get("config")
        if isinstance(class_name, str) and isinstance(config or {}, Mapping):
            return _make(layer, class_name.rpartition(">")[2], (), config or {})
    raise layer.error(f"quantizer {value!r:.60} is neither a name nor a serialized object")


def quantize_weights(layer: KerasLayer, values: Array, quantizer: Quantizer | None) -> QuantizedWeights:
    """The layer's weights as the framework quantizes them; without a quantizer, as they are.

    Raises:
        ModelError: the framework would compute NaN or infinity.
        UnsupportedError: the quantizer is one for activations only.
    """
    if quantizer is None:
        return QuantizedWeights(values)
    try:
        with np.errstate(all="ignore"):
            result = quantizer.quantize(values.astype(np.float32))
            finite = bool(np.isfinite(result.product).all())
    except ValueError as error:
        raise layer.error(f"{quantizer.name}: {error!s:.100}") from None
    if not finite:
        raise layer.error(f"{quantizer.name} makes its weights infinite or NaN")
    return result


def _make(layer: KerasLayer, name: str, positional: Sequence[Any], named: Mapping[str, Any]) -> Quantizer:
    cls = QUANTIZERS.get(name)
    if cls is None:
        known = ", ".join(sorted(QUANTIZERS))
        raise layer.unsupported(f"quantizer {name!r:.60} is not supported; these are: {known}")
    options = fields(cls)[1:]
    names = [option.name for option in options]
    if len(positional) > len(names):
        raise layer.error(f"{name} takes {len(names)} arguments, not {len(positional)}")
    given = {**dict(zip(names, positional, strict=False)), **named}
    for key in given:
        if key not in names:
            raise layer.unsupported(f"{name} has no option {key!r:.50}; it has {', '.join(names)}")
    values = {}
    for option in options:
        value = _plain(given.get(option.name))
        if value is None:
            continue
        try:
            values[option.name] = option.metadata["read"](value)
        except (ValueError, OverflowError) as error:
            raise layer.error(f"{option.name} of {name} is {error}, not {value!r:.50}") from None
    if values.get("qnoise_factor", 1.0) != 1.0:
        raise layer.unsupported(
            f"{name} has qnoise_factor {values['qnoise_factor']}, a mix of quantized and float values; "
            "set it to 1.0 and save the model again"
        )
    return cls(layer, **values)


def _plain(value: Any) -> Any:
    """A value without the wrapping in which Keras 3 saves arrays and tensors."""
    if isinstance(value, Mapping) and value.get("class_name") in ("__numpy__", "__tensor__"):
        config = value.get("config")
        return config.get("value") if isinstance(config, Mapping) else None
    return value


def _arguments(layer: KerasLayer, text: str) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """The literal arguments of a call written as text; nothing is evaluated."""
    try:
        if len(text) > _MAX_TEXT:
            raise ValueError("too long")
        call = ast.parse(text.strip(), mode="eval").body
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            raise ValueError("not a call")
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg}
        if len(named) < len(call.keywords):
            raise ValueError("arguments without a name or with the same one")
        return [ast.literal_eval(argument) for argument in call.args], named
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise layer.error(
            f"quantizer {text!r:.60} is no name with literal arguments, as in quantized_bits(4, 0, alpha=1)"
        ) from None


def saturating(bits: int, integer: int, signed: bool, symmetric: bool = False) -> FixedType:
    """A type that rounds half to even and saturates, as qkeras does; ``integer`` includes the sign."""
    overflow = Overflow.SAT_SYM if symmetric and signed else Overflow.SAT
    return FixedType(bits, integer, signed, Rounding.RND_CONV, overflow)


def float32(value: Any) -> Array:
    """The number or numbers as the framework holds them."""
    return np.asarray(value, np.float32).astype(np.float64)


def add_scaled(use: Use, make: Callable[[str], Node], scale: Alpha | None) -> str:
    """Add the node that ``make`` gives for a name, and after it the fixed scale of an activation.

    Raises:
        UnsupportedError: the scale depends on the data.
    """
    if isinstance(scale, str):
        raise use.layer.unsupported(
            f"{use.activation.name} with alpha={scale!r} scales its activations by the data of each batch; "
            "give it a fixed alpha"
        )
    if scale is None or np.all(scale == 1):
        return use.builder.add(make(use.name))
    unscaled = use.builder.add(make(use.builder.unique(f"{use.name}/unscaled")))
    return use.builder.add(Affine(use.name, (unscaled,), without_batch(use, scale)))


def without_batch(use: Use, scale: Array) -> Array:
    """A scale in float32's values, shaped for the input without its batch axis."""
    rank = len(use.builder.shapes[use.source])
    values = float32(scale)
    while values.ndim > rank and values.shape[0] == 1:
        values = values[0]
    return values.reshape(values.shape or (1,))
