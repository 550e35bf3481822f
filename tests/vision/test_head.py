from __future__ import annotations

import math

import numpy as np
import pytest

from kennel.vision.head import Epoch, Floats, Head, Labels, Recipe, score, train

CLASSES = 4


def sample(seed: int, count: int = 200) -> tuple[Floats, Labels]:
    """Features of four classes that mostly lie apart, on very different scales."""
    source = np.random.default_rng(seed)
    labels = source.integers(0, CLASSES, count)
    centres = np.random.default_rng(0).normal(size=(CLASSES, 12))
    features = centres[labels] + source.normal(size=(count, 12)) * 0.4
    return (features * np.logspace(-2, 2, 12)).astype(np.float32), labels


def recipe(**changes: float) -> Recipe:
    values = {"learning_rate": 0.02, "batch_size": 32, "epochs": 10, "weight_decay": 1e-3}
    return Recipe(**{**values, "label_smoothing": 0.0, "seed": 1, **changes})  # type: ignore[arg-type]


def test_a_head_learns_and_its_standardisation_is_folded_in():
    features, labels = sample(1)
    held_out = sample(2)
    head, history = train(recipe(), features, labels, held_out, CLASSES)
    found = score(head.logits(held_out[0]), held_out[1])
    assert found.accuracy > 0.95
    assert found.loss == pytest.approx(history[-1].validation.loss, rel=1e-3)


def test_scores_are_means_over_photos():
    logits = np.array([[0, 0], [math.log(3), 0], [0, math.log(3)]], np.float32)
    found = score(logits, np.array([0, 0, 0]))
    assert found.loss == pytest.approx((math.log(2) + math.log(4 / 3) + math.log(4)) / 3)
    assert found.accuracy == pytest.approx(2 / 3)


def test_an_untrained_head_guesses():
    head = Head(np.zeros((12, CLASSES), np.float32), np.zeros(CLASSES, np.float32))
    assert score(head.logits(sample(1)[0]), sample(1)[1]).loss == pytest.approx(math.log(CLASSES))


def test_a_last_batch_that_is_smaller_counts_by_its_photos():
    features, labels = sample(1, 33)
    _, history = train(recipe(learning_rate=1e-9, epochs=1), features, labels, sample(2), CLASSES)
    assert history[0].training.loss == pytest.approx(math.log(CLASSES), rel=1e-4)


def test_a_training_that_blows_up_is_shown_as_that():
    features, labels = sample(1)
    head, history = train(recipe(learning_rate=1e30), features, labels, sample(2), CLASSES)
    assert not math.isfinite(history[-1].validation.loss)
    assert len(history) == 10
    assert not math.isfinite(score(head.logits(features), labels).loss)


def test_the_same_seed_gives_the_same_head():
    features, labels = sample(1)
    heads = [
        train(recipe(seed=seed), features, labels, sample(2), CLASSES)[0] for seed in (1, 1, 2)
    ]
    assert (heads[0].weights == heads[1].weights).all()
    assert (heads[0].weights != heads[2].weights).any()


def test_every_epoch_is_told_as_it_ends():
    features, labels = sample(1)
    told: list[Epoch] = []
    _, history = train(recipe(epochs=3), features, labels, sample(2), CLASSES, told.append)
    assert told == history
    assert [epoch.number for epoch in told] == [1, 2, 3]


def test_weight_decay_and_smoothing_keep_a_head_small():
    features, labels = sample(1)
    sizes = [
        np.abs(train(recipe(**change), features, labels, sample(2), CLASSES)[0].weights).max()
        for change in ({}, {"weight_decay": 0.5}, {"label_smoothing": 0.5})
    ]
    assert sizes[0] > sizes[1]
    assert sizes[0] > sizes[2]
