"""Picture files as images: what is kept of them, how they are resized, which are left out."""
import io

import numpy as np
import pytest
from PIL import Image
from support.picture_files import colour, encoded, face

from vaekit.data.pictures import DAMAGED, fitted, is_grey, read_pictures
from vaekit.errors import UserError

NOISE = np.random.default_rng(0).integers(0, 256, (20, 12, 3), np.uint8)


def test_a_picture_of_the_size_is_taken_as_it_is():
    image = fitted(encoded(NOISE), (20, 12))
    assert np.array_equal(image, NOISE.transpose(2, 0, 1))


@pytest.mark.parametrize("shape, size, rows, columns", [
    # a wide one loses its sides, a high one its top and bottom
    ((20, 40), (20, 20), (0, 20), (10, 30)),
    ((40, 20), (20, 20), (10, 30), (0, 20)),
    ((30, 30), (10, 30), (10, 20), (0, 30)),
    ((30, 30), (30, 10), (0, 30), (10, 20)),
])
def test_the_middle_of_the_right_proportions_is_kept(shape, size, rows, columns):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    kept = pixels[slice(*rows), slice(*columns)]
    assert np.array_equal(fitted(encoded(pixels), size), kept.transpose(2, 0, 1))


def test_resizing_averages_over_the_pixels_that_become_one():
    """Stripes of one pixel become grey; without antialiasing they would stay black or white."""
    stripes = np.zeros((96, 96), np.uint8)
    stripes[:, ::2] = 255
    inside = fitted(encoded(stripes), (32, 32), 1)[0, :, 2:-2]
    assert abs(inside.astype(int) - 127).max() <= 5


def test_a_fraction_of_a_pixel_is_cut_off_too():
    """Of 218×178, for 64×48, 218×163.5: the same as of a picture twice that size."""
    ramp = np.linspace(0, 255, 2 * 178).round().astype(np.uint8)
    double = np.broadcast_to(ramp, (2 * 218, 2 * 178)).copy()
    single = np.asarray(Image.fromarray(double).resize((178, 218), Image.Resampling.BOX))
    image = fitted(encoded(single), (64, 48), 1)[0, 30].astype(float)
    # the ramp from 7.25 to 170.75 of 178 columns, at the middles of 48 pixels
    expected = (7.25 + (np.arange(48) + 0.5) * 163.5 / 48) / 178 * 255
    assert abs(image - expected).max() < 1.5


@pytest.mark.parametrize("tag, turned", [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_camera_s_note_on_which_side_is_up_is_followed(tag, turned):
    exif = Image.Exif()
    exif[0x0112] = tag
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 250
    content = encoded(pixels, "jpeg", quality=100, exif=exif)
    image = fitted(content, (16, 16))[0].astype(int)
    assert abs(image - np.rot90(pixels[..., 0], turned).astype(int)).max() < 12


def test_what_is_transparent_becomes_white():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:2] = (200, 0, 0, 255)
    image = fitted(encoded(pixels), (4, 4))
    assert image[:, 0, 0].tolist() == [200, 0, 0]
    assert image[:, 3, 0].tolist() == [255, 255, 255]


def test_a_transparent_colour_of_a_palette_becomes_white():
    file = io.BytesIO()
    Image.new("P", (4, 4), 0).save(file, "png", transparency=0)
    assert fitted(file.getvalue(), (4, 4)).min() == 255


def test_sixteen_bits_are_scaled_to_eight():
    levels = np.array([[0, 257 * 100], [257 * 200, 65_535]], np.uint16)
    file = io.BytesIO()
    Image.fromarray(levels).save(file, "png")
    assert fitted(file.getvalue(), (2, 2), 1)[0].tolist() == [[0, 100], [200, 255]]


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "bmp"])
def test_every_kind_of_file_is_read(kind):
    image = fitted(encoded(colour(200, 30, 30), kind), (8, 8))
    assert abs(image.mean((1, 2)) - [200, 100, 50]).max() < 4


def test_grey_becomes_colour_and_colour_grey():
    grey = encoded(np.full((4, 4), 77, np.uint8))
    assert np.array_equal(fitted(grey, (4, 4), 3), np.full((3, 4, 4), 77))
    assert fitted(encoded(NOISE), (20, 12), 1).shape == (1, 20, 12)


def test_a_large_photograph_is_decoded_at_a_fraction_but_looks_the_same():
    """The half, quarter or eighth of a JPEG is at least twice the size of the image."""
    y, x = np.mgrid[:1024, :1024]
    waves = (127 + 60 * np.sin(x / 40) + 60 * np.cos(y / 60)).astype(np.uint8)
    from_jpeg = fitted(encoded(waves, "jpeg", quality=98), (64, 64), 1)
    from_png = fitted(encoded(waves), (64, 64), 1)
    assert abs(from_jpeg.astype(int) - from_png.astype(int)).max() <= 3


@pytest.mark.parametrize("pixels, grey", [
    (np.zeros((4, 4), np.uint8), True),
    (np.zeros((4, 4), np.uint16), True),
    (np.zeros((4, 4, 3), np.uint8), False),
    (np.zeros((4, 4, 4), np.uint8), False),
])
def test_a_picture_is_grey_if_it_is_stored_so(pixels, grey):
    assert is_grey(encoded(pixels)) == grey


@pytest.mark.parametrize("palette, grey", [([9, 9, 9], True), ([9, 9, 8], False)])
def test_a_palette_of_greys_is_grey(palette, grey):
    picture = Image.new("P", (4, 4), 0)
    picture.putpalette(palette)
    file = io.BytesIO()
    picture.save(file, "png")
    assert is_grey(file.getvalue()) == grey


def test_the_order_is_kept_on_many_threads():
    names = [f"{number}" for number in range(200)]
    read = read_pictures(names, lambda name: encoded(colour(int(name), 9, 9)), (4, 4))
    assert read.x[:, 0, 0, 0].tolist() == list(range(200))
    assert read.read.all()
    assert read.skipped == []


def test_damaged_ones_are_left_out_and_named_in_order():
    contents = {"a": face(1), "b": b"", "c": face(2), "d": face(3)[:700], "e": b"<html>"}
    read = read_pictures(list(contents), contents.__getitem__, (8, 8))
    assert read.read.tolist() == [True, False, True, False, False]
    # of the first and the third
    assert (read.x[:, 0].mean((1, 2)) / 10).round().tolist() == [1, 2]
    assert [each.partition(" ")[0] for each in read.skipped] == ["b", "d", "e"]
    assert read.skipped[0] == "b (no picture)"
    assert "truncated" in read.skipped[1]


def test_a_picture_that_would_fill_the_memory_is_left_out(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    contents = {"huge": encoded(colour(1, 40, 40)), "small": encoded(colour(1, 9, 9))}
    read = read_pictures(list(contents), contents.__getitem__, (8, 8))
    assert read.read.tolist() == [False, True]
    assert "exceeds limit of 200 pixels" in read.skipped[0]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "bmp"])
def test_a_cut_file_raises_what_is_caught(kind, cut):
    content = encoded(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8), kind)
    with pytest.raises(DAMAGED):
        fitted(content[:int(cut * len(content))], (8, 8))


def test_no_picture_at_all_is_an_error():
    with pytest.raises(UserError, match="own: none of 2 files is a picture that can be read"):
        read_pictures(["a", "b"], lambda name: b"", (8, 8), title="own")
    with pytest.raises(UserError, match="names must hold at least one file, got none"):
        read_pictures([], lambda name: b"", (8, 8))


def test_a_mistake_of_ours_stays_one():
    def wrong(name):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        read_pictures(["a"], wrong, (8, 8))


@pytest.mark.parametrize("size, words", [
    ((0, 8), "the height in size must be ≥ 1, got 0"),
    ((8, 5_000), "the width in size must be ≤ 1024, got 5000"),
])
def test_a_size_out_of_range_is_named(size, words):
    with pytest.raises(UserError, match=words):
        fitted(face(1), size)
