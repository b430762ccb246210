"""The command line of the benchmarks."""

import argparse
import os
from pathlib import Path

from benchmarks.baselines import run
from skdualcnn._studies import STUDIES


def main() -> None:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    baselines = commands.add_parser(
        "baselines", help="our network beside six classifiers, two protocols, every data set"
    )
    baselines.add_argument("--data", nargs="+", choices=STUDIES, default=["ward"])
    baselines.add_argument("--data-dir", type=Path, default=os.environ.get("SKDUALCNN_DATA", "."))
    baselines.add_argument("--out", type=Path, default=Path("benchmark_baselines"))
    baselines.add_argument("--seeds", type=int, default=1, help="number of seeds (default: 1)")
    baselines.add_argument("--quick", action="store_true", help="fewer rows and epochs")
    options = parser.parse_args()
    run(options.data, options.data_dir, options.out, range(options.seeds), quick=options.quick)


if __name__ == "__main__":
    main()
