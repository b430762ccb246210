"""The command line of the benchmarks."""

import argparse
import os
from pathlib import Path

from benchmarks import alignment, baselines, conformance, windows
from skdualcnn._studies import STUDIES


def main() -> int:
    """Run the benchmark that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    compare = commands.add_parser(
        "baselines", help="our network beside six classifiers, two protocols, every data set"
    )
    compare.add_argument("--data", nargs="+", choices=STUDIES, default=["ward"])
    compare.add_argument("--data-dir", type=Path, default=os.environ.get("SKDUALCNN_DATA", "."))
    compare.add_argument("--out", type=Path, default=Path("benchmark_baselines"))
    compare.add_argument("--seeds", type=int, default=1, help="number of seeds (default: 1)")
    compare.add_argument("--quick", action="store_true", help="fewer rows and epochs")
    commands.add_parser("conformance", help="scikit-learn's common checks, counted")
    align = commands.add_parser("alignment", help="a million readings, and models on the result")
    align.add_argument("--data-dir", type=Path, default=os.environ.get("SKDUALCNN_DATA", "."))
    align.add_argument("--out", type=Path, default=Path("benchmark_alignment"))
    align.add_argument("--quick", action="store_true", help="fewer readings, patients and trees")
    window = commands.add_parser("windows", help="memory of long windows through the network")
    window.add_argument("--out", type=Path, default=Path("benchmark_windows"))
    window.add_argument("--quick", action="store_true", help="fewer rows")
    options = parser.parse_args()
    if options.command == "conformance":
        return conformance.run()
    if options.command == "alignment":
        alignment.run(Path(options.data_dir), options.out, quick=options.quick)
        return 0
    if options.command == "windows":
        windows.run(options.out, quick=options.quick)
        return 0
    seeds = range(options.seeds)
    baselines.run(options.data, options.data_dir, options.out, seeds, quick=options.quick)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
