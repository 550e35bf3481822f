from __future__ import annotations

import math

import pytest
from PIL import Image

from kennel.demo.outputs import Confusions
from kennel.demo.plots import plain_name, plot_confusions, plot_trials
from kennel.demo.trials import Trial


def trial(number: int, loss: float | None, rate: float = 0.01, status: str = "Completed") -> Trial:
    chance = math.log(133)
    return Trial(f"t{number}", number, status, rate, 64, loss, loss, 0.7, 4.0, chance)


@pytest.mark.parametrize(
    "losses", [[0.8], [0.8, 0.7, 9.0], [math.inf, math.nan], [None, 0.5]], ids=str
)
def test_trials_of_every_outcome_are_drawn(tmp_path, losses):
    path = tmp_path / "trials.png"
    plot_trials([trial(number, loss) for number, loss in enumerate(losses, 1)], path)
    with Image.open(path) as drawn:
        assert drawn.width > 1000


@pytest.mark.parametrize("classes", [2, 133])
def test_a_matrix_of_every_size_is_drawn(tmp_path, classes):
    labels = [f"{number:03}.Breed_{number}" for number in range(classes)]
    matrix = [[4 * (i == j) + (i == 0 and j == 1) for j in range(classes)] for i in range(classes)]
    path = tmp_path / "confusions.png"
    plot_confusions(Confusions(labels, matrix), path)
    with Image.open(path) as drawn:
        assert drawn.width > drawn.height > 500


def test_the_worst_pairs_come_first_and_right_answers_are_none():
    found = Confusions(["a", "b", "c"], [[9, 1, 0], [3, 9, 0], [0, 2, 9]])
    assert found.worst(2) == [("b", "a", 3), ("c", "b", 2)]


def test_names_are_those_that_people_write():
    assert plain_name("001.Afghan_hound") == "Afghan hound"
    assert plain_name("St. Bernard") == "St. Bernard"
