"""Send Ctrl-C to `vaekit train` at random moments, most of them while torch is imported.

    python tests/fuzz/interrupt_train.py --times 40 --latest 2

Each time it must end with exit code 130 (or by the signal, which a shell shows as 130), with at
most one line and no traceback, and leave no half-written file.
"""
import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.interrupts import interrupt_at_random  # noqa: E402

COMMAND = ["train", "mlp-vae-mnist-small", "--data", "digits", "--epochs", 100000]


def main() -> None:
    """Interrupt, print what came of it, and fail if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--earliest", type=float, default=0.1, help="seconds after the start")
    parser.add_argument("--latest", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        for done in interrupt_at_random(COMMAND, Path(folder) / "out", **vars(options)):
            print(f"{done.seconds:6.2f} s  code {done.code:4}  {done.fault or 'as it should'}")
            faults += bool(done.fault)
    print(f"{options.times - faults} of {options.times} as they should")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
