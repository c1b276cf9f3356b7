"""Training: `fit`, the only loop, and what it keeps."""
from .checkpoints import Checkpoint
from .fit import ADAM, SCHEDULES, evaluate, fit, one_cycle
from .history import History

__all__ = ["ADAM", "SCHEDULES", "Checkpoint", "History", "evaluate", "fit", "one_cycle"]
