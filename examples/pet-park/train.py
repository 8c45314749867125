"""Cats or dogs: trains a network from nothing on the pictures that Orrery hands over, and leaves it as ONNX.

ORRERY_PICTURES is a folder: train.npy and validation.npy are pixels [n, height, width, 3] as the server will decode them,
train-labels.npy and validation-labels.npy the index of each picture's class. The arrays are mapped, not read: there may be
more of them than memory. See docs/guide/pet-park.md.
"""

import argparse
import json
import math
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import mlflow
import numpy as np
import onnxruntime
import tensorflow as tf

from augment import augment, blend
from network import MEAN, STD, Network, Shape, export

COMPONENTS = 8
# The last epochs see pictures as large as they get; the first, smaller ones, for less.
LARGE, SMALL, LARGE_FROM = 64, 48, 0.65


@dataclass(frozen=True)
class Recipe:
    epochs: int = 32
    width: int = 48
    rate: float = 0.04
    batch: int = 128
    smoothing: float = 0.1
    smallest: float = 0.5
    cutout: float = 0.35
    mixup: float = 0.2
    blurred: float = 1.2
    noise: float = 0.06
    seed: int = 0


@dataclass
class Pictures:
    pixels: np.ndarray
    labels: np.ndarray


def read(folder: Path, part: str, most: int | None) -> Pictures:
    pixels = np.load(folder / f"{part}.npy", mmap_mode="r")
    labels = np.load(folder / f"{part}-labels.npy").astype(np.float32)
    if most is None or most >= len(labels):
        return Pictures(pixels, labels)
    # Rows may be in the order of their class.
    chosen = np.sort(np.random.default_rng(0).permutation(len(labels))[:most])
    return Pictures(pixels[chosen], labels[chosen])


def has_bfloat16() -> bool:
    """Whether the processor multiplies 16-bit floats by itself; where it does not, they are slower than 32-bit ones."""
    try:
        return any(flag in Path("/proc/cpuinfo").read_text() for flag in ("avx512_bf16", "amx_bf16"))
    except OSError:
        return False


class Training:
    """One fit: Muon (Jordan 2024) for convolutions, Adam for the rest, a step that grows for a tenth and then shrinks to nothing."""

    def __init__(self, recipe: Recipe, half: bool):
        tf.random.set_seed(recipe.seed)
        self.recipe = recipe
        self.net = Network(Shape(recipe.width), recipe.seed, half)
        variables = self.net.variables
        self.first = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.second = [tf.Variable(tf.zeros_like(v)) for v in variables]
        self.steps = {}

    def fit(self, pictures: Pictures, after_epoch) -> None:
        recipe = self.recipe
        random = np.random.default_rng(recipe.seed)
        per_epoch = max(1, len(pictures.labels) // recipe.batch)
        total, warm_up = per_epoch * recipe.epochs, 0.1 * per_epoch * recipe.epochs
        taken = 0
        for epoch in range(recipe.epochs):
            size = LARGE if epoch >= LARGE_FROM * recipe.epochs else SMALL
            order = random.permutation(len(pictures.labels))
            losses = []
            for start in range(0, per_epoch * recipe.batch, recipe.batch):
                taken += 1
                rate = recipe.rate * min(taken / warm_up, (total - taken) / (total - warm_up))
                rows = np.sort(order[start : start + recipe.batch])
                step = self.step(size, pictures.pixels.shape[1:])
                given = (pictures.pixels[rows], pictures.labels[rows], np.float32(max(rate, 0)), np.float32(taken))
                losses.append(step(*given).numpy())
            after_epoch(epoch, float(np.mean(losses)))

    def step(self, size: int, shape: tuple):
        """Traced once per size of picture."""
        if size not in self.steps:
            number = tf.TensorSpec((), tf.float32)
            signature = [tf.TensorSpec((None, *shape), tf.uint8), tf.TensorSpec((None,), tf.float32), number, number]
            self.steps[size] = tf.function(lambda *given: self.learn(size, *given), input_signature=signature)
        return self.steps[size]

    def learn(self, size: int, pixels, labels, rate, taken):
        recipe, weights = self.recipe, self.net.weights
        # A blur of the camera is a smaller one in a smaller picture.
        blurred = recipe.blurred * size / pixels.shape[1]
        x = augment(pixels, size, recipe.smallest, recipe.cutout, blurred, recipe.noise)
        y = labels * (1 - recipe.smoothing) + recipe.smoothing / 2
        if recipe.mixup > 0:
            x, y = blend(x, y, recipe.mixup)
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, self.net.logits(x, True)))
        gradients = tape.gradient(loss, self.net.variables)
        convolutions = len(weights.convolutions)
        for i, (variable, gradient) in enumerate(zip(self.net.variables, gradients)):
            if i < convolutions:
                self.turn(variable, gradient, self.first[i], rate)
            else:
                self.adjust(variable, gradient, self.first[i], self.second[i], 0.1 * rate, taken)
        return loss

    @staticmethod
    def turn(variable, gradient, momentum, rate):
        """Muon: a step of equal length in every direction. The filters keep their length, which says nothing before a norm."""
        momentum.assign(0.9 * momentum + gradient)
        filters = variable.shape[-1]
        direction = orthogonal(tf.reshape(gradient + 0.9 * momentum, (-1, filters)))
        direction = tf.reshape(direction, variable.shape) * math.sqrt(filters / min(direction.shape))
        moved = variable - rate * direction
        variable.assign(moved * (math.sqrt(filters) / tf.norm(moved)))

    def adjust(self, variable, gradient, first, second, rate, taken):
        first.assign(0.9 * first + 0.1 * gradient)
        second.assign(0.99 * second + 0.01 * gradient * gradient)
        unbiased = first / (1 - 0.9**taken), second / (1 - 0.99**taken)
        decay = 0.02 * variable if len(variable.shape) == 2 else 0.0
        variable.assign_sub(rate * (unbiased[0] / (tf.sqrt(unbiased[1]) + 1e-8) + decay))

    def predict(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Features [n, k] and P(second class) [n], in blocks."""
        # With 32-bit floats, as the exported graph will: a server may not have any others.
        self.net.compute = tf.float32
        answer = tf.function(lambda x: self.net.answer(tf.cast(x, tf.float32)), reduce_retracing=True)
        blocks = [answer(pixels[at : at + 200]) for at in range(0, len(pixels), 200)]
        logits = np.concatenate([block[1].numpy() for block in blocks])
        return np.concatenate([block[0].numpy() for block in blocks]), 1 / (1 + np.exp(-logits))


def orthogonal(matrix):
    """The nearest matrix with singular values about 1, by Newton and Schulz's iteration with Jordan's coefficients."""
    turned = matrix.shape[0] > matrix.shape[1]
    x = tf.transpose(matrix) if turned else matrix
    x = x / (tf.norm(x) + 1e-7)
    for _ in range(4):
        square = tf.matmul(x, x, transpose_b=True)
        x = 3.4445 * x + tf.matmul(-4.7750 * square + 2.0315 * tf.matmul(square, square), x)
    return tf.transpose(x) if turned else x


def quality(labels: np.ndarray, answers: np.ndarray) -> dict:
    said, clipped = answers >= 0.5, np.clip(answers, 1e-6, 1 - 1e-6)
    right = labels == 1
    return {
        "validation.accuracy": float(np.mean(said == right)),
        "validation.precision": float(np.sum(said & right) / max(1, np.sum(said))),
        "validation.recall": float(np.sum(said & right) / max(1, np.sum(right))),
        "validation.log_loss": float(-np.mean(np.where(right, np.log(clipped), np.log(1 - clipped)))),
    }


def search(trials: int, recipe: Recipe, train: Pictures, validation: Pictures, half: bool) -> Recipe:
    """Random search over what matters most, each trial a short fit; the best by the loss on the validation pictures."""
    random = np.random.default_rng(recipe.seed)
    tried = []
    for trial in range(trials):
        # The recipe as it is goes first: a search must not end below where it started.
        changes = {} if trial == 0 else {
            "rate": round(float(recipe.rate * 2 ** random.uniform(-1, 1)), 4),
            "cutout": round(float(random.uniform(0.2, 0.45)), 2),
            "mixup": round(float(random.uniform(0, 0.4)), 2),
            "smallest": round(float(random.uniform(0.35, 0.6)), 2),
        }
        candidate = replace(recipe, **changes)
        with mlflow.start_run(run_name=f"trial {trial}", nested=True):
            training = Training(replace(candidate, epochs=max(1, recipe.epochs // 8)), half)
            training.fit(train, lambda epoch, loss: mlflow.log_metric("train.loss", loss, step=epoch))
            measured = quality(validation.labels, training.predict(validation.pixels)[1])
            mlflow.log_params(vars(candidate))
            mlflow.log_metrics(measured)
        print(f"trial {trial}: {measured['validation.log_loss']:.4f} with {changes or 'the recipe as it is'}", flush=True)
        tried.append((measured["validation.log_loss"], trial, candidate))
    return min(tried)[2]


def principal(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions in which the features differ most, scaled to variance 1 on these pictures; and their mean."""
    centre = features.mean(0)
    _, spread, directions = np.linalg.svd(features - centre, full_matrices=False)
    deviation = spread[:COMPONENTS] / math.sqrt(len(features))
    return directions[:COMPONENTS].T / np.maximum(deviation, 1e-6), centre


def onnx_answers(model: bytes, pixels: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    tensor = ((pixels.astype(np.float32) / 255 - MEAN) / STD).transpose(0, 3, 1, 2)
    return session.run(["probabilities"], {"pixels": np.ascontiguousarray(tensor)})[0][:, 1]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--epochs", type=int, default=Recipe.epochs)
    parser.add_argument("--width", type=int, default=Recipe.width, help="channels of the first stage")
    parser.add_argument("--batch", type=int, default=Recipe.batch)
    parser.add_argument("--trials", type=int, default=0, help="recipes to try before the fit")
    parser.add_argument("--pictures", type=int, help="train on so many pictures only")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16"], default="auto")
    return parser.parse_args()


def main() -> None:
    asked = arguments()
    tf.config.threading.set_intra_op_parallelism_threads(asked.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    half = asked.precision == "bfloat16" or (asked.precision == "auto" and has_bfloat16())
    folder = Path(os.environ["ORRERY_PICTURES"])
    train, validation = read(folder, "train", asked.pictures), read(folder, "validation", asked.pictures)
    recipe = Recipe(epochs=asked.epochs, width=asked.width, batch=asked.batch)

    with mlflow.start_run(run_name="residual network"):
        if asked.trials > 0:
            recipe = search(asked.trials, recipe, train, validation, half)
        mlflow.log_params({**vars(recipe), "bfloat16": half, "pictures": len(train.labels)})
        training = Training(recipe, half)

        def after_epoch(epoch: int, loss: float) -> None:
            mlflow.log_metrics({"train.loss": loss, "cpu_seconds": time.process_time()}, step=epoch)
            print(f"epoch {epoch + 1} of {recipe.epochs}: loss {loss:.4f}, {time.process_time():.0f} CPU s", flush=True)

        training.fit(train, after_epoch)
        _, answers = training.predict(validation.pixels)
        measured = quality(validation.labels, answers)
        features, _ = training.predict(train.pixels[:: max(1, len(train.labels) // 2_000)])
        model = export(training.net, train.pixels.shape[1], *principal(features))
        difference = np.abs(onnx_answers(model, validation.pixels[:200]) - answers[:200]).max()
        mlflow.log_metrics({**measured, "onnx.max_abs_difference": float(difference)}, step=recipe.epochs)

    Path(os.environ["ORRERY_MODEL"]).write_bytes(model)
    # How this model wants its pictures, and what it said here: the server compares with what it says itself.
    Path(os.environ["ORRERY_PICTURES"], "model.json").write_text(
        json.dumps({
            "input": "pixels",
            "layout": "NCHW",
            "mean": [MEAN] * 3,
            "std": [STD] * 3,
            "embedding": "embedding",
            "answers": [float(answer) for answer in answers[:200]],
        })
    )
    shown = ", ".join(f"{name.split('.')[1]} {value:.4f}" for name, value in measured.items())
    print(f"{shown}; ONNX differs by {difference:.1e}; {time.process_time():.0f} CPU s")


if __name__ == "__main__":
    main()
