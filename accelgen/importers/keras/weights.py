"""Where a model's layers find their variables: by layer name in H5, by class and order in .keras."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from accelgen.errors import ModelError
from accelgen.importers.keras.hdf5 import Group
from accelgen.importers.keras.layer import RawArray


@dataclass(frozen=True)
class LayerId:
    """What tells a layer apart in its model; ``class_name`` is empty for an operation, which is no layer."""

    class_name: str
    name: str


class Weights(Protocol):
    """The variables of one model, which may hold other models."""

    def of_layer(self, index: int) -> Mapping[str, RawArray]:
        """The variables of the model's ``index``-th layer, as `KerasLayer.weights` has them."""

    def of_model(self, index: int, layers: Sequence[LayerId]) -> Weights:
        """The variables of the model that is the ``index``-th layer and consists of ``layers``."""


def weights_in(root: Group, layers: Sequence[LayerId], source: str) -> Weights:
    """The variables in an H5 file, weights alone or a whole model, written by Keras 2 or 3.

    Raises:
        ModelError: the file is laid out in no known way.
    """
    group = root.group("model_weights") or root
    if group.texts("layer_names"):
        return _Named(group, layers)
    if any(container in group for container in _CONTAINERS):
        return _Numbered(group, layers)
    raise ModelError(f"{source}: it is no weights file of Keras (no layer_names and no group 'layers')")


@dataclass(frozen=True)
class _Named:
    """A group for each layer, whose ``weight_names`` list the variables (keras 3.15, legacy_h5_format.py)."""

    group: Group
    layers: Sequence[LayerId]

    def of_layer(self, index: int) -> Mapping[str, RawArray]:
        group = self.group.group(self.layers[index].name)
        return {} if group is None else _without_scopes(group, group.texts("weight_names"))

    def of_model(self, index: int, layers: Sequence[LayerId]) -> Weights:
        group = self.group.group(self.layers[index].name)
        return _Nested(group or self.group, () if group is None else group.texts("weight_names"), layers)


@dataclass(frozen=True)
class _Nested:
    """A model in a model of that format: its layers' names are in the ``paths`` of one group."""

    group: Group
    paths: Sequence[str]
    layers: Sequence[LayerId]

    def of_layer(self, index: int) -> Mapping[str, RawArray]:
        return _without_scopes(self.group, self._below(index))

    def of_model(self, index: int, layers: Sequence[LayerId]) -> Weights:
        # Keras 3 writes "<model>/<layer>/kernel", TensorFlow's Keras 2 only "<layer>/kernel:0"
        return _Nested(self.group, self._below(index) or self.paths, layers)

    def _below(self, index: int) -> list[str]:
        scope = f"/{self.layers[index].name}/"
        return [path for path in self.paths if scope in f"/{path}"]


def _without_scopes(group: Group, paths: Sequence[str]) -> dict[str, RawArray]:
    """The arrays at ``paths``, without the leading scopes that all share and without TensorFlow's ":0"."""
    parts = [path.split("/") for path in paths]
    shared = 0
    while parts and all(len(part) > shared + 1 and part[shared] == parts[0][shared] for part in parts):
        shared += 1
    return {
        "/".join(part[shared:]).removesuffix(":0"): group.array(path)
        for part, path in zip(parts, paths, strict=True)
    }


_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")
"""What the group of a model's layers is called: by Keras 3, and by TensorFlow 2.12 and 2.13 before it."""


@dataclass(frozen=True)
class _Numbered:
    """Groups called by class in snake case, counted in layer order (keras 3.15, saving_lib.py)."""

    group: Group | None
    layers: Sequence[LayerId]

    def of_layer(self, index: int) -> Mapping[str, RawArray]:
        group = self._below(index)
        return {} if group is None else {path: group.array(path) for path in group.arrays()}

    def of_model(self, index: int, layers: Sequence[LayerId]) -> Weights:
        return _Numbered(self._below(index), layers)

    def _below(self, index: int) -> Group | None:
        name = snake_case(self.layers[index].class_name)
        before = Counter(snake_case(layer.class_name) for layer in self.layers[:index])[name]
        path = f"{name}_{before}" if before else name
        if self.group is None:
            return None
        found = (self.group.group(f"{container}/{path}") for container in _CONTAINERS)
        return next((group for group in found if group is not None), None)


def snake_case(class_name: str) -> str:
    """A class's name in Keras 3's weight files: "QConv2D" is "q_conv2d" (keras 3.15, naming.py)."""
    name = re.sub(r"\W+", "", class_name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
