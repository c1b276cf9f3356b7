"""What `import vaekit` costs beyond `import torch`, each time in a fresh interpreter. Usage: python benchmarks/import_time.py"""
import subprocess
import sys
from statistics import median

LINES = {
    "import vaekit": "import vaekit",
    "the models and the loop": "from vaekit import data, losses, models, recipes, training; from vaekit.course import check",
    "a lab's import line": "from vaekit import data, explore, losses, models, plots, recipes, training; from vaekit.course import check",
}
TIMER = "import time, torch; start = time.perf_counter(); {line}; print(time.perf_counter() - start)"

for name, line in LINES.items():
    seconds = [float(subprocess.check_output([sys.executable, "-c", TIMER.format(line=line)])) for _ in range(7)]
    print(f"{name:26} {median(seconds):.3f} s beyond torch (median of 7, {min(seconds):.3f} … {max(seconds):.3f})")
