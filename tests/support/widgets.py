"""What a slider shows at the moment."""
import io

import numpy as np
from PIL import Image


def shown(widget):
    """The pixels of the picture that a widget sends to the browser."""
    return np.asarray(Image.open(io.BytesIO(widget.image.value)))
