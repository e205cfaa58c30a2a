"""Many designs of one network as columns: a layer is described once for each choice that they make for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from accelgen.design import Design, IoType, LayerDesign, Strategy
from accelgen.design.reuse import legalize, matrix_shape
from accelgen.errors import DesignError
from accelgen.ir import Network, Recurrent
from accelgen.surrogates.describe import describe
from accelgen.surrogates.features import Layers, from_records

Indices = npt.NDArray[np.int64]


def multiplying_layers(network: Network) -> list[str]:
    """The layers that a design makes choices for, in order."""
    return [
        node.name
        for node in network
        if isinstance(node, Recurrent) or matrix_shape(node, network) is not None
    ]


def layers_of_designs(network: Network, designs: Sequence[Design]) -> Iterator[tuple[Indices, Layers]]:
    """The columns of designs for one exact, typed network, each made legal, in groups with their positions.

    As `accelgen.surrogates.features.from_records` of `describe`, and some hundred times faster: designs that
    differ in factors only share the descriptions of their layers.

    Raises:
        DesignError: a design names a layer that is not there, or chooses what a layer cannot have.
        PrecisionError: the network has no types yet.
    """
    if not designs:
        return
    names = multiplying_layers(network)
    codes, choices = _coded(network, names, designs)
    for rows in _alike(codes, choices, designs):
        found = [np.unique(column, return_inverse=True) for column in codes[rows].T]
        used = [[choices[code] for code in own] for own, _ in found]
        variants = _Variants(network, designs[int(rows[0])], dict(zip(names, used, strict=True)))
        index = np.stack([np.zeros(rows.shape, np.int64), *(inverse for _, inverse in found)], axis=1)
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            yield part, variants.layers(index[start : start + CHUNK, 1:])


CHUNK = 2048
"""Designs a group: columns that stay in a core's cache."""


def layers_of_factors(network: Network, design: Design, reuse_factors: Mapping[str, npt.ArrayLike]) -> Layers:
    """The columns of d designs that differ from ``design`` in the reuse factors of some layers.

    ``reuse_factors`` has an array (d,) of integers for each of those layers; each becomes legal.

    Raises:
        DesignError: as `layers_of_designs`, or the arrays are not of one length.
    """
    names = [name for name in multiplying_layers(network) if name in reuse_factors]
    if unknown := sorted(set(reuse_factors) - set(names)):
        raise DesignError(f"the network has no layer {unknown[0]!r} that multiplies")
    columns = [np.asarray(reuse_factors[name], np.int64) for name in names]
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
        raise DesignError("give reuse factors as one array for each layer, all of one length")
    found = [np.unique(column, return_inverse=True) for column in columns]
    choices = {
        name: [replace(design.layer(name), reuse_factor=int(factor), pe=0, simd=0) for factor in factors]
        for name, (factors, _) in zip(names, found, strict=True)
    }
    return _Variants(network, design, choices).layers(np.stack([inverse for _, inverse in found], axis=1))


def _coded(
    network: Network, names: Sequence[str], designs: Sequence[Design]
) -> tuple[Indices, list[LayerDesign]]:
    """What designs choose for layers (d, layers), as positions in a list of choices."""
    known = {node.name for node in network}
    numbers: dict[LayerDesign, int] = {}
    by_identity: dict[int, int] = {}  # the designs keep their choices alive, and hashing one takes longer

    def number(choice: LayerDesign) -> int:
        code = by_identity.get(id(choice))
        if code is None:
            code = by_identity[id(choice)] = numbers.setdefault(choice, len(numbers))
        return code

    rows = []
    for design in designs:
        own, default = design.layers, design.default
        if not own.keys() <= known:
            legalize(network, design)  # which names the layer that is not there
        rows.append([number(own.get(name, default)) for name in names])
    return np.array(rows, np.int64).reshape(len(designs), len(names)), list(numbers)


def _alike(codes: Indices, choices: Sequence[LayerDesign], designs: Sequence[Design]) -> list[Indices]:
    """Positions of designs that are built of the same kernels: they differ in factors only."""
    numbers = {strategy: number for number, strategy in enumerate(Strategy)}
    strategies = np.array([numbers[choice.strategy] for choice in choices], np.int64)
    known: dict[tuple[str, IoType, float], int] = {}
    wide = [
        known.setdefault((design.part, design.io_type, design.scheduled_clock_ns), len(known))
        for design in designs
    ]
    keys = np.column_stack([np.array(wide, np.int64), strategies[codes]])
    if (keys == keys[0]).all():
        return [np.arange(len(designs))]
    _, group = np.unique(keys, axis=0, return_inverse=True)
    return [np.flatnonzero(group.reshape(-1) == number) for number in range(int(group.max()) + 1)]


class _Variants:
    """The layers of a network under each choice that some are given, described a choice of each at a time."""

    def __init__(
        self, network: Network, design: Design, choices: Mapping[str, Sequence[LayerDesign]]
    ) -> None:
        records = []
        for position in range(max(map(len, choices.values()), default=1)):
            own = {name: options[min(position, len(options) - 1)] for name, options in choices.items()}
            legal, _ = legalize(network, replace(design, layers={**design.layers, **own}))
            records.append(describe(network, legal))
        self._columns = from_records(records)
        order = {name: column for column, name in enumerate(choices)}
        self._chooser = np.array([order.get(layer.name, -1) for layer in records[0].layers], np.int64)

    def layers(self, index: Indices) -> Layers:
        """The columns of designs whose choices are those at ``index`` (d, layers with choices)."""
        chosen = np.zeros((len(index), len(self._chooser)), np.int64)
        chooses = self._chooser >= 0
        chosen[:, chooses] = index[:, self._chooser[chooses]]
        return self._columns.take(chosen * len(self._chooser) + np.arange(len(self._chooser)))
