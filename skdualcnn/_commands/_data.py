"""Arguments that name a data set, for every command that reads one."""

import argparse
import os
from pathlib import Path

from skdualcnn.exceptions import UsageError

# Names here, and not read off the studies, so that --help does not import torch.
DATA_SETS = ("ward", "wustl_ehms", "physionet2012", "nsl_kdd", "icu_security")


def add_data_arguments(parser: argparse.ArgumentParser, *, trained: bool = False) -> None:
    """Add --data and --data-dir; of a trained model, the data set is the one it knows."""
    parser.add_argument(
        "--data",
        choices=DATA_SETS,
        default=None if trained else "ward",
        help=f"data set (default: {'that of the training' if trained else 'the simulated ward'})",
    )
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=os.environ.get("SKDUALCNN_DATA") or None,  # an empty variable is no folder
        help="folder of the data set's files, or the folder above it (default: $SKDUALCNN_DATA)",
    )


def check_data_arguments(options: argparse.Namespace) -> None:
    """Refuse a data set of files without a folder of them.

    Raises
    ------
    UsageError
        If no folder is given.
    FileNotFoundError
        If it does not exist.
    """
    if options.data == "ward":
        return
    if options.data_dir is None:
        raise UsageError(
            f"--data {options.data} reads files, but no folder was given; expected --data-dir "
            "FOLDER, or the variable SKDUALCNN_DATA"
        )
    if not options.data_dir.exists():
        raise FileNotFoundError(
            f"--data-dir {options.data_dir} does not exist; expected a folder with the files of "
            f"{options.data}."
        )
