"""The arguments of experiments that work, and the hostile values that are rightly accepted."""
import tempfile
from pathlib import Path

from conftest import REPO
from support.hostile import ALL, Case, Exempt

from vaekit import recipes
from vaekit.data import Selection
from vaekit.experiments import figures, reproduce

# made once: the walk gives each function a folder of its own to run in
FOLDER = Path(tempfile.mkdtemp(prefix="hostile-"))
TABLE = FOLDER / "table"
ROWS = reproduce.reproduce(
    "s1-table1", out=TABLE, data="digits", limit=20, epochs=1, jobs=1
)
ROW = ROWS[0]
REPORTED = recipes.get("mlp-vae-mnist").reported[0]
RUN = recipes.train(
    "mlp-vae-mnist", Selection("digits", limit=20), latent_dim=1, epochs=1, progress=False
)
PLAN = reproduce.Plan(
    "mlp-vae-mnist", Selection("digits", limit=20), FOLDER / "plan", False, 1, 0, "cpu"
)
SETTINGS = {"recipe": "mlp-vae-mnist"}
MEASURED = REPO / "results"
PAGE = FOLDER / "RESULTS.md"
PAGE.write_bytes((REPO / "RESULTS.md").read_bytes())
FIGURE = figures._curves("x", ROWS, TABLE)

# a title may be any text
TEXTS = ("empty text", "folder")
# a folder is one; "" is none
PLACE = ("folder",)
ONLY_HOLDS = Exempt("it only holds what a function of this room has checked")



def arguments_of_reproduce():
    """Those that work. The hostile folder is the system's own: what was put there is taken away."""
    everyones = Path(tempfile.gettempdir())
    for path in [*everyones.glob("z*-beta*"), everyones / "settings.json"]:
        path.unlink(missing_ok=True)
    return dict(
        name="s1-table1", out=TABLE, data="digits", limit=20, epochs=1, jobs=1, device="cpu"
    )


CASES = {
    "experiments.checks.check_row": Case(
        lambda: dict(content={"recipe": "a"}, reported=REPORTED), {"content": ALL}
    ),
    "experiments.checks.check_history": Case(
        lambda: dict(content=[{"epoch": 1, "train_loss": 1.0}]), {"content": ALL}
    ),
    "experiments.figures.write_table": Case(
        # without the rows of z = 64, of which it draws t-SNE: tests/experiments/test_figures.py
        lambda: dict(name="x", rows=ROWS[:2], text="| a |", folder=TABLE),
        {"name": TEXTS, "text": TEXTS, "root": ("none", *PLACE)},
        # it says which file is missing there
        {"folder": "z1-beta1"},
    ),
    "experiments.folders.named": Case(
        lambda: dict(what="out", folder="new"), {"what": TEXTS, "folder": PLACE}, {"folder": "out"}
    ),
    "experiments.folders.own_folder": Case(
        lambda: dict(folder="new"), {"folder": PLACE}, {"folder": "out"}
    ),
    "experiments.folders.refuse_folders": Case(
        lambda: dict(folder=FOLDER, names=["a"]),
        {"folder": TEXTS, "names": ("empty list",)},
        {"names": "folder"},
    ),
    "experiments.jobs.cores": Case(dict),
    "experiments.jobs.run_all": Case(
        lambda: dict(function=repr, tasks=[1], jobs=1), {"tasks": ("empty list", "list")}
    ),
    "experiments.layouts.rows_of": Case(lambda: dict(path=MEASURED / "labs.json")),
    "experiments.layouts.plain": Case(
        lambda: dict(file="labs.json", columns={"lab": "{lab}"}), {"file": TEXTS}
    ),
    "experiments.layouts.grid": Case(
        lambda: dict(file="a.json", down="{a}", across="{b}", cell="{c}"), {"*": TEXTS}
    ),
    "experiments.layouts.scores": Case(lambda: dict(file="a.json"), {"file": TEXTS}),
    "experiments.layouts.side_by_side": Case(lambda: dict(files={"a": "a.json"})),
    "experiments.layouts.reproduced": Case(
        lambda: dict(folder="s2-lambda", columns={"z": "{latent_dim}"}, command="vaekit"),
        {"folder": TEXTS, "command": TEXTS},
    ),
    "experiments.layouts.s1_table": Case(lambda: dict(folder="s1-table1"), {"folder": TEXTS}),
    "experiments.lists.Table": ONLY_HOLDS,
    "experiments.lists.names": Case(dict),
    "experiments.lists.recipe_table": Case(dict),
    "experiments.measures.Measure": ONLY_HOLDS,
    "experiments.measures.measure": Case(
        lambda: dict(run=RUN, terms=["loss"]), {"terms": ("empty list",)}
    ),
    "experiments.pictures.pictures": Case(lambda: dict(run=RUN, title="x"), {"title": TEXTS}),
    "experiments.pictures.sample_sheet": Case(
        lambda: dict(run=RUN, title="x"), {"title": TEXTS}
    ),
    "experiments.reproduce.Plan": ONLY_HOLDS,
    "experiments.reproduce.Plan.settings": Case(lambda: dict(self=PLAN)),
    "experiments.reproduce.reproduce": Case(
        arguments_of_reproduce,
        {"out": PLACE, "root": ("none", *PLACE), "report": ("none",)},
        {"name": "table", "data": "data set"},
    ),
    "experiments.reproduce.train_row": Case(lambda: dict(plan=PLAN, reported=REPORTED)),
    "experiments.reproduce.table": Case(lambda: dict(rows=ROWS)),
    "experiments.results.checkpoint_in": Case(lambda: dict(folder=FOLDER), {"folder": TEXTS}),
    "experiments.results.write": Case(lambda: dict(run=RUN, folder="new"), {"folder": PLACE}),
    "experiments.results.picture": Case(lambda: dict(figure=FIGURE, path="a.png")),
    "experiments.results.against_report": Case(lambda: dict(run=RUN)),
    "experiments.rows.Row": ONLY_HOLDS,
    "experiments.rows.name_of": Case(lambda: dict(row=ROW)),
    "experiments.rows.checkpoint_of": Case(
        lambda: dict(folder=FOLDER, row=REPORTED)
    ),
    "experiments.rows.claim": Case(
        lambda: dict(folder=Path(tempfile.mkdtemp(dir=FOLDER)), settings=SETTINGS)
    ),
    "experiments.rows.give_up": Case(lambda: dict(folder=FOLDER / "none")),
    "experiments.rows.holds_rows": Case(lambda: dict(folder=FOLDER)),
    "experiments.rows.finished": Case(
        lambda: dict(folder=TABLE, rows=[REPORTED], settings={}),
        {"rows": ("empty list", "empty text")},
    ),
    "experiments.rows.write": Case(lambda: dict(folder=FOLDER / "rows", row=ROW, run=RUN)),
    "experiments.rows.read_history": Case(lambda: dict(folder=TABLE, row=ROW)),
    "experiments.tables.names": Case(dict),
    "experiments.tables.render": Case(
        lambda: dict(name="labs", root=MEASURED), {}, {"name": "table", "root": "no file"}
    ),
    "experiments.tables.update": Case(
        lambda: dict(path=PAGE, root=MEASURED), {}, {"root": "no file"}
    ),
    "experiments.tables.check": Case(
        lambda: dict(path=PAGE, root=MEASURED), {}, {"root": "no file"}
    ),
}
