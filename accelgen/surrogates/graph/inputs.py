"""What the graph network sees of designs: a vector a layer, the data flow, and shares in ruled figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from accelgen.surrogates import record
from accelgen.surrogates.features import Layers, Numbers
from accelgen.surrogates.learn.scope import family_name, main_families
from accelgen.surrogates.record import LayerKind
from accelgen.surrogates.rules import Domain, Estimate

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

TARGETS = tuple(target for target in record.TARGETS if target != "uram")
"""What is predicted, in the order of every array of targets; no URAM was ever measured in use."""

_SIZES = (
    "n_in",
    "n_out",
    "positions",
    "parallel_positions",
    "input_bits",
    "weight_bits",
    "sum_bits",
    "result_bits",
    "nonzero",
    "digits",
    "dsp_products",
    "reuse_factor",
    "table_size",
    "block_factor",
    "sharing",
    "stored_bits",
)
_FLAGS = ("constant", "looped", "first", "last")

_RAMPED = ("n_in", "n_out", "reuse_factor", "block_factor")
_DOUBLINGS = range(12)
_BITS = range(1, 17)


FEATURES = (
    *_SIZES,
    *_FLAGS,
    "known_weights",
    "uneven_sharing",
    "uneven_loop",
    "stream",
    "fast",
    "clock_ns",
    *(f"is {kind.value}" for kind in LayerKind),
    *(f"{name} beyond 2**{step}" for name in _RAMPED for step in _DOUBLINGS),
    *(f"weight_bits beyond {step}" for step in _BITS),
    *(f"{target} {of}" for of in ("of the layer", "of the design", "share") for target in TARGETS),
)
"""The columns of `GraphInputs.nodes`, sizes and figures as log2(1 + x); one for each setting follows them.

Those "beyond" a power of two rise from 0 to 1 between it and the next: a network of few units sees steps by
them (piecewise linear encoding, Gorishniy et al., arXiv:2203.05556).
"""


@dataclass(frozen=True, eq=False)
class GraphInputs:
    """n layers of d designs with t targets (`TARGETS`).

    Attributes:
        nodes: features of layers, (n, f).
        edges: as `Layers.edges`, (2, e).
        design: the design of each layer, (n,), ascending.
        shares: the part that each layer has in the rules' figure of its design, (n, t); a design's sum to 1.
        setting: number of each design's setting (`settings`), (d,), -1 for one that is not known.
    """

    nodes: Floats
    edges: Rows
    design: Rows
    shares: Floats
    setting: Rows

    def chunks(self, designs: int) -> Iterator[GraphInputs]:
        """The same in parts of so many designs, in order."""
        starts = np.arange(0, self.setting.size, designs)
        rows = np.searchsorted(self.design, np.append(starts, self.setting.size)).tolist()
        ends = np.searchsorted(self.edges[1], rows).tolist()
        for number, start in enumerate(starts.tolist()):
            own = slice(rows[number], rows[number + 1])
            yield GraphInputs(
                nodes=self.nodes[own],
                edges=self.edges[:, ends[number] : ends[number + 1]] - own.start,
                design=self.design[own] - start,
                shares=self.shares[own],
                setting=self.setting[start : start + designs],
            )


def settings(layers: Layers, domain: Domain) -> list[str]:
    """The setting of each design, (d,): its domain, and the family of the layer with the most products.

    "Vivado HLS 2019.1 c_synthesis: folded conv1d in a stream", for example: rules err differently in each.
    """
    names, rows = _settings(layers, domain)
    return [names[row] for row in rows]


def graph_inputs(layers: Layers, ruled: Estimate, domain: Domain, known: Sequence[str]) -> GraphInputs:
    """Designs of one domain with what the rules say of them, for a network that knows some settings."""
    names, rows = _settings(layers, domain)
    setting = np.array([known.index(name) if name in known else -1 for name in names], np.int64)[rows]
    own = _own_figures(layers, ruled)
    whole = np.stack([_log(ruled.designs[target]) for target in TARGETS])
    shares = _shares(layers, own)
    sizes = {name: _log(getattr(layers, name)) for name in _SIZES}
    columns = (
        *sizes.values(),
        *(getattr(layers, name) for name in _FLAGS),
        layers.nonzero >= 0,
        layers.sharing % 2,
        np.log2(layers.reuse_factor) % 1 > 0,
        layers.stream[layers.design],
        layers.fast[layers.design],
        _log(layers.clock_ns)[layers.design],
        *(layers.is_kind(kind) for kind in LayerKind),
        *(ramp for name in _RAMPED for ramp in _ramps(sizes[name], _DOUBLINGS)),
        *_ramps(layers.weight_bits.astype(np.float32), _BITS),
        *(_log(row) for row in own),
        *whole[:, layers.design],
        *shares,
        *((setting == number)[layers.design] for number in range(len(known))),
    )
    nodes = np.empty((len(columns), layers.n_in.size), np.float32)
    for row, column in zip(nodes, columns, strict=True):
        row[:] = column
    return GraphInputs(nodes.T, layers.edges, layers.design, shares.T, setting)


def concatenate(parts: Sequence[GraphInputs]) -> GraphInputs:
    """All designs, in the order of the parts."""
    layers = np.cumsum([0, *(part.design.size for part in parts)])
    designs = np.cumsum([0, *(part.setting.size for part in parts)])
    return GraphInputs(
        nodes=np.concatenate([part.nodes for part in parts]),
        edges=np.concatenate(
            [part.edges + start for part, start in zip(parts, layers, strict=False)], axis=1
        ),
        design=np.concatenate([part.design + start for part, start in zip(parts, designs, strict=False)]),
        shares=np.concatenate([part.shares for part in parts]),
        setting=np.concatenate([part.setting for part in parts]),
    )


def _settings(layers: Layers, domain: Domain) -> tuple[list[str], Rows]:
    """Names of settings, and the one of each design by its place, (d,)."""
    found, rows = np.unique(main_families(layers), return_inverse=True)
    return [f"{domain.name}: {family_name(family)}" for family in found.tolist()], rows


def _log(values: Numbers) -> Floats:
    logs: Floats = np.log2(1 + np.maximum(values, 0), dtype=np.float32)
    return logs


def _ramps(values: Floats, starts: range) -> Iterator[Floats]:
    return (np.minimum(np.maximum(values - np.float32(start), 0), 1) for start in starts)


def _own_figures(layers: Layers, ruled: Estimate) -> Numbers:
    """What the rules say of each layer, (t, n); 0 where they say it of designs only, as of the clock."""
    none = np.zeros(layers.n_in.shape)
    return np.stack([ruled.layers.get(target, none) for target in TARGETS])


def _shares(layers: Layers, own: Numbers) -> Floats:
    """The part of each layer in its design's sum, (t, n): equal parts where the sum is 0."""
    count = np.bincount(layers.design, minlength=layers.n_designs)[layers.design]
    shares = np.empty(own.shape, np.float32)
    for row, figures in zip(shares, own, strict=True):
        total = layers.total(figures)[layers.design]
        row[:] = np.divide(figures, total, out=1 / count, where=total > 0)
    return shares
