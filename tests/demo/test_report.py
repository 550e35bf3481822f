from __future__ import annotations

import pytest

from kennel.demo.report import Prediction, numbers

LABELS = [f"{number:03}.Breed_{number}" for number in range(1, 134)]


def test_the_label_is_that_of_the_largest_number_and_shares_add_up():
    logits = [0.0] * 133
    logits[7] = 900.0  # exp() of it alone would overflow
    prediction = Prediction("test/x.jpg", LABELS[7], LABELS, logits)
    assert prediction.label == "008.Breed_8"
    assert prediction.top[0][1] == pytest.approx(1.0)
    assert len(prediction.top) == 5
    assert len(prediction.as_json()["logits"]) == 133


def test_the_numbers_are_shortened_on_screen_with_their_count():
    assert numbers([0.5] * 133).endswith(", ...]]  133 numbers")
    assert numbers([1.0, -2.0]) == "[[1.000, -2.000]]  2 numbers"
