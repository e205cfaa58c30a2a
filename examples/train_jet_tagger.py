"""Trains the 6-bit jet tagger in ``jet_tagger/`` with QKeras on jets that this script makes.

    pip install 'accelgen[train]'
    python examples/train_jet_tagger.py

The data are a toy simulation, not recorded collisions: jets of 1 TeV from a gluon, a light quark, a W, a Z
or a top quark, as one, two or three sprays of particles whose opening angles follow from the masses. The 16
inputs are substructure observables of a jet's particles (Larkoski, Moult, Nachman, "Jet substructure at the
Large Hadron Collider", 2017, reviews them). The network is that of Duarte et al., "Fast inference of deep
neural networks in FPGAs for particle physics" (2018): 16-64-32-32-5.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import numpy.typing as npt
from qkeras import QActivation, QDense, quantized_bits, quantized_relu

Array = npt.NDArray[np.float64]

SEED = 2026
PT_GEV = 1000.0
PARTICLES = 20
"""Of each prong, of which a random number is there."""
TRAINING_JETS, TEST_JETS = 40_000, 1_000
GRID = 2.0**-8
"""Inputs lie on the grid of accelgen's default input type, so that quantizing them changes nothing."""


@dataclass(frozen=True)
class Kind:
    """What starts a jet: masses (GeV) of what decays first and within that, and each prong's particles."""

    mass: float
    inner_mass: float
    particles: float
    spread: float
    """Typical angle between a particle and its prong."""


KINDS = {
    "gluon": Kind(0.0, 0.0, 17.0, 0.12),
    "quark": Kind(0.0, 0.0, 10.0, 0.07),
    "W": Kind(80.4, 0.0, 9.0, 0.05),
    "Z": Kind(91.2, 0.0, 9.0, 0.05),
    "top": Kind(172.7, 80.4, 8.0, 0.05),
}


def decay(mass: float, momentum: Array, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Momentum fractions and positions (n, 2) of the two products of a collinear two-body decay."""
    share = rng.uniform(0.1, 0.9, len(momentum))
    angle = mass / (momentum * np.sqrt(share * (1 - share)))
    azimuth = rng.uniform(0, 2 * np.pi, len(momentum))
    axis = angle[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    return share, axis * (1 - share)[:, None], -axis * share[:, None]


def prongs(kind: Kind, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Momentum fractions (n, 3) and positions (n, 3, 2) of a jet's prongs; absent ones have fraction 0."""
    share, place = np.zeros((n, 3)), np.zeros((n, 3, 2))
    if kind.mass == 0:
        share[:, 0] = 1
        return share, place
    momentum = np.full(n, PT_GEV)
    share[:, 0], place[:, 0], place[:, 1] = decay(rng.normal(kind.mass, 2.5), momentum, rng)
    share[:, 1] = 1 - share[:, 0]
    if kind.inner_mass:
        inner, first, second = decay(kind.inner_mass, share[:, 1] * PT_GEV, rng)
        place[:, 2], place[:, 1] = place[:, 1] + second, place[:, 1] + first
        share[:, 2], share[:, 1] = share[:, 1] * (1 - inner), share[:, 1] * inner
    return share, place


def jets(kind: Kind, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Momentum fractions (n, particles) and positions (n, particles, 2) of the particles of ``n`` jets."""
    share, place = prongs(kind, n, rng)
    there = np.arange(PARTICLES) < rng.poisson(kind.particles, (n, 3, 1)).clip(2)
    weights = rng.gamma(0.5, 1.0, (n, 3, PARTICLES)) * there + 1e-9
    momentum = share[..., None] * weights / weights.sum(axis=2, keepdims=True)
    softness = np.sqrt(0.05 / (momentum + 0.02))
    offset = rng.normal(0, kind.spread, (n, 3, PARTICLES, 2)) * softness[..., None]
    position = place[:, :, None] + offset
    momentum = momentum * rng.normal(1, 0.05, momentum.shape).clip(0.5)  # the detector's resolution
    momentum /= momentum.sum(axis=(1, 2), keepdims=True)
    return momentum.reshape(n, -1), position.reshape(n, -1, 2)


def observables(z: Array, position: Array) -> Array:
    """The 16 inputs (n, 16) of jets given by momentum fractions ``z`` and positions."""
    centre = (z[..., None] * position).sum(axis=1, keepdims=True)
    radius = np.linalg.norm(position - centre, axis=2)
    distance = np.linalg.norm(position[:, :, None] - position[:, None], axis=3)
    pairs = 0.5 * z[:, :, None] * z[:, None]
    mass = PT_GEV * np.sqrt((pairs * distance**2).sum(axis=(1, 2)) + 1e-9)
    nearest = np.take_along_axis(distance, np.argsort(-z, axis=1)[:, :1, None], axis=1)[:, 0]
    tau = [(z * nearest).sum(axis=1)]
    for _ in range(2):  # the next axis is where most momentum lies far from the axes so far
        furthest = np.argmax(z * nearest, axis=1)
        nearest = np.minimum(nearest, distance[np.arange(len(z)), furthest])
        tau.append((z * nearest).sum(axis=1))
    spread = np.einsum("np,npi,npj->nij", z, position - centre, position - centre)
    small, large = np.linalg.eigvalsh(spread).T
    columns = [
        -(z * np.log(z + 1e-12)).sum(axis=1),
        np.sqrt((z**2).sum(axis=1)),
        *((pairs * distance**beta).sum(axis=(1, 2)) for beta in (0.5, 1, 2)),
        mass,
        np.log(mass),
        *((z * radius**power).sum(axis=1) for power in (0.5, 1, 2)),
        *tau,
        tau[1] / tau[0],
        tau[2] / tau[1],
        small / (large + 1e-9),
    ]
    return np.stack(columns, axis=1)


def dataset(n: int, rng: np.random.Generator) -> tuple[Array, npt.NDArray[np.int64]]:
    """Observables (n, 16) and classes (n,) of jets of all kinds, shuffled."""
    x = np.concatenate([observables(*jets(kind, n // len(KINDS), rng)) for kind in KINDS.values()])
    order = rng.permutation(len(x))
    return x[order], np.repeat(np.arange(len(KINDS)), n // len(KINDS))[order]


def tagger() -> keras.Model:
    """The network: weights and biases of 6 bits, activations of 6 bits, and a softmax."""
    layers: list[keras.Layer] = [keras.Input((16,), name="observables")]
    for number, units in enumerate((64, 32, 32), start=1):
        layers.append(dense(units, f"fc{number}"))
        layers.append(QActivation(quantized_relu(6), name=f"relu{number}"))
    layers.append(dense(len(KINDS), "output"))
    layers.append(keras.layers.Softmax(name="softmax"))
    return keras.Sequential(layers, name="jet_tagger")


def dense(units: int, name: str) -> keras.Layer:
    """A dense layer with 6-bit weights and biases in [-1, 1)."""
    return QDense(
        units,
        kernel_quantizer=quantized_bits(6, 0, alpha=1),
        bias_quantizer=quantized_bits(6, 0, alpha=1),
        name=name,
    )


def main() -> None:
    """Train, and save the model with test data beside it."""
    keras.utils.set_random_seed(SEED)
    rng = np.random.default_rng(SEED)
    x, label = dataset(TRAINING_JETS, rng)
    test_x, test_label = dataset(TEST_JETS, rng)
    mean, deviation = x.mean(axis=0), x.std(axis=0)

    def prepare(values: Array) -> npt.NDArray[np.float32]:
        scaled = ((values - mean) / deviation).clip(-8, 8)
        return (np.round(scaled / GRID) * GRID).astype(np.float32)

    trained = tagger()
    trained.compile(keras.optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    slower = keras.callbacks.ReduceLROnPlateau(patience=4, factor=0.5)
    trained.fit(
        prepare(x), label, batch_size=256, epochs=40, validation_split=0.1, callbacks=[slower], verbose=2
    )
    model = tagger()  # without the optimizer's state, which would triple the file
    model.set_weights(trained.get_weights())
    y = model.predict(prepare(test_x), verbose=0)
    print(f"test accuracy {np.mean(y.argmax(axis=1) == test_label):.3f}")
    folder = Path(__file__).parent / "jet_tagger"
    folder.mkdir(exist_ok=True)
    model.save(folder / "model.keras")
    np.savez_compressed(folder / "test.npz", x=prepare(test_x), y=y, label=test_label.astype(np.uint8))


if __name__ == "__main__":
    main()
