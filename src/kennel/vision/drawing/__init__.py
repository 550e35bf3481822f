"""Pictures of dogs, drawn by rule: a labelled set for those who have no photos and no network.

Each breed is a combination of build, ears, muzzle, tail, legs, fur, coat and markings; each picture
of it differs in pose, light, ground, size, what stands in the way, and now and then in the kind of
file, as photos do. The same seed draws the same files.
"""

from __future__ import annotations

from kennel.vision.drawing.breeds import BREEDS, Breed
from kennel.vision.drawing.dataset import draw_dataset
from kennel.vision.drawing.photo import draw_photo

__all__ = ["BREEDS", "Breed", "draw_dataset", "draw_photo"]
