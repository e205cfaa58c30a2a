"""Trains a binary MLP and a small binary CNN on handwritten digits with QKeras.

    pip install 'accelgen[train]' scikit-learn
    python examples/train_binary_mnist.py [--data mnist10k.npz] [--output FOLDER]

The MLP has weights and activations of one bit (Hubara et al., "Binarized Neural Networks", 2016). The CNN
sees 8-bit pixels; behind its first layer, activations have one bit, weights one or, in its second
convolution, three values (Li et al., "Ternary Weight Networks", 2016). Batch normalization stands before
every sign, half of its scales negative to begin with.

The digits are 10,000 of MNIST where ``--data`` names an .npz of ``x`` (n, 28, 28) and ``y`` in 8 bits, and
scikit-learn's 1,797 digits of 8 x 8 pixels otherwise: from these, the models in ``tests/models/`` come.
Each model is saved with ``reference.npz``: test digits ``x``, QKeras' outputs ``y`` and the true ``label``.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import numpy.typing as npt
from qkeras import QActivation, QConv2D, QDense

ROOT = Path(__file__).resolve().parents[1]
SEED = 2026
TEST_SHARE = 0.1
REFERENCE_SAMPLES = 100
BATCH = 64
STEPS = 3_000
CLASSES = 10
BINARY, TERNARY = "binary(alpha=1)", "ternary(alpha=1)"
Pixels = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Digits:
    """Images (n, size, size, 1) of the values -128 to 127, in units of 2**-7, and their classes."""

    x: Pixels
    label: Labels
    test_x: Pixels
    test_label: Labels

    @classmethod
    def load(cls, path: Path | None) -> Digits:
        """The digits of the file, or scikit-learn's."""
        if path is None:
            from sklearn.datasets import load_digits

            images, label = load_digits(return_X_y=True)
            images = np.minimum(images.reshape(-1, 8, 8) * 16, 255)  # 0 to 16 as shipped
        else:
            with np.load(path) as data:
                images, label = data["x"], data["y"]
        x = ((images[..., None].astype(np.float32) - 128) / 128).astype(np.float32)
        order = np.random.default_rng(SEED).permutation(len(x))
        train, test = np.split(order, [round(len(x) * (1 - TEST_SHARE))])
        return cls(x[train], label[train].astype(np.uint8), x[test], label[test].astype(np.uint8))


def normalize(name: str) -> keras.Layer:
    """Batch normalization whose scales start with either sign, as a trained one's may end."""
    return keras.layers.BatchNormalization(
        gamma_initializer=keras.initializers.RandomUniform(-1, 1, seed=SEED), name=name
    )


def binary_mlp(shape: tuple[int, ...]) -> list[keras.Layer]:
    """Signs of the pixels and three hidden layers of 64 units, all of one bit."""
    layers = [
        keras.Input(shape, name="image"),
        keras.layers.Flatten(name="flatten"),
        QActivation(BINARY, name="pixel_signs"),
    ]
    for number in (1, 2, 3):
        layers += [
            QDense(64, kernel_quantizer=BINARY, use_bias=False, name=f"fc{number}"),
            normalize(f"bn{number}"),
            QActivation(BINARY, name=f"sign{number}"),
        ]
    return [*layers, *classifier()]


def binary_cnn(shape: tuple[int, ...]) -> list[keras.Layer]:
    """Two convolutions, one of them with ternary weights, each followed by a maximum over 2 x 2."""
    layers: list[keras.Layer] = [
        keras.Input(shape, name="image"),
        QActivation("quantized_bits(8,0,alpha=1)", name="pixels"),
    ]
    for number, (filters, kernel) in enumerate(((16, BINARY), (32, TERNARY)), start=1):
        layers += [
            QConv2D(
                filters, 3, padding="same", kernel_quantizer=kernel, use_bias=False, name=f"conv{number}"
            ),
            normalize(f"bn{number}"),
            QActivation(BINARY, name=f"sign{number}"),
            keras.layers.MaxPooling2D(2, name=f"pool{number}"),
        ]
    return [*layers, keras.layers.Flatten(name="flatten"), *classifier()]


def classifier() -> list[keras.Layer]:
    """One logit for each class."""
    return [
        QDense(CLASSES, kernel_quantizer=BINARY, use_bias=False, name="output"),
        keras.layers.BatchNormalization(name="logits"),
    ]


def clipped(layers: Iterable[keras.Layer]) -> list[keras.Layer]:
    """The layers with a clip to -1 to 1 before every sign, which changes no sign.

    Only with it does the gradient stop where the sign is certain, and training gain some 10 % of accuracy.
    """
    found: list[keras.Layer] = []
    for layer in layers:
        if layer.name.startswith("sign"):
            found.append(keras.layers.Activation("hard_tanh", name=f"clip_{layer.name}"))
        found.append(layer)
    return found


def train(model: keras.Model, digits: Digits) -> float:
    """Train in place and return the accuracy on the test digits."""
    epochs = -(-STEPS * BATCH // len(digits.x))
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, STEPS)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(digits.x, digits.label, batch_size=BATCH, epochs=epochs, verbose=0)
    found = model.predict(digits.test_x, verbose=0).argmax(axis=1)
    return float(np.mean(found == digits.test_label))


def main() -> None:
    """Train both, print their accuracy, and save them with their reference outputs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="MNIST as .npz; scikit-learn's digits without it")
    parser.add_argument("--output", type=Path, default=ROOT / "tests/models")
    options = parser.parse_args()
    digits = Digits.load(options.data)
    shape = digits.x.shape[1:]
    for make in (binary_mlp, binary_cnn):
        keras.utils.set_random_seed(SEED)
        trained = keras.Sequential(clipped(make(shape)))
        accuracy = train(trained, digits)
        model = keras.Sequential(make(shape), name=make.__name__)
        model.set_weights(trained.get_weights())
        folder = options.output / f"qkeras_{model.name}"
        folder.mkdir(parents=True, exist_ok=True)
        model.save(folder / "model.keras")
        x, label = digits.test_x[:REFERENCE_SAMPLES], digits.test_label[:REFERENCE_SAMPLES]
        np.savez_compressed(folder / "reference.npz", x=x, y=model.predict(x, verbose=0), label=label)
        print(f"{model.name}: {accuracy:.1%} of {len(digits.test_x)} test digits")


if __name__ == "__main__":
    main()
