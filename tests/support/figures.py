"""What a figure shows."""


def picture(fig):
    """The pixels of its first axes' first image, (H, W, 3)."""
    return fig.axes[0].images[0].get_array()


def texts(labels):
    """What some of matplotlib's text objects say."""
    return [label.get_text() for label in labels]
