"""CelebA on the disk: official, packed, Kaggle's, a part of it, and all that may be wrong."""
import os
import warnings
import zipfile

import numpy as np
import pytest
import torch
from support.picture_files import (
    SMALL,
    attributes_of,
    colour,
    encoded,
    face,
    name_of,
    write_celeba,
    write_lists,
)

from vaekit import data
from vaekit.data import pictures
from vaekit.data.names import CELEBA
from vaekit.data.notices import Notice
from vaekit.errors import UserError

# of the numbers 1 … 12 every third is a test image
TRAIN = [1, 2, 4, 5, 7, 8, 10, 11]
TEST = [3, 6, 9, 12]
PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


@pytest.fixture(autouse=True)
def nothing_is_told_unless_expected():
    """A notice that a test does not expect is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Notice)
        yield


@pytest.fixture(scope="session")
def real_celeba(real_data):
    if not (real_data / "celeba").is_dir():
        pytest.skip(f"needs a folder celeba in {real_data}")
    return real_data


def numbers_of(images: data.ImageSet) -> list[int]:
    """The numbers that the reds of made-up faces tell."""
    reds = images.x[:, 0].float().mean((1, 2))
    return (reds / 10).round().int().tolist()


def load(root, split="train", **choice) -> data.ImageSet:
    return data.load("celeba", split, root=root, **choice)


@pytest.mark.parametrize("form", [
    {},
    {"zipped": True},
    {"images": "img_align_celeba/img_align_celeba"},
    {"images": "Img/img_align_celeba"},
    {"folder": "celeba-dataset", "kaggle": True},
    {"folder": "CelebA"},
    {"folder": ""},
    {"newline": "\r\n"},
    {"kaggle": True, "newline": "\r\n"},
])
@pytest.mark.parametrize("split, numbers", [("train", TRAIN), ("test", TEST)])
def test_every_form_gives_the_same_images_and_labels(tmp_path, form, split, numbers):
    write_celeba(tmp_path, **form)
    images = load(tmp_path, split)
    assert numbers_of(images) == numbers
    expected = [[(value + 1) // 2 for value in attributes_of(n, 3)] for n in numbers]
    assert images.y.tolist() == expected
    assert images.y.dtype == torch.int64
    assert images.classes == SMALL
    assert images.name == "celeba"


def test_lists_may_lie_in_the_folders_of_the_official_drive(tmp_path):
    place = write_celeba(tmp_path)
    for folder, name in (("Anno", "list_attr_celeba.txt"), ("Eval", "list_eval_partition.txt")):
        (place / folder).mkdir()
        (place / name).rename(place / folder / name)
    assert numbers_of(load(tmp_path)) == TRAIN


def test_the_variable_names_the_folder_too(tmp_path, monkeypatch):
    write_celeba(tmp_path)
    monkeypatch.setenv("VAEKIT_DATA", str(tmp_path))
    assert len(data.load("celeba")) == len(TRAIN)
    assert data.locate("celeba") == tmp_path / "celeba"


@pytest.mark.parametrize("size, shape", [
    (None, (3, 64, 48)),
    ((64, 64), (3, 64, 64)),
    ((30, 40), (3, 30, 40)),
])
def test_the_size_is_height_and_width(tmp_path, size, shape):
    write_celeba(tmp_path)
    images = load(tmp_path, size=size)
    assert images.shape == shape
    assert images.x.dtype == torch.uint8


def test_limit_reads_no_other_file(tmp_path, monkeypatch):
    place = write_celeba(tmp_path)
    read = []
    fitted = pictures.fitted
    monkeypatch.setattr(pictures, "fitted", lambda *args: read.append(1) or fitted(*args))
    (place / "img_align_celeba" / name_of(4)).write_bytes(b"damaged, and not to be read")
    assert numbers_of(load(tmp_path, limit=2)) == [1, 2]
    assert len(read) == 2


def test_a_selection_reads_no_more_than_its_limits(tmp_path, monkeypatch):
    write_celeba(tmp_path)
    asked = []
    celeba = data.SOURCES["celeba"]
    read = celeba.read

    def counted(split, **how):
        asked.append(how["limit"])
        return read(split, **how)

    monkeypatch.setitem(data.SOURCES, "celeba", data.Source(
        celeba.title, None, celeba.shape, celeba.classes, size=celeba.size, read=counted,
        place=celeba.place, has_attributes=True,
    ))
    selection = data.Selection("celeba", tmp_path, limit=3, test_limit=2, size=(32, 32))
    train, _, test = selection.load()
    assert asked == [3, 2]
    assert numbers_of(train) == TRAIN[:3]
    assert numbers_of(test) == TEST[:2]


# --- the cache


def test_the_second_time_nothing_is_decoded(tmp_path, monkeypatch):
    write_celeba(tmp_path)
    first = load(tmp_path)
    monkeypatch.setattr(pictures, "fitted", None)
    assert torch.equal(load(tmp_path).x, first.x)


@pytest.mark.parametrize("zipped", [False, True])
def test_a_changed_picture_is_read_again(tmp_path, zipped):
    place = write_celeba(tmp_path, zipped=zipped)
    load(tmp_path)
    if zipped:
        with zipfile.ZipFile(place / "img_align_celeba.zip", "w") as file:
            for number in range(1, 13):
                file.writestr(name_of(number), face(20))
        # a zip of the same size within the clock's step would be taken for the same
        os.utime(place / "img_align_celeba.zip", ns=(1, 1))
    else:
        (place / "img_align_celeba" / name_of(1)).write_bytes(face(20))
        os.utime(place / "img_align_celeba" / name_of(1), ns=(1, 1))
    assert numbers_of(load(tmp_path))[0] == 20


def test_another_size_is_another_file(tmp_path):
    write_celeba(tmp_path)
    load(tmp_path)
    assert load(tmp_path, size=(32, 32)).shape == (3, 32, 32)
    assert len(list((data.cache_folder() / "images").iterdir())) == 2


# --- parts of CelebA


def test_a_list_may_name_files_that_are_not_there_and_their_number_is_told(tmp_path):
    place = write_celeba(tmp_path)
    write_lists(place, range(1, 21))
    with pytest.warns(Notice, match="8 images that list_eval_partition names are not in"):
        assert numbers_of(load(tmp_path)) == TRAIN


@pytest.mark.parametrize("which", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_images_that_a_list_does_not_name_are_left_out_and_their_number_is_told(tmp_path, which):
    place = write_celeba(tmp_path)
    rows = (place / which).read_text().splitlines()
    (place / which).write_text("\n".join(rows[:-4]))
    with pytest.warns(Notice, match="4 of 12 images in .* are not in the lists and are left out"):
        assert numbers_of(load(tmp_path)) == TRAIN[:6]


def test_without_a_partition_list_the_official_numbers_decide(tmp_path):
    numbers = [1, 162_770, 162_771, 182_637, 182_638, 202_599]
    place = write_celeba(tmp_path, numbers)
    (place / "list_eval_partition.txt").unlink()
    with pytest.warns(Notice, match="no list_eval_partition .* by the numbers of the files"):
        train = load(tmp_path)
    with pytest.warns(Notice):
        test = load(tmp_path, "test")
    assert numbers_of(train) == [number % 25 for number in numbers[:2]]
    assert numbers_of(test) == [number % 25 for number in numbers[4:]]


def test_without_an_attribute_list_there_are_no_labels(tmp_path):
    (write_celeba(tmp_path) / "list_attr_celeba.txt").unlink()
    with pytest.warns(Notice, match="no list_attr_celeba .* no labels"):
        images = load(tmp_path)
    assert not images.labelled
    assert numbers_of(images) == TRAIN


# --- what cannot be read


@pytest.mark.parametrize("content", [b"", b"no picture", face(2)[:900], PAGE], ids=len)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_damaged_picture_is_named_and_left_out_with_its_label(tmp_path, content, zipped):
    place = write_celeba(tmp_path, zipped=zipped)
    if zipped:
        with zipfile.ZipFile(place / "img_align_celeba.zip", "w") as file:
            for number in range(1, 13):
                file.writestr(name_of(number), content if number == 2 else face(number))
    else:
        (place / "img_align_celeba" / name_of(2)).write_bytes(content)
    words = r"celeba: 1 of 8 files could not be read and are left out: 000002.jpg \("
    for _ in ("read", "taken from the cache"):
        with pytest.warns(Notice, match=words):
            images = load(tmp_path)
        assert numbers_of(images) == [1, 4, 5, 7, 8, 10, 11]
        assert images.y[:, 0].tolist() == [1, 0, 1, 1, 0, 0, 1]


def test_of_many_damaged_pictures_three_are_named_and_all_are_counted(tmp_path):
    place = write_celeba(tmp_path)
    for number in TRAIN[1:]:
        (place / "img_align_celeba" / name_of(number)).write_bytes(b"")
    with pytest.warns(Notice, match="7 of 8 files .* 000005.jpg .* and 4 more") as told:
        load(tmp_path)
    assert "000007.jpg" not in str(told[0].message)


def test_a_grey_picture_among_others_is_converted(tmp_path):
    place = write_celeba(tmp_path)
    grey = encoded(np.full((218, 178), 77, np.uint8), "jpeg", quality=95)
    (place / "img_align_celeba" / name_of(1)).write_bytes(grey)
    assert load(tmp_path).x[0].unique().tolist() == [77]


@pytest.mark.parametrize("content, words", [
    (PAGE, "img_align_celeba.zip is a web page, not the zip; Google Drive shows one when"),
    (b"PK\x03\x04 and no more", "no whole zip .* delete it and download it again"),
    (b"", "no whole zip"),
])
def test_what_is_no_zip_is_said(tmp_path, content, words):
    place = write_celeba(tmp_path, zipped=True)
    (place / "img_align_celeba.zip").write_bytes(content)
    with pytest.raises(UserError, match=words):
        load(tmp_path)


def test_a_cut_zip_is_said(tmp_path):
    path = write_celeba(tmp_path, zipped=True) / "img_align_celeba.zip"
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UserError, match="no whole zip .* the official one has 1.4 GB"):
        load(tmp_path)


def test_an_encrypted_picture_is_no_picture(tmp_path):
    path = write_celeba(tmp_path, zipped=True) / "img_align_celeba.zip"
    content = bytearray(path.read_bytes())
    # the flag in the local header and in the directory of the first member
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.warns(Notice, match="000001.jpg .*encrypted"):
        assert numbers_of(load(tmp_path)) == TRAIN[1:]


def test_a_folder_without_images_is_named(tmp_path):
    place = write_celeba(tmp_path, zipped=True)
    (place / "img_align_celeba.zip").unlink()
    (place / "img_align_celeba").mkdir()
    words = r"img_align_celeba holds no image \(.jpg\); unpack img_align_celeba.zip there"
    with pytest.raises(UserError, match=words):
        load(tmp_path)


def test_an_empty_folder_beside_the_zip_is_passed_over(tmp_path):
    place = write_celeba(tmp_path, zipped=True)
    (place / "img_align_celeba").mkdir()
    assert numbers_of(load(tmp_path)) == TRAIN


def test_no_test_image_is_said(tmp_path):
    write_celeba(tmp_path, [1, 2, 4, 5])
    words = "of the 4 images in .* none is in the part 'test' of the lists .4 are in any part"
    with pytest.raises(UserError, match=words):
        load(tmp_path, "test")


def test_a_list_that_names_nothing_that_is_there(tmp_path):
    write_lists(write_celeba(tmp_path), range(100, 110))
    with pytest.warns(Notice), pytest.raises(UserError, match="none is in the part 'train'"):
        load(tmp_path)


def test_all_pictures_damaged_is_an_error_and_nothing_is_kept(tmp_path):
    place = write_celeba(tmp_path)
    for number in TRAIN:
        (place / "img_align_celeba" / name_of(number)).write_bytes(b"x")
    words = r"none of 8 files is a picture that can be read, such as 000001.jpg \(no picture\)"
    with pytest.raises(UserError, match=words):
        load(tmp_path)
    assert not list(data.cache_folder().rglob("*.npz"))


def test_absent_it_says_every_step(tmp_path):
    with pytest.raises(UserError) as refused:
        load(tmp_path)
    said = str(refused.value)
    for word in (
        "mmlab.ie.cuhk.edu.hk",
        "jessicali9530/celeba-dataset",
        "img_align_celeba.zip",
        "list_attr_celeba.txt",
        "list_eval_partition.txt",
        f"a folder celeba/ in {tmp_path}",
        "$VAEKIT_DATA",
        "non-commercial research only",
        "load('faces')",
    ):
        assert word in said
    assert data.locate("celeba", tmp_path) is None
    assert not data.is_here("celeba", tmp_path)


# --- the lists


@pytest.mark.parametrize("which, line, words", [
    ("attr_celeba", "../x.jpg 1 1 1", r"line 3: .* plain name of an image, .* got '../x.jpg'"),
    ("attr_celeba", "/etc/x.jpg 1 1 1", "line 3: .* got '/etc/x.jpg'"),
    ("attr_celeba", "C:\\x.jpg 1 1 1", "line 3: .* plain name"),
    ("attr_celeba", "..\\x.jpg 1 1 1", "line 3: .* plain name"),
    ("attr_celeba", ".jpg 1 1 1", "line 3: .* plain name"),
    ("attr_celeba", "000001.jpg 1 2 1", "line 3: attributes are 1 or -1, got '2'"),
    ("attr_celeba", "000001.jpg 1 1", "line 3: 2 values for 3 attributes"),
    ("attr_celeba", "000002.jpg 1 1 1", "line 4: 000002.jpg stands there a second time"),
    ("eval_partition", "../x.jpg 0", "line 1: .* plain name of an image"),
    ("eval_partition", "000001.jpg 3", "line 1: must be a file name and 0, 1 or 2"),
    ("eval_partition", "000001.jpg", "line 1: must be a file name and 0, 1 or 2"),
    ("eval_partition", "000002.jpg 0", "line 2: 000002.jpg stands there a second time"),
])
def test_a_wrong_line_is_named_with_its_number(tmp_path, which, line, words):
    path = write_celeba(tmp_path) / f"list_{which}.txt"
    rows = path.read_text().splitlines()
    rows[2 if which == "attr_celeba" else 0] = line
    path.write_text("\n".join(rows))
    with pytest.raises(UserError, match=f"list_{which}.txt, {words}"):
        load(tmp_path)


@pytest.mark.parametrize("header, words", [
    ("Bald Glasses Smiling", "the header must hold names of CelebA's attributes, got 'Glasses'"),
    ("Bald Bald Smiling", "must name each attribute once"),
    ("000001.jpg 1 1 1", "the header must hold names"),
])
def test_an_unknown_header_is_refused(tmp_path, header, words):
    path = write_celeba(tmp_path) / "list_attr_celeba.txt"
    rows = path.read_text().splitlines()
    rows[1] = header
    path.write_text("\n".join(rows))
    with pytest.raises(UserError, match=words):
        load(tmp_path)


@pytest.mark.parametrize("which", ["attr_celeba", "eval_partition"])
@pytest.mark.parametrize("content, words", [
    (PAGE, "is a web page, not the list"),
    (b"\xff\xfe\x00\x00", "no text in UTF-8"),
])
def test_a_list_that_is_none_is_said(tmp_path, which, content, words):
    (write_celeba(tmp_path) / f"list_{which}.txt").write_bytes(content)
    with pytest.raises(UserError, match=words):
        load(tmp_path)


def test_an_empty_list_of_attributes_is_said(tmp_path):
    (write_celeba(tmp_path) / "list_attr_celeba.txt").write_bytes(b"\n\n")
    with pytest.raises(UserError, match="list_attr_celeba.txt is empty"):
        load(tmp_path)


def test_a_mark_before_the_first_letter_is_passed_over(tmp_path):
    place = write_celeba(tmp_path, kaggle=True)
    for path in place.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert numbers_of(load(tmp_path)) == TRAIN


def test_all_forty_attributes_in_the_official_order(tmp_path):
    write_celeba(tmp_path, names=CELEBA)
    images = load(tmp_path)
    assert images.classes == CELEBA == data.SOURCES["celeba"].classes
    assert images.y.shape == (8, 40)


# --- the real one


def test_the_real_images(real_celeba):
    train = load(real_celeba)
    test = load(real_celeba, "test")
    assert (len(train), len(test)) == (2_400, 600)
    assert train.shape == (3, 64, 48)
    assert train.classes == CELEBA

    # 000001.jpg, by the line of the official list
    present = [name for name, value in zip(CELEBA, train.y[0]) if value]
    assert present == [
        "Arched_Eyebrows", "Attractive", "Brown_Hair", "Heavy_Makeup", "High_Cheekbones",
        "Mouth_Slightly_Open", "No_Beard", "Pointy_Nose", "Smiling", "Straight_Hair",
        "Wearing_Earrings", "Wearing_Lipstick", "Young",
    ]


def test_the_picture_that_is_cut_from_the_middle(tmp_path):
    """A frame of another colour at the left and the right: cut off where 178×178 is kept of it."""
    place = write_celeba(tmp_path)
    pixels = colour(200)
    pixels[:20] = 0
    pixels[-20:] = 0
    (place / "img_align_celeba" / name_of(1)).write_bytes(encoded(pixels, "jpeg", quality=100))
    square = load(tmp_path, size=(64, 64)).x[0, 0]
    # Lanczos' filter looks a little beyond the pixels that it keeps, but not beyond the box
    assert square.min() > 180
    whole = load(tmp_path, size=(109, 89)).x[0, 0]
    assert whole[:9].max() < 30
