"""A Chromium for each module, and each front end with one notebook of all views."""
import json
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from support import explored
from support.browser import (
    CHROMIUM,
    FLAGS,
    NO_CHROMIUM,
    VIEWPORT,
    Visit,
    open_and_run,
    serving,
    write_notebook,
)

from vaekit.explore.page import page as page_of

HOSTS = ("lab", "notebook", "voila", "page")
NOTEBOOK = "views.ipynb"
# keeps where the last walk, or the marker of a dial, went to
LISTEN = 'document.addEventListener("vaekit-moved", ({detail}) => { window.moved = detail; });'


def pytest_collection_modifyitems(items):
    """All of this folder is slow, and needs a Chromium."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM))


@pytest.fixture(scope="module")
def chromium():
    """For a module only: while it runs, no other event loop may run in this process."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """The folder that the servers show."""
    return tmp_path_factory.mktemp("root")


@pytest.fixture(scope="session")
def server_of(root, tmp_path_factory):
    """Gives the server of a kind, started when it is first asked for."""
    running = {}
    with ExitStack() as stack:
        def server_of(kind):
            if kind not in running:
                scratch = tmp_path_factory.mktemp(kind)
                running[kind] = stack.enter_context(serving(kind, root, scratch))
            return running[kind]

        yield server_of


class InNotebook:
    """All views in one notebook of a front end."""

    def __init__(self, host, context, server, root):
        self.host = host
        self.visit = Visit(context, server.url)
        cells = [f'explored.show("{name}")' for name in explored.VIEWS]
        write_notebook(root / NOTEBOOK, ["from support import explored", *cells])
        open_and_run(self.visit, server, NOTEBOOK)
        self.visit.page.evaluate(LISTEN)

    def view(self, name):
        """The element of a view, and its page."""
        view = self.visit.page.locator(f".shows-{name} .vaekit")
        view.wait_for(timeout=60_000)
        view.scroll_into_view_if_needed()
        return view, self.visit.page

    def together(self, *names):
        """The elements of several views in one document, and its page."""
        return [self.view(name)[0] for name in names], self.visit.page

    def faults(self):
        # Voila's template loads its icons from there
        outside = [url for url in self.visit.outside if "@fortawesome" not in url]
        return self.visit.errors + outside


class OnPages:
    """Each view on a page of its own, opened from a file."""

    def __init__(self, host, context, folder):
        self.host = host
        self.context = context
        self.folder = folder
        self.visits = {}

    def view(self, name):
        if name in explored.WITH_KERNEL_ONLY:
            pytest.skip("only a kernel decodes this model")
        (view,), page = self.together(name)
        return view, page

    def together(self, *names):
        """The elements of several views on one page, and that page."""
        title = " ".join(names)
        if title not in self.visits:
            path = self.folder / f"{title}.html"
            path.write_text(page_of(title, *(explored.VIEWS[name]() for name in names)))
            visit = Visit(self.context, "file:")
            visit.page.goto(path.as_uri())
            visit.page.evaluate(LISTEN)
            self.visits[title] = visit
        page = self.visits[title].page
        page.bring_to_front()
        views = [page.locator(".vaekit").nth(place) for place in range(len(names))]
        for view in views:
            view.wait_for()
        return views, page

    def faults(self):
        return [each for visit in self.visits.values() for each in visit.errors + visit.outside]


@pytest.fixture(scope="module", params=HOSTS)
def opened(request, chromium, server_of, root, tmp_path_factory):
    """Each front end with all views on show; with a mouse and a touch screen."""
    host = request.param
    context = chromium.new_context(viewport=VIEWPORT, has_touch=True)
    if host == "page":
        yield OnPages(host, context, tmp_path_factory.mktemp("pages"))
    else:
        yield InNotebook(host, context, server_of(host), root)
    context.close()


@pytest.fixture
def moved():
    """Gives where the walk of that name, shown last on a page, went to."""
    def moved(page, name):
        found = json.loads(page.evaluate("JSON.stringify(window.moved ?? {})"))
        return found["z"] if found.get("name") == name else None

    return moved
