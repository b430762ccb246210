"""Rows for a command: one of the known data sets, or a CSV file of one's own."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdualcnn._commands._data import add_data_arguments, check_data_arguments
from skdualcnn._commands._table import check_features, read_table
from skdualcnn.exceptions import DataFileError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from skdualcnn._studies import Study

MODALITIES = ("patient", "environment", "network")
HEADS = ("health", "cyber")
WINDOWS_IN_A_GROUP = 10  # of a recording: stretches that are held out, and drawn, as a whole


def add_source_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what names a data set, and what says which columns of a CSV file are what."""
    add_data_arguments(parser)
    own = add_table_arguments(
        parser, "A CSV file instead of --data; name its columns, separated by spaces."
    )
    for name in MODALITIES:
        own.add_argument(f"--{name}", nargs="+", default=[], metavar="COLUMN", help=f"{name} data")


def add_table_arguments(
    parser: argparse.ArgumentParser, description: str
) -> "argparse._ArgumentGroup":
    """Add a CSV file with its labels and groups, and return where its other columns belong."""
    own = parser.add_argument_group("your own data", description)
    own.add_argument("--csv", type=Path, metavar="FILE", help="one row a moment, with a header")
    for name in HEADS:
        own.add_argument(f"--{name}", metavar="COLUMN", help=f"label of the {name} head")
    own.add_argument(
        "--groups",
        metavar="COLUMN",
        help="what must stay on one side of the split, such as the patient; without, the last "
        "fifth of the rows is held out",
    )
    return own


def read_source(
    options: argparse.Namespace,
    *,
    drop_leaky: bool = True,
    modalities: Mapping[str, Sequence[str]] | None = None,
    window: int = 1,
    by: str | None = None,
) -> tuple["Study", Any]:
    """Return what to train on the data set, and the data set.

    `modalities` are the columns of a CSV file where no arguments name them, and `window` is the
    rows that a model sees of it at once, those of a group apart if `by` is what the model calls
    the column that tells them apart. Single rows need no such column.

    Raises
    ------
    UsageError
        If the arguments do not go together, or name columns that are not there.
    DataFileError, OSError
        If the files are not as expected.
    """
    from skdualcnn import datasets  # noqa: PLC0415  (imports pandas)
    from skdualcnn._studies import STUDIES, study_of_table  # noqa: PLC0415  (imports torch)

    if options.csv is not None:
        if modalities is None:
            modalities = {name: getattr(options, name) for name in MODALITIES}
        by = by if window > 1 else None
        dataset = _read_csv(options, modalities, window, by)
        return study_of_table(options.csv.name, dataset, window=window, by=by), dataset
    if window > 1:
        raise UsageError("--window is of a CSV file; the known data sets have windows of their own")
    columns = (*MODALITIES, *HEADS, "groups")
    named = [f"--{name}" for name in columns if getattr(options, name, None)]
    if named:
        raise UsageError(f"{', '.join(named)} name columns of a CSV file; expected --csv FILE")
    check_data_arguments(options)
    study = STUDIES[options.data]
    if drop_leaky or not study.needs_files:
        return study, study.load(options.data_dir or Path(), options.seed)
    loader = getattr(datasets, f"load_{options.data}")
    return study, loader(options.data_dir, drop_leaky=False)


def divide(dataset: Any, seed: int) -> tuple["NDArray[np.intp]", "NDArray[np.intp]"]:
    """Return the rows to train on and those held out, by the split that the data ask for.

    Raises
    ------
    UsageError
        If the data cannot be divided so.
    """
    from skdualcnn.model_selection import honest_split  # noqa: PLC0415  (imports scikit-learn)

    try:
        return honest_split(dataset, random_state=seed)
    except ValueError as error:
        raise UsageError(str(error)) from error


def positive(text: str) -> int:
    """Return a whole number of 1 or more, for the parser."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no whole number of 1 or more")
    return int(text)


def above_zero(text: str) -> float:
    """Return a finite number above 0, for the parser."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number above 0")
    return number


def seed(text: str) -> int:
    """Return the seed of a generator of random numbers, for the parser."""
    number = int(text)
    if not 0 <= number < 2**32:
        raise argparse.ArgumentTypeError(f"{number} is no seed, expected 0 to {2**32 - 1}")
    return number


def _read_csv(
    options: argparse.Namespace,
    modalities: Mapping[str, Sequence[str]],
    window: int,
    by: str | None,
) -> Any:
    import pandas as pd  # noqa: PLC0415

    from skdualcnn.datasets._bunch import make_dataset, make_target  # noqa: PLC0415

    features = [column for columns in modalities.values() for column in columns]
    labels = {name: getattr(options, name) for name in HEADS if getattr(options, name)}
    if not features or not labels:
        raise UsageError(
            "--csv needs the columns of at least one of --patient, --environment and --network, "
            "and a label: --health or --cyber"
        )
    grouped = [options.groups] if options.groups else []
    table = read_table(options.csv, [*features, *grouped], list(labels.values()))
    used = [*features, *([by] if by else [])]
    if len(set(used)) < len(used) or set(used) & set(labels.values()):
        raise UsageError(
            "a column is named twice; expected each as one feature, or as a label, or, with "
            "--window, as --groups"
        )
    check_features(options.csv, table[features])
    dataset = make_dataset(
        data=table[features],
        target=make_target(len(table), **{k: _read_labels(table[c]) for k, c in labels.items()}),
        groups=_read_groups(options, table, window),
        modalities=modalities,
        split_by="groups" if options.groups else "time",
        protocol=(
            f"Hold out a fifth of the groups, by {options.groups}."
            if options.groups
            else "Train on the first four fifths of the rows and test on the last."
        ),
        descr=f"Read from {options.csv}.",
    )
    if by:  # as numbers: text would make all features Python objects
        dataset.data[by] = pd.factorize(dataset.groups)[0]
    return dataset


def _read_groups(options: argparse.Namespace, table: "pd.DataFrame", window: int) -> Any:
    """Return the group of each row: as --groups says, or stretches of a recording."""
    import numpy as np  # noqa: PLC0415

    if not options.groups:
        # Windows that have rows in common are no examples of their own.
        return np.arange(len(table)) // (1 if window == 1 else WINDOWS_IN_A_GROUP * window)
    groups = table[options.groups]
    if groups.isna().any():
        raise DataFileError(
            f"{options.csv} has {int(groups.isna().sum())} row(s) without {options.groups}; "
            "expected one in every row, as --groups names it. Drop these rows or fill it in."
        )
    return groups


def _read_labels(column: "pd.Series[Any]") -> Any:
    """Return labels as Python's own, None where missing; whole numbers stay whole."""
    known = column.dropna()
    if known.dtype.kind == "f" and (known == known.round()).all():
        known = known.astype(int)
    return known.astype(object).reindex(column.index).where(column.notna(), None)
