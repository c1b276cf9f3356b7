import re

from PIL import Image

from vaekit import recipes, results


def test_write_leaves_what_the_command_line_promises(trained, tmp_path):
    files = results.write(trained, tmp_path)
    assert [f.name for f in files] == ["weights.safetensors", "history.csv", "history.json", "curves.png", "samples.png"]
    assert all(f.stat().st_size > 0 for f in files)


def test_each_kind_of_model_has_a_sheet(trained, tmp_path):
    for name in ("conv-ae-mnist", "classifier-mnist"):
        run = recipes.train(name, data="digits", epochs=1, limit=200, batch_size=50)
        sheet = results.picture(results.sample_sheet(run, name), tmp_path / f"{name}.png")
        assert Image.open(sheet).size[0] > 400
    assert "samples" in results.sample_sheet(trained, "x").axes[0].get_title()


def test_the_report_is_compared_on_its_own_data_only(trained):
    text = results.against_report(trained)
    assert re.search(r"^epoch 15, test set, per image:$", text, re.M) and "report" not in text, "digits are not the report's data"
    same = trained._replace(settings=trained.settings | {"data": "mnist"})
    loss = trained.history.last["test_loss"]
    assert f"{loss:9.2f}   report 144.49   difference {loss - 144.49:+.2f}" in results.against_report(same)


def test_small_terms_keep_their_digits(trained):
    row = trained.history.last | {"test_error": 0.0047}
    text = results.against_report(trained._replace(history=type(trained.history)([row])))
    assert re.search(r"error +0\.0047$", text, re.M)


def test_with_patience_the_best_epoch_is_told(trained):
    patient = trained._replace(settings=trained.settings | {"patience": 3})
    best = min(trained.history.rows, key=lambda row: row["test_loss"])
    assert results.against_report(patient).startswith(f"epoch {best['epoch']},")
