"""Training of the graph network, with Keras on TensorFlow; `network` needs neither.

The same rows give the same weights, on one kind of processor and version of TensorFlow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import UsageError
from accelgen.surrogates.features import Flags, Numbers, from_records, measurements
from accelgen.surrogates.graph.inputs import (
    TARGETS,
    Floats,
    GraphInputs,
    concatenate,
    graph_inputs,
    settings,
)
from accelgen.surrogates.graph.network import GraphNetwork, log_residual
from accelgen.surrogates.learn.folds import group_folds
from accelgen.surrogates.record import Synthesis
from accelgen.surrogates.rules import Domain, Estimate, Prices, domain_of, estimate
from accelgen.surrogates.rules.calibrate import calibrate, without

if TYPE_CHECKING:
    from accelgen.surrogates.graph.keras_model import GraphModel

_SHARES = np.linspace(0, 1, 11)
_LEAST_DEVIATION = 1e-3


@dataclass(frozen=True)
class Recipe:
    """How the network is trained.

    Attributes:
        members: networks whose residuals are averaged; each leaves out a part of the groups, which say when
            to stop and how far to believe.
        hidden: units of a layer's state.
        rounds: of message passing.
        steps: at most, of AdamW over all rows.
        every: steps between looks at the groups left out.
        learning_rate: at the start; it falls to 0 as a cosine does.
        weight_decay: of AdamW.
        dropout: share of hidden units that a step leaves out.
        doubt: standard errors, over groups, by which a gain must exceed 0 to be believed.
        seed: of initial weights and dropout.
    """

    members: int = 4
    hidden: int = 32
    rounds: int = 2
    steps: int = 500
    every: int = 20
    learning_rate: float = 0.005
    weight_decay: float = 0.1
    dropout: float = 0.3
    doubt: float = 1.0
    seed: int = 1


DEFAULT_RECIPE = Recipe()


def train_graph_network(
    rows: Iterable[Synthesis], prices: Prices, recipe: Recipe = DEFAULT_RECIPE
) -> GraphNetwork:
    """Learn what the rules with ``prices`` miss of successful syntheses.

    A first training finds where that can be learned, and a second learns that alone. Where the network errs
    no less than the rules on groups that it did not see, its scale is 0.

    Raises:
        UsageError: Keras or TensorFlow is missing, or no row is there to learn from.
    """
    model_type, tensors = require_keras()
    table = [row for row in rows if row.success and row.targets]
    if not table:
        raise UsageError("there is no successful synthesis to train the graph network on")
    examples = _examples(table, prices)
    mean, inverse_deviation = _normalisation(examples.inputs.nodes)
    inputs = tensors(examples.inputs)

    def fit(wanted: _Examples) -> tuple[dict[str, Floats], Numbers]:
        model = model_type(
            mean,
            inverse_deviation,
            members=recipe.members,
            hidden=recipe.hidden,
            rounds=recipe.rounds,
            dropout=recipe.dropout,
            seed=recipe.seed,
        )
        return _fit(model, inputs, wanted, recipe)

    _, shares = fit(examples)
    examples = replace(examples, scale=examples.scale * (shares > 0))
    weights, shares = fit(examples)
    scale = (examples.scale * shares).astype(np.float32)
    return GraphNetwork(examples.settings, {**weights, "scale": scale})


def out_of_fold(
    rows: Sequence[Synthesis],
    folds: npt.NDArray[np.int64],
    recipe: Recipe = DEFAULT_RECIPE,
    prices_of: Callable[[Sequence[Synthesis]], Prices] = calibrate,
) -> Numbers:
    """Figures (n, t) of each row from networks and prices that know none of its fold's groups.

    Targets are `TARGETS`. One network is trained a fold, for all domains together.

    Raises:
        UsageError: as `train_graph_network`.
    """
    found = np.full((len(rows), len(TARGETS)), np.nan)
    for fold in np.unique(folds):
        others = without(rows, {row.group for row, own in zip(rows, folds, strict=True) if own == fold})
        prices = prices_of(others)
        network = train_graph_network(others, prices, recipe)
        for domain, places in _by_domain(rows).items():
            inside = [place for place in places if folds[place] == fold]
            layers = from_records([rows[place].design for place in inside])
            figures = network.correct(layers, estimate(layers, domain, prices), domain)
            found[inside] = np.column_stack([figures[target] for target in TARGETS])
    return found


@dataclass(frozen=True, eq=False)
class _Examples:
    """Rows (d,), their log residuals (d, t), NaN where not measured, and what they are divided by.

    ``scale`` (settings, t) is their mean size, 0 where nothing is to be learned.
    """

    rows: Sequence[Synthesis]
    settings: tuple[str, ...]
    inputs: GraphInputs
    residuals: Numbers
    scale: Numbers

    @property
    def goal(self) -> Numbers:
        """What the network is to say, (d, t); NaN where nothing is known, or nothing is to be learned."""
        scale = self.scale[self.inputs.setting]
        goal = np.full(self.residuals.shape, np.nan)
        np.divide(self.residuals, scale, out=goal, where=scale > 0)
        return goal

    def folds(self, folds: int) -> npt.NDArray[np.int64]:
        """Folds of rows (d,) by group, in each setting by itself."""
        assigned = np.zeros(len(self.rows), np.int64)
        for number in range(len(self.settings)):
            inside = np.flatnonzero(self.inputs.setting == number).tolist()
            assigned[inside] = group_folds([self.rows[row] for row in inside], folds)
        return assigned


def _by_domain(rows: Sequence[Synthesis]) -> dict[Domain, list[int]]:
    """Places of rows, domain by domain."""
    places: dict[Domain, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(domain_of(row), []).append(place)
    return places


def _examples(table: Sequence[Synthesis], prices: Prices) -> _Examples:
    by_domain = {domain: [table[place] for place in own] for domain, own in _by_domain(table).items()}
    columns = {domain: from_records([row.design for row in own]) for domain, own in by_domain.items()}
    names = tuple(sorted({name for domain, own in columns.items() for name in settings(own, domain)}))
    parts: list[GraphInputs] = []
    residuals: list[Numbers] = []
    for domain, layers in columns.items():
        ruled = estimate(layers, domain, prices)
        parts.append(graph_inputs(layers, ruled, domain, names))
        residuals.append(_residuals(by_domain[domain], ruled))
    inputs, errors = concatenate(parts), np.concatenate(residuals)
    scale = np.stack([_mean_size(errors[inputs.setting == number]) for number in range(len(names))])
    return _Examples([row for own in by_domain.values() for row in own], names, inputs, errors, scale)


def _residuals(rows: Sequence[Synthesis], ruled: Estimate) -> Numbers:
    return np.column_stack(
        [log_residual(target, measurements(rows, target), ruled.designs[target]) for target in TARGETS]
    )


def _mean_size(residuals: Numbers) -> Numbers:
    """The mean size of known residuals, (t,), 0 where none is known."""
    known = ~np.isnan(residuals)
    sums = np.where(known, np.abs(residuals), 0).sum(axis=0)
    mean: Numbers = sums / np.maximum(known.sum(axis=0), 1)
    return mean


def _normalisation(nodes: Floats) -> tuple[Floats, Floats]:
    """Mean and inverse deviation (f,); 0 for a feature that hardly varies, of which nothing is learned."""
    deviation = nodes.std(axis=0, dtype=np.float64)
    inverse = np.divide(1, deviation, out=np.zeros(deviation.shape), where=deviation > _LEAST_DEVIATION)
    return nodes.mean(axis=0, dtype=np.float64).astype(np.float32), inverse.astype(np.float32)


def require_keras() -> tuple[type[GraphModel], Any]:
    """The network in Keras, and what makes its inputs; from here on, TensorFlow is deterministic.

    Raises:
        UsageError: Keras 3 or TensorFlow is missing.
    """
    try:
        import keras
        import tensorflow

        from accelgen.surrogates.graph.keras_model import GraphModel, tensors
    except ImportError as error:
        raise UsageError(
            f"training the graph network needs Keras 3 on TensorFlow, but {error.name} is missing; "
            "install accelgen[keras]"
        ) from None
    if keras.backend.backend() != "tensorflow":
        raise UsageError("training the graph network needs Keras on TensorFlow; set KERAS_BACKEND=tensorflow")
    tensorflow.config.experimental.enable_op_determinism()
    with suppress(RuntimeError):  # TensorFlow is in use already: its threads are as they are
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return GraphModel, tensors


def _fit(
    model: GraphModel, inputs: dict[str, Any], examples: _Examples, recipe: Recipe
) -> tuple[dict[str, Floats], Numbers]:
    """Train all members together; return weights, and how far to believe them (settings, t).

    The weights are those of the step that gains most on rows that a member does not learn from.
    """
    import keras
    import tensorflow as tf

    goal = examples.goal
    known = ~np.isnan(goal)
    held_out = np.arange(recipe.members)[:, None] == examples.folds(recipe.members)
    wanted = tf.constant(np.where(known, goal, 0), tf.float32)
    learned = tf.constant(known & ~held_out[..., None], tf.float32)
    schedule = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, recipe.steps)
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)
    optimizer.build(model.trainable_variables)

    @tf.function  # type: ignore[untyped-decorator]
    def step() -> None:
        with tf.GradientTape() as tape:
            errors = tf.abs(model(inputs, training=True) - wanted)
            loss = tf.reduce_sum(errors * learned) / tf.maximum(tf.reduce_sum(learned), 1.0)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    weights, shares, most = model.arrays(), np.zeros(examples.scale.shape), 0.0
    for number in range(recipe.steps + 1):
        if number % recipe.every == 0:
            unseen = np.where(held_out[..., None], model(inputs).numpy(), 0).sum(axis=0)
            believed, gain = _believed(examples, goal, unseen, recipe.doubt)
            if gain > most:
                weights, shares, most = model.arrays(), believed, gain
        step()
    return weights, shares


def _believed(examples: _Examples, goal: Numbers, unseen: Numbers, doubt: float) -> tuple[Numbers, float]:
    """How much of what was said of unseen rows (d, t) to believe, (settings, t), and the gain over all rows.

    From 0 to 1: what lowers the absolute error most, at the lower end of what the groups' means leave open.
    """
    groups = np.unique([row.group for row in examples.rows], return_inverse=True)[1]
    shares = np.zeros(examples.scale.shape)
    total = 0.0
    for number, column in np.ndindex(*shares.shape):
        rows: Flags = (examples.inputs.setting == number) & ~np.isnan(goal[:, column])
        own = np.unique(groups[rows], return_inverse=True)[1]
        if not rows.any() or own.max() == 0:
            continue
        wanted, said = goal[rows, column], unseen[rows, column]
        gains = np.abs(wanted) - np.abs(_SHARES[:, None] * said - wanted)
        counts = np.bincount(own)
        means = np.stack([np.bincount(own, gain) for gain in gains]) / counts
        sure = means.mean(axis=1) - doubt * means.std(axis=1, ddof=1) / np.sqrt(counts.size)
        best = int(np.argmax(sure))
        shares[number, column] = _SHARES[best]
        total += float(gains[best].sum())
    return shares, total
