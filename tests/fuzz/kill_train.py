"""Kill `vaekit train` (-9) at random moments, start it again, and compare with a whole run.

    python tests/fuzz/kill_train.py --times 30

Weights and history must be those of a run that nobody disturbs, bit for bit, and nothing else may
be left in the folder.
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.kills import kill_and_go_on, moments, undisturbed  # noqa: E402

COMMAND = ["train", "mlp-vae-mnist-small", "--data", "digits", "--epochs", 3]


def main() -> None:
    """Kill, go on, print what came of it, and fail if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latest", type=float, help="seconds; those of a whole run if left out")
    options = parser.parse_args()
    # bars and lines of progress are not compared
    os.environ["TQDM_DISABLE"] = "1"

    faults = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        latest = undisturbed(COMMAND, folder / "whole")
        print(f"a whole run takes {latest:.1f} s")
        latest = options.latest or latest
        for number, seconds in enumerate(moments(options.times, latest, options.seed)):
            kill = kill_and_go_on(COMMAND, folder / str(number), folder / "whole", seconds)
            outcome = kill.fault or "the same"
            state = f"{kill.epochs} epochs kept" if kill.met else "had ended"
            print(f"{kill.seconds:6.2f} s  {state:13}  {outcome}", flush=True)
            faults += bool(kill.fault)
    print(f"{options.times - faults} of {options.times} the same")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
