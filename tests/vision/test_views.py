from __future__ import annotations

import numpy as np

from kennel.vision.views import VIEWS, View, pixels
from tests.vision.files import encoded, gradient

DATA = encoded(gradient(64, 48))
WHOLE = View("whole", (0, 0, 1, 1))


def test_a_view_is_square_bytes_of_the_size_asked_for():
    for view in VIEWS:
        found = pixels(DATA, "x", 32, view)
        assert found.shape == (32, 32, 3)
        assert found.dtype == np.dtype("uint8")
        assert found.flags.c_contiguous


def test_no_two_views_are_the_same_and_no_two_have_one_name():
    assert len({view.name for view in VIEWS}) == len(VIEWS)
    assert len({pixels(DATA, "x", 32, view).tobytes() for view in VIEWS}) == len(VIEWS)


def test_a_mirrored_view_is_the_other_one_mirrored():
    plain, mirrored = pixels(DATA, "x", 32, VIEWS[0]), pixels(DATA, "x", 32, VIEWS[1])
    assert (plain[:, ::-1] == mirrored).all()


def test_the_middle_leaves_the_edges_out():
    whole, middle = pixels(DATA, "x", 64, WHOLE), pixels(DATA, "x", 64, VIEWS[0])
    assert middle[32, 0, 0] > whole[32, 0, 0] + 8
    assert middle[32, -1, 0] < whole[32, -1, 0] - 8
