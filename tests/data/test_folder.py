"""A user's own images: labels, splits, sizes, kinds of files, and all that may be wrong."""
import os
import warnings

import pytest
import torch
from support.picture_files import colour, encoded, face, grey, write_all

from vaekit import data, recipes
from vaekit.data.folder import is_test
from vaekit.data.notices import Notice
from vaekit.errors import UserError

NAMES = [f"{number:02d}.png" for number in range(40)]


@pytest.fixture(autouse=True)
def nothing_is_told_unless_expected():
    """A notice that a test does not expect is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Notice)
        yield


def picture(level: int) -> bytes:
    return encoded(colour(level, 20, 20))


def numbered(prefix: str = "") -> dict[str, bytes]:
    """Forty pictures, whose red is five times the number in the name."""
    return {f"{prefix}{name}": picture(5 * k) for k, name in enumerate(NAMES)}


def levels(images: data.ImageSet) -> list[int]:
    """The red of each image."""
    return images.x[:, 0, 0, 0].tolist()


def load(folder, split="train", **choice) -> data.ImageSet:
    return data.load(f"folder:{folder}", split, **choice)


def test_images_without_labels(tmp_path):
    write_all(tmp_path, numbered())
    images = load(tmp_path)
    assert not images.labelled
    assert images.shape == (3, 64, 64)
    assert images.x.dtype == torch.uint8
    assert images.name == f"folder:{tmp_path}"


def test_every_image_is_in_one_split_by_its_name_alone(tmp_path):
    write_all(tmp_path, numbered())
    train = levels(load(tmp_path))
    test = levels(load(tmp_path, "test"))
    assert sorted(train + test) == [5 * k for k in range(40)]
    assert test == [5 * k for k, name in enumerate(NAMES) if is_test(name)]

    # a test image stays one when others come and go
    (tmp_path / NAMES[0]).unlink()
    write_all(tmp_path, {"new.png": picture(251)})
    assert [level for level in levels(load(tmp_path, "test")) if level != 251] == [
        level for level in test if level
    ]


def test_every_fifth_image_is_a_test_image():
    """Of 10,000 names about 2,000: within four standard deviations, 160."""
    count = sum(is_test(f"{number}.png") for number in range(10_000))
    assert abs(count - 2_000) < 160


def test_the_split_is_the_same_everywhere():
    assert [name for name in NAMES if is_test(name)] == [
        "05.png", "16.png", "18.png", "20.png", "21.png", "22.png", "27.png", "28.png", "32.png",
    ]
    assert is_test("cats/05.png") == is_test("05.png")


def test_a_subfolder_is_a_class_and_the_names_are_sorted(tmp_path):
    write_all(tmp_path, {**numbered("dog/"), **numbered("cat/")})
    images = load(tmp_path)
    assert images.classes == ("cat", "dog")
    count = len(images) // 2
    assert images.y.tolist() == [0] * count + [1] * count
    assert images.only("dog").y.unique().tolist() == [1]


def test_a_single_subfolder_is_no_class(tmp_path):
    write_all(tmp_path, numbered("all/"))
    assert not load(tmp_path).labelled


def test_folders_within_a_class_belong_to_it(tmp_path):
    write_all(tmp_path, {**numbered("cat/old/"), **numbered("dog/")})
    assert load(tmp_path).classes == ("cat", "dog")


def test_images_beside_the_classes_are_left_out_and_named(tmp_path):
    write_all(tmp_path, {**numbered("cat/"), **numbered("dog/"), "cover.png": picture(1)})
    words = "1 images lie beside the folders of the classes and are left out: cover.png"
    with pytest.warns(Notice, match=words):
        assert 1 not in levels(load(tmp_path))


def test_folders_train_and_test_are_the_splits(tmp_path):
    files = {
        "train/cat/a.png": picture(10),
        "train/dog/b.png": picture(20),
        "test/dog/c.png": picture(30),
    }
    write_all(tmp_path, files)
    train = load(tmp_path)
    test = load(tmp_path, "test")
    assert levels(train) == [10, 20]
    assert levels(test) == [30]
    # a class that is missing in one of them keeps its place
    assert train.classes == test.classes == ("cat", "dog")
    assert test.y.tolist() == [1]


def test_attributes_of_a_csv(tmp_path):
    write_all(tmp_path, {"train/a.png": picture(10), "train/b.png": picture(20),
                         "test/c.png": picture(30)})
    (tmp_path / "train" / "attributes.csv").write_text("file,happy,old\nb.png,1,-1\na.png,0,1\n")
    (tmp_path / "test" / "attributes.csv").write_bytes(b"file, happy, old\r\nc.png, 1, 1\r\n\r\n")
    train = load(tmp_path)
    assert levels(train) == [10, 20]
    assert train.y.tolist() == [[0, 1], [1, 0]]
    assert train.classes == ("happy", "old")
    assert load(tmp_path, "test").y.tolist() == [[1, 1]]
    assert train.with_attributes("old").y.tolist() == [[1], [0]]


def test_a_csv_counts_more_than_subfolders(tmp_path):
    write_all(tmp_path, {**numbered("cat/"), **numbered("dog/")})
    rows = [f"{folder}/{name},1" for folder in ("cat", "dog") for name in NAMES]
    (tmp_path / "attributes.csv").write_text("\n".join(["file,furry", *rows]))
    images = load(tmp_path)
    assert images.classes == ("furry",)
    assert images.y.shape == (len(images), 1)


def test_what_the_csv_and_the_folder_do_not_share_is_told(tmp_path):
    write_all(tmp_path, numbered())
    rows = [f"{name},1" for name in NAMES[:-2]]
    (tmp_path / "attributes.csv").write_text("\n".join(["file,x", *rows, "gone.png,0"]))
    with pytest.warns(Notice) as told:
        images = load(tmp_path)
    said = " ".join(str(each.message) for each in told)
    assert "2 images are not in attributes.csv and are left out: 38.png, 39.png" in said
    assert "attributes.csv names 1 files that are no images there: gone.png" in said
    assert 195 not in levels(images)


@pytest.mark.parametrize("text, words", [
    ("", "line 0: must be `file` and the name of each attribute"),
    ("file\n00.png\n", "line 1: must be `file` and the name of each attribute"),
    ("file,a,a\n00.png,1,1\n", "line 1: must be `file` and the name of each attribute, once each"),
    ("file,a\n00.png,2\n", "line 2: must be a file name and 0 or 1 .* got '00.png,2'"),
    ("file,a\n00.png\n", "line 2: must be a file name and 0 or 1"),
    ("file,a\n00.png,1\n00.png,1\n", "line 3: 00.png stands there a second time"),
    ("file,a\n../x.png,1\n", "line 2: must begin with the name of a file in this folder"),
    ("file,a\nb/../../x.png,1\n", "line 2: must begin with the name of a file in this folder"),
    ("file,a\n/etc/x.png,1\n", "line 2: must begin with the name of a file in this folder"),
    ("file,a\nC:\\x.png,1\n", "line 2: must begin with the name of a file in this folder"),
    ("file,a\n..\\x.png,1\n", "line 2: must begin with the name of a file in this folder"),
    ("file,a\nnone.png,1\n", "names 1 files, none of which is an image in"),
    ('file,a\n"00.png,1\n', "is no CSV"),
    ("file,a\n\x00.png,1\n", "none of which is an image in|is no CSV"),
])
def test_a_wrong_csv_is_refused(tmp_path, text, words):
    write_all(tmp_path, numbered())
    (tmp_path / "attributes.csv").write_text(text)
    with pytest.raises(UserError, match=words):
        load(tmp_path)


@pytest.mark.parametrize("size, shape", [((32, 48), (3, 32, 48)), (None, (3, 64, 64))])
def test_any_size_is_resized(tmp_path, size, shape):
    files = {f"{k}.png": encoded(colour(k, 10 + 7 * k, 30)) for k in range(9)}
    write_all(tmp_path, files)
    assert load(tmp_path, size=size).shape == shape


def test_all_grey_is_one_channel(tmp_path):
    write_all(tmp_path, {name: encoded(grey(9)) for name in NAMES})
    images = load(tmp_path)
    assert images.shape == (1, 64, 64)
    assert images.x.unique().tolist() == [9]


def test_any_colour_is_three_channels(tmp_path):
    files = {name: encoded(grey(9)) for name in NAMES}
    write_all(tmp_path, {**files, "00.png": picture(9)})
    assert load(tmp_path).shape == (3, 64, 64)


def test_both_splits_have_the_channels_of_all_images(tmp_path):
    """One coloured image among the training images must not make the test images another shape."""
    files = {name: encoded(grey(9)) for name in NAMES}
    write_all(tmp_path, {**files, "00.png": picture(9)})
    assert not is_test("00.png")
    assert load(tmp_path, "test").shape == (3, 64, 64)
    assert load(tmp_path, limit=1).shape == (3, 64, 64)


def test_both_folders_have_the_channels_of_all_images(tmp_path):
    write_all(tmp_path, {"train/a.png": picture(9), "test/b.png": encoded(grey(9))})
    assert load(tmp_path).shape == load(tmp_path, "test").shape == (3, 64, 64)


@pytest.mark.parametrize("kind", ["png", "jpg", "jpeg", "webp", "bmp", "PNG", "JPG"])
def test_every_kind_of_file_is_taken(tmp_path, kind):
    written = {"jpg": "jpeg"}.get(kind.lower(), kind.lower())
    files = {f"{k}.{kind}": encoded(colour(90, 20, 20), written) for k in range(20)}
    write_all(tmp_path, files)
    assert len(load(tmp_path)) + len(load(tmp_path, "test")) == 20


def test_damaged_and_other_files_are_counted_and_named(tmp_path):
    write_all(tmp_path, {
        **numbered(),
        "00.png": b"no picture",
        "02.png": face(1)[:700],
        "notes.txt": b"x",
        "film.mp4": b"x",
        ".DS_Store": b"x",
        "Thumbs.db": b"x",
        ".git/x.png": picture(3),
    })
    with pytest.warns(Notice) as told:
        images = load(tmp_path)
    said = " ".join(str(each.message) for each in told)
    assert "2 files are no pictures and are left out" in said
    assert "film.mp4, notes.txt" in said
    assert "files could not be read and are left out: 00.png (no picture), 02.png (" in said
    assert "DS_Store" not in said
    assert len(images) == sum(not is_test(name) for name in NAMES) - 2


def test_a_class_may_be_a_link_and_a_link_that_leads_back_ends(tmp_path):
    write_all(tmp_path / "elsewhere", numbered())
    write_all(tmp_path / "own", numbered("cat/"))
    (tmp_path / "own" / "dog").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "own" / "cat" / "again").symlink_to(tmp_path / "own")
    images = load(tmp_path / "own")
    assert images.classes == ("cat", "dog")
    assert len(images) == 2 * sum(not is_test(name) for name in NAMES)


def test_a_link_that_leads_nowhere_is_left_out(tmp_path):
    write_all(tmp_path, numbered())
    (tmp_path / "link.png").symlink_to(tmp_path / "gone.png")
    split = "test" if is_test("link.png") else "train"
    with pytest.warns(Notice, match="could not be read and are left out: link.png"):
        load(tmp_path, split)


def test_limit_takes_the_first_by_name(tmp_path):
    write_all(tmp_path, numbered())
    assert levels(load(tmp_path, limit=3)) == levels(load(tmp_path))[:3]


def test_a_changed_file_is_read_again(tmp_path):
    write_all(tmp_path, numbered())
    load(tmp_path)
    (tmp_path / "00.png").write_bytes(picture(250))
    os.utime(tmp_path / "00.png", ns=(1, 1))
    assert levels(load(tmp_path))[0] == 250


def test_a_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_all(tmp_path / "pictures", numbered())
    assert len(data.load("folder:~/pictures")) > 20


def test_a_colon_in_the_path_belongs_to_it(tmp_path, monkeypatch):
    """As in C:\\Users\\me."""
    write_all(tmp_path / "C:" / "me", numbered())
    monkeypatch.chdir(tmp_path)
    assert len(data.load("folder:C:/me")) > 20


@pytest.mark.parametrize("name, words", [
    ("folder:", "'folder:' names no folder; write folder:PATH"),
    ("folder:  ", "names no folder"),
    ("folder:/nowhere/at/all", "names '/nowhere/at/all', which is not a folder; check the path"),
    (f"folder:{'a' * 5000}", "which is not a folder"),
    ("folder:~nosuchuser/x", "which is not a folder"),
    ("folder:a\0b", "which is not a folder"),
    ("Folder:/tmp", "unknown data set 'Folder:/tmp'; choose one of .*, folder:PATH"),
])
def test_a_name_that_is_no_folder_is_said(name, words):
    with pytest.raises(UserError, match=words):
        data.load(name)


def test_a_folder_without_images_is_said(tmp_path):
    write_all(tmp_path, {"notes.txt": b"x"})
    with pytest.raises(UserError, match=r"holds no image \(.png, .jpg"):
        load(tmp_path)


def test_too_few_images_for_a_test_set(tmp_path):
    write_all(tmp_path, {"00.png": picture(1)})
    with pytest.raises(UserError, match="has 1 images, but none for 'test'; put more images there"):
        load(tmp_path, "test")


# --- wherever the name of a data set goes


def test_a_selection_chooses_among_them(tmp_path):
    write_all(tmp_path, {**numbered("cat/"), **numbered("dog/")})
    selection = data.Selection(
        f"folder:{tmp_path}", classes=("dog",), limit=20, validation=0.25, size=(16, 16)
    )
    train, held_out, test = selection.load()
    assert (len(train), len(held_out)) == (15, 5)
    assert test.shape == train.shape == (3, 16, 16)
    assert train.y.unique().tolist() == [1]


def test_a_selection_of_no_folder_is_refused_when_it_is_made():
    with pytest.raises(UserError, match="which is not a folder"):
        data.Selection("folder:/nowhere/at/all")


def test_an_unknown_class_is_named_when_the_images_are_there(tmp_path):
    write_all(tmp_path, {**numbered("cat/"), **numbered("dog/")})
    selection = data.Selection(f"folder:{tmp_path}", classes=("horse",))
    with pytest.raises(UserError, match="unknown class 'horse'; choose one of cat, dog"):
        selection.load()


def test_a_recipe_is_trained_on_them_and_goes_on_from_its_checkpoint(tmp_path):
    write_all(tmp_path / "own", {name: encoded(grey(6 * k)) for k, name in enumerate(NAMES)})
    name = f"folder:{tmp_path / 'own'}"
    selection = data.Selection(name, size=(28, 28))
    checkpoint = tmp_path / "run.checkpoint"
    options = dict(epochs=2, batch_size=16, checkpoint=checkpoint, device="cpu")
    run = recipes.train("mlp-vae-mnist", selection, **options)
    assert run.settings["data"] == run.train.name == name
    assert run.model.sample(2).shape == (2, 1, 28, 28)
    assert checkpoint.exists()
    again = recipes.train("mlp-vae-mnist", selection, **options)
    assert again.history["train_loss"] == run.history["train_loss"]
