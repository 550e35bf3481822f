from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kennel.vision.errors import PictureError, PictureTooLarge
from kennel.vision.pictures import MAX_PIXELS, decode
from tests.vision.files import bomb, encoded, gradient


def levels(data: bytes) -> np.ndarray:
    return np.asarray(decode(data, "x")).astype(int)


def test_a_plain_picture_keeps_every_pixel():
    assert (levels(encoded(gradient())) == np.asarray(gradient())).all()


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "CMYK"])
def test_every_mode_becomes_rgb(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    picture = decode(encoded(gradient().convert(mode), kind), "x")
    assert (picture.mode, picture.size) == ("RGB", (40, 30))


def test_cmyk_has_the_colours_it_had():
    found = levels(encoded(gradient().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(found - np.asarray(gradient())).mean() < 6


def test_sixteen_bits_are_scaled_and_not_cut_off():
    ramp = np.linspace(0, 65535, 1200).astype(np.uint16).reshape(30, 40)
    found = levels(encoded(Image.fromarray(ramp)))[..., 0]
    assert (found == ramp >> 8).all()


def test_what_is_transparent_is_white():
    clear = gradient().convert("RGBA")
    clear.putalpha(0)
    assert (levels(encoded(clear)) == 255).all()
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert (levels(encoded(palette, transparency=1)) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_is_turned_back(orientation):
    turns = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    turn = turns[orientation]
    stored = gradient() if turn is None else gradient().transpose(turn)
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert (levels(encoded(stored, exif=exif)) == np.asarray(gradient())).all()


def test_a_torn_file_is_named():
    data = encoded(gradient(200, 200), "JPEG")
    with pytest.raises(PictureError, match=r"rex\.jpg can't be decoded"):
        decode(data[: len(data) // 2], "rex.jpg")
    with pytest.raises(PictureError, match=r"rex\.png can't be decoded"):
        decode(encoded(gradient())[:-40], "rex.png")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", encoded(gradient(), "BMP")])
def test_other_formats_are_refused(data):
    with pytest.raises(PictureError, match="x is no JPEG or PNG"):
        decode(data, "x")


@pytest.mark.parametrize("size", [(60_000, 60_000), (50_001, 1_000)])
def test_a_bomb_is_refused_before_it_is_decoded(size):
    with pytest.raises(PictureTooLarge, match="refused"):
        decode(bomb(*size), "x")
    assert size[0] * size[1] > MAX_PIXELS


def test_a_large_jpeg_may_come_smaller():
    data = encoded(gradient(1600, 1200), "JPEG")
    assert decode(data, "x", enough=150).size == (400, 300)
    assert decode(data, "x", enough=151).size == (800, 600)
    assert decode(data, "x").size == (1600, 1200)


@given(st.binary(max_size=60), st.integers(0, 1500))
def test_damage_is_a_picture_error_or_a_picture(garbage, place):
    data = bytearray(_JPEG)
    data[place : place + len(garbage)] = garbage
    try:
        assert decode(bytes(data), "x").mode == "RGB"
    except PictureError:
        pass


_JPEG = encoded(gradient(64, 64), "JPEG")


def test_the_draft_does_not_change_what_a_photo_shows():
    data = encoded(gradient(900, 900), "JPEG")
    small = decode(data, "x", enough=100).resize((50, 50))
    whole = decode(data, "x").resize((50, 50))
    assert np.abs(np.asarray(small).astype(int) - np.asarray(whole)).mean() < 3
    assert Image.open(io.BytesIO(data)).size == (900, 900)
