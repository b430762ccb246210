"""The command line of the benchmarks."""

import argparse
import os
from pathlib import Path

from benchmarks import baselines, conformance, streaming
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
    live = commands.add_parser("streaming", help="latency of readings that come one by one")
    live.add_argument("--quick", action="store_true", help="a tenth of the readings")
    options = parser.parse_args()
    if options.command == "conformance":
        return conformance.run()
    if options.command == "streaming":
        streaming.run(quick=options.quick)
        return 0
    seeds = range(options.seeds)
    baselines.run(options.data, options.data_dir, options.out, seeds, quick=options.quick)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
