"""Training: `fit`, the only loop, and what it keeps."""
from .checkpoints import Checkpoint
from .evaluate import evaluate
from .fit import fit
from .history import History
from .settings import ADAM, SCHEDULES, one_cycle

__all__ = ["ADAM", "SCHEDULES", "Checkpoint", "History", "evaluate", "fit", "one_cycle"]
