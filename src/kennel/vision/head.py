"""The layer that is trained: multinomial logistic regression on standardised features."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Epoch", "Floats", "Head", "Labels", "Recipe", "Score", "score", "train"]

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]

_MOMENTUM = 0.9
_SMALLEST_DEVIATION = 1e-3  # a feature that hardly ever fires must not be blown up


@dataclass(frozen=True, slots=True)
class Head:
    """logits = features @ weights + bias; (dimensions, classes) and (classes,). The features'
    standardisation is folded in."""

    weights: Floats
    bias: Floats

    def logits(self, features: Floats) -> Floats:
        return features @ self.weights + self.bias


@dataclass(frozen=True, slots=True)
class Score:
    """`loss`: mean cross-entropy a photo, in nats; `accuracy`: a fraction."""

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Epoch:
    """`number` counts from 1. Training's own score is the mean over the epoch's batches, each
    before its step."""

    number: int
    training: Score
    validation: Score


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a head is trained."""

    learning_rate: float
    batch_size: int
    epochs: int
    weight_decay: float
    label_smoothing: float
    seed: int


def score(logits: Floats, labels: Labels) -> Score:
    """Not finite where the logits are not: a head that has blown up is shown as that."""
    with np.errstate(all="ignore"):
        shifted = logits - logits.max(1, keepdims=True)
        losses = np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels]
        return Score(float(losses.mean()), float((logits.argmax(1) == labels).mean()))


def train(
    recipe: Recipe,
    features: Floats,
    labels: Labels,
    validation: tuple[Floats, Labels],
    classes: int,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> tuple[Head, list[Epoch]]:
    """Stochastic gradient descent with momentum and a cosine schedule, nothing clipped.

    Returns the head of the last epoch, and every epoch. Picking the epoch that does best on
    validation would flatter that score; the schedule ends at a rate of 0 for the same good.
    """
    mean, deviation = features.mean(0), features.std(0) + np.float32(_SMALLEST_DEVIATION)
    inputs = (features - mean) / deviation
    held_out = (validation[0] - mean) / deviation
    descent = _Descent(recipe, features.shape[1], classes, len(labels))
    history: list[Epoch] = []
    with np.errstate(all="ignore"):
        for number in range(1, recipe.epochs + 1):
            training = descent.run_epoch(inputs, labels)
            validated = score(descent.head.logits(held_out), validation[1])
            history.append(Epoch(number, training, validated))
            on_epoch(history[-1])
        weights = descent.head.weights / deviation[:, np.newaxis]
        return Head(weights, descent.head.bias - mean @ weights), history


class _Descent:
    """The state of a training: weights, their momentum, the schedule's step, the shuffling."""

    def __init__(self, recipe: Recipe, dimensions: int, classes: int, photos: int) -> None:
        self._recipe = recipe
        self._classes = classes
        self._random = np.random.default_rng(recipe.seed)
        self._steps = recipe.epochs * -(-photos // recipe.batch_size)
        self._step = 0
        self._weights = np.zeros((dimensions, classes), np.float32)
        self._bias = np.zeros(classes, np.float32)
        self._weights_momentum = np.zeros_like(self._weights)
        self._bias_momentum = np.zeros_like(self._bias)

    @property
    def head(self) -> Head:
        return Head(self._weights, self._bias)

    def run_epoch(self, inputs: Floats, labels: Labels) -> Score:
        order = self._random.permutation(len(labels))
        loss = correct = 0.0
        for start in range(0, len(order), self._recipe.batch_size):
            chosen = order[start : start + self._recipe.batch_size]
            batch, truth = inputs[chosen], labels[chosen]
            logits = batch @ self._weights + self._bias
            scored = score(logits, truth)
            loss += scored.loss * len(chosen)
            correct += scored.accuracy * len(chosen)
            self._descend(batch, truth, logits)
        return Score(loss / len(order), correct / len(order))

    def _descend(self, batch: Floats, truth: Labels, logits: Floats) -> None:
        recipe = self._recipe
        probabilities = np.exp(logits - logits.max(1, keepdims=True))
        probabilities /= probabilities.sum(1, keepdims=True)
        smoothing = np.float32(recipe.label_smoothing)
        error = probabilities - smoothing / self._classes
        error[np.arange(len(truth)), truth] -= 1 - smoothing
        error /= len(truth)
        rate = np.float32(
            recipe.learning_rate * 0.5 * (1 + np.cos(np.pi * self._step / self._steps))
        )
        self._step += 1
        gradient = batch.T @ error + np.float32(recipe.weight_decay) * self._weights
        self._weights_momentum *= _MOMENTUM
        self._weights_momentum -= rate * gradient
        self._weights += self._weights_momentum
        self._bias_momentum *= _MOMENTUM
        self._bias_momentum -= rate * error.sum(0)
        self._bias += self._bias_momentum
