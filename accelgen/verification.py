"""Proves that a project computes its network: compiled C++ against the golden model, bit by bit.

Where the framework's own answers are at hand, the golden model is compared with them too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen import reference
from accelgen.backend.csim import CompiledProject, compile_project
from accelgen.backend.project import read_report
from accelgen.errors import UsageError
from accelgen.ir import Network, Quantize, Softmax
from accelgen.ir.fixed import FixedArray, from_real, hold
from accelgen.ir.serialize import load
from accelgen.project_files import NETWORK, REPORT

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """How the golden model's outputs compare with the framework's.

    ``argmax_agreement`` is the share of samples whose largest output is the same one (largest logit, where a
    softmax ends the network), a tie in the golden model counting where the framework's choice is among the
    largest; None for a single output value.
    ``max_abs_error_before_softmax`` compares logarithms of the softmax, which are the logits up to a shift a
    sample; None where the network does not end in a softmax.
    """

    argmax_agreement: float | None
    max_abs_error: float
    mean_abs_error: float
    max_abs_error_before_softmax: float | None


@dataclass(frozen=True)
class Difference:
    """The first layer, in the network's order, whose compiled result differs from the golden model's."""

    layer: str
    values_that_differ: int
    sample: int
    golden: float
    compiled: float


@dataclass(frozen=True)
class Verification:
    """The result of `verify_project`.

    ``outputs`` counts the output values of a sample; ``csim_mismatches`` counts, over all samples, the output
    values in which the compiled project and the golden model differ.
    """

    samples: int
    outputs: int
    csim_mismatches: int
    agreement: Agreement | None
    layers_compared: int | None = None
    first_difference: Difference | None = None

    @property
    def passed(self) -> bool:
        """Whether the compiled project equals the golden model in every bit."""
        return self.csim_mismatches == 0

    def as_json(self) -> dict[str, Any]:
        """The flat form that ``accelgen verify --json`` prints."""
        keys = ("argmax_agreement", "max_abs_error", "mean_abs_error", "max_abs_error_before_softmax")
        agreement = dict.fromkeys(keys) if self.agreement is None else asdict(self.agreement)
        return {
            "samples": self.samples,
            "outputs": self.outputs,
            "csim_mismatches": self.csim_mismatches,
            **agreement,
            "layers_compared": self.layers_compared,
            "first_difference": None if self.first_difference is None else asdict(self.first_difference),
        }


def random_inputs(network: Network, samples: int, seed: int) -> dict[str, FixedArray]:
    """Codes drawn evenly from every input's type, (samples, *shape).

    Raises:
        UsageError: no samples are asked for, or the seed is negative.
    """
    if samples < 1 or seed < 0:
        raise UsageError(f"{samples} samples from the seed {seed} cannot be drawn; give 1 or more, from 0 up")
    rng = np.random.default_rng(seed)
    drawn = {}
    for node in network.inputs:
        assert node.type is not None, "an exact network's inputs have types"
        values = rng.uniform(node.type.min, node.type.max, (samples, *node.shape))
        drawn[node.name] = from_real(values, node.type)
    return drawn


def verify_project(
    directory: Path,
    inputs: Mapping[str, npt.NDArray[Any]] | None = None,
    expected: Sequence[npt.NDArray[Any]] | None = None,
    *,
    layers: bool = False,
    samples: int = 1000,
    seed: int = 0,
) -> Verification:
    """Run the compiled project and the golden model on the same inputs and compare.

    Args:
        directory: a project that accelgen wrote.
        inputs: real inputs by name, (n, *shape), quantized to the input types first; None draws ``samples``
            random ones from the whole input types.
        expected: the framework's outputs, (n, *shape) each, in the network's order.
        layers: compare every layer's result too.
        samples: how many random samples to draw.
        seed: of those.

    Raises:
        UsageError: data that do not fit the network.
        ModelError: the directory holds no readable project.
        ToolError: the project does not compile.
    """
    network = load(directory / NETWORK)
    codes = (
        random_inputs(network, samples, seed)
        if inputs is None
        else reference.quantize_inputs(network, inputs)
    )
    count = next(iter(codes.values())).codes.shape[0]
    if count == 0:
        raise UsageError("the data hold no samples")
    _check_ports(directory, network)
    compiled = compile_project(directory)
    golden = reference.evaluate(network, codes, keep=_compared(network))
    results = compiled.predict(codes)
    mismatches = sum(
        int(np.count_nonzero(differing(golden[name], results[name]))) for name in network.outputs
    )
    compared, difference = _compare_layers(network, codes, compiled) if layers else (None, None)
    return Verification(
        samples=count,
        outputs=sum(int(np.prod(network.shapes[name])) for name in network.outputs),
        csim_mismatches=mismatches,
        agreement=None if expected is None else compare(network, golden, expected),
        layers_compared=compared,
        first_difference=difference,
    )


def _check_ports(directory: Path, network: Network) -> None:
    """Refuse a project whose report and network are not of one build."""
    report = read_report(directory)
    for ports, names in (
        (report.inputs, [node.name for node in network.inputs]),
        (report.outputs, network.outputs),
    ):
        wanted = [(name, network.shapes[name], network.types[name].storage()) for name in names]
        if [(port.name, port.shape, port.type) for port in ports] != wanted:
            raise UsageError(f"{directory}: {REPORT} and {NETWORK} do not fit; build the project again")


def differing(first: FixedArray, second: FixedArray) -> npt.NDArray[np.bool_]:
    """Where two results are not the same number."""
    fraction = max(first.fraction, second.fraction)
    a, b = first.at(fraction), second.at(fraction)
    limit = max(a.limit, b.limit)
    return np.asarray(hold(a.codes, limit) != hold(b.codes, limit), np.bool_)


def _compare_layers(
    network: Network, codes: Mapping[str, FixedArray], compiled: CompiledProject
) -> tuple[int, Difference | None]:
    traced = compiled.trace(codes)
    names = [node.name for node in network if node.name in traced]
    golden = reference.evaluate(network, codes, keep=names)
    for name in names:
        differs = differing(golden[name], traced[name])
        if differs.any():
            index = tuple(int(axis[0]) for axis in np.nonzero(differs))
            return len(names), Difference(
                name,
                int(differs.sum()),
                index[0],
                float(golden[name].values[index]),
                float(traced[name].values[index]),
            )
    return len(names), None


def _compared(network: Network) -> tuple[str, ...]:
    """The outputs, and the logits of those that a softmax gives."""
    softmaxes = (_final_softmax(network, name) for name in network.outputs)
    logits = (node.inputs[0] for node in softmaxes if node is not None)
    return tuple(dict.fromkeys((*network.outputs, *logits)))


def compare(
    network: Network,
    golden: Mapping[str, FixedArray],
    expected: Sequence[npt.NDArray[Any]],
) -> Agreement:
    """The golden model's outputs against the framework's, (n, *shape) each in the network's order.

    ``golden`` holds the outputs and, where a softmax gives one, its logits.

    Raises:
        UsageError: the numbers of outputs or their shapes do not match.
    """
    if len(expected) != len(network.outputs):
        raise UsageError(f"the network has {len(network.outputs)} outputs, the data hold {len(expected)}")
    errors: list[Real] = []
    logit_errors: list[float] = []
    agreeing: list[npt.NDArray[np.bool_]] = []
    for name, wanted in zip(network.outputs, expected, strict=True):
        got = golden[name].values
        want = np.asarray(wanted, np.float64)
        if want.size != got.size or want.shape[:1] != got.shape[:1]:
            raise UsageError(f"the output {name!r} has shape {got.shape}, the data's y has {want.shape}")
        want = want.reshape(got.shape)
        errors.append(np.abs(got - want).ravel())
        softmax = _final_softmax(network, name)
        ranked = got
        if softmax is not None:
            logits = golden[softmax.inputs[0]].values
            logit_errors.append(_logit_error(logits, want))
            ranked = logits
        classes = network.shapes[name][-1]
        if classes > 1:
            rows, chosen = ranked.reshape(-1, classes), want.reshape(-1, classes).argmax(-1)
            agreeing.append(rows[np.arange(len(rows)), chosen] == rows.max(-1))
    every = np.concatenate(errors)
    return Agreement(
        float(np.concatenate(agreeing).mean()) if agreeing else None,
        float(every.max()),
        float(every.mean()),
        max(logit_errors) if logit_errors else None,
    )


def _final_softmax(network: Network, name: str) -> Softmax | None:
    node = network[name]
    while isinstance(node, Quantize):
        node = network[node.inputs[0]]
    return node if isinstance(node, Softmax) else None


def _logit_error(logits: Real, probabilities: Real) -> float:
    """The largest difference of log-softmax, where float32 could hold the framework's probability."""
    shifted = logits - logits.max(-1, keepdims=True)
    own = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    held = probabilities > np.finfo(np.float32).tiny
    if not held.any():
        return 0.0
    return float(np.max(np.abs(own[held] - np.log(probabilities[held]))))
