"""What was drawn: the calls of a function of plots, and its figures."""
from vaekit import plots


def watch(monkeypatch, name):
    """The calls of a function of plots, as they come: (arguments, keywords, figure)."""
    calls = []
    draw = getattr(plots, name)

    def watched(*args, **kwargs):
        figure = draw(*args, **kwargs)
        calls.append((args, kwargs, figure))
        return figure

    monkeypatch.setattr(plots, name, watched)
    return calls
