"""Commands on a user's own images, and what they say of files that were left out."""
import pytest
from support.command import run
from support.picture_files import colour, encoded, write_all

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Thirty pictures of two classes, of which one is damaged."""
    files = {}
    for k in range(15):
        files[f"cat/{k:02d}.png"] = encoded(colour(10 * k, 40, 40))
        files[f"dog/{k:02d}.png"] = encoded(colour(250 - 10 * k, 40, 40))
    files["cat/00.png"] = b"no picture"
    return write_all(tmp_path_factory.mktemp("own"), files)


def test_data_checks_them_and_says_in_one_line_what_was_left_out(own):
    result = run("data", f"folder:{own}")
    assert result.returncode == 0
    assert "of 3×64×64, 2 classes" in result.stdout
    assert str(own) in result.stdout.splitlines()[-1]
    told = "files could not be read and are left out: cat/00.png (no picture)"
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"vaekit: folder:{own}: 1 of ")
    assert told in result.stderr


def test_a_recipe_is_trained_on_them_at_a_size(own, tmp_path):
    how = ["--data", f"folder:{own}", "--size", "28x20", "--epochs", 1, "--limit", 10]
    result = run("train", "mlp-vae-mnist-small", *how, "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    assert "of 3×28×20, 2 classes" in result.stdout
    assert (tmp_path / "weights.safetensors").exists()


@pytest.mark.parametrize("options, words", [
    (["--size", "64"], "vaekit: --size must be HEIGHTxWIDTH as in 64x48"),
    (["--size", "0x64"], "vaekit: --size must be HEIGHTxWIDTH as in 64x48"),
    (["--attributes", "Young"], "leave --attributes out"),
    (["--data", "faces", "--attributes", "Young,Yung"], "unknown attribute 'Yung'"),
    (["--data", "folder:/nowhere/at/all"], "names '/nowhere/at/all', which is not a folder"),
    (["--data", "celeba"], "img_align_celeba.zip (1.4 GB), list_attr_celeba.txt"),
])
def test_what_cannot_be_is_one_sentence(options, words, tmp_path):
    result = run("train", "mlp-vae-mnist-small", "--data", "digits", *options, "--out", tmp_path)
    assert result.returncode == 2
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1
