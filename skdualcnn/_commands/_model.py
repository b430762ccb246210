"""A saved decider for a command, and what train noted in it of the rows it was trained on."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdualcnn._commands._data import DATA_SETS, add_data_arguments
from skdualcnn._commands._source import HEADS, add_table_arguments, read_source, seed
from skdualcnn.exceptions import ModelFileError, StreamError, UsageError

if TYPE_CHECKING:
    import pandas as pd

_NAMES = (*HEADS, "groups")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, the rows that it is shown, and the seed of their split."""
    add_model(parser, "file that train, or save(decider, path), has written")
    add_data_arguments(parser, trained=True)
    add_table_arguments(
        parser, "A CSV file instead of --data. The model knows its columns; name what changed."
    )
    parser.add_argument("--seed", type=seed, help="seed of the split (default: of the training)")


def add_model(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the file of the model alone."""
    parser.add_argument("model", type=Path, metavar="MODEL", help=text)


def note(options: argparse.Namespace, window: int = 1) -> dict[str, Any]:
    """Return what the file of a model says of the rows that it was trained on.

    That is the data set, or the labels, groups and window of a CSV file, and the seed; not where
    the file was. The other columns are in the model itself.
    """
    if options.csv is None:
        return {"data": options.data, "seed": options.seed}
    names = {name: getattr(options, name) for name in _NAMES}
    named = {name: column for name, column in names.items() if column}
    return {**named, "window": window, "seed": options.seed}


def read_rows(options: argparse.Namespace, decider: Any, noted: dict[str, Any]) -> tuple[Any, Any]:
    """Return what `read_source` does, with arguments that are not given as `noted` in the training.

    Labels without a note have the names of the decider's heads.

    Raises
    ------
    UsageError
        If it was trained on a CSV file, and there is none, or one without its columns.
    """
    if options.seed is None:
        options.seed = noted.get("seed", 0)
    heads = dict(zip(HEADS, decider.heads_, strict=True))
    if options.csv is not None:
        for name in _NAMES:
            known = noted.get(name, heads.get(name))
            setattr(options, name, getattr(options, name) or known)
        modalities = _streams_of(options.model, decider)
        study, dataset = read_source(
            options,
            modalities=modalities,
            window=noted.get("window", 1),
            by=noted.get("groups"),
        )
        _check_kinds(options, decider, dataset.data)
    else:
        if options.data is None and noted and "data" not in noted:
            raise UsageError(f"{options.model} was trained on a CSV file; expected --csv FILE")
        options.data = options.data or noted.get("data", "ward")
        study, dataset = read_source(options)
    dataset.target = dataset.target.rename(columns={k: v for k, v in heads.items() if v})
    return study, dataset


def load_decider(path: Path) -> tuple[Any, dict[str, Any]]:
    """Return a saved decider of any kind, and what train noted of its rows: nothing, if not train.

    Raises
    ------
    ModelFileError, OSError
        If the file is no model, or its note is none of train's.
    UsageError
        If it is another estimator.
    """
    from skdualcnn._decisions import DecisionsMixin  # noqa: PLC0415
    from skdualcnn._persistence import load_trained  # noqa: PLC0415  (imports torch)

    model, noted = load_trained(path)
    if not isinstance(model, DecisionsMixin):
        raise UsageError(
            f"{path} holds a {type(model).__name__}, expected a decider: what train writes, or "
            "save(decider, path) of a FusionDecider, a TunedFusionDecider or a "
            "ConformalFusionDecider"
        )
    if not all(_is_expected(name, value) for name, value in noted.items()):
        raise ModelFileError(
            f"{path} does not say what it was trained on as train does: a data set or columns, and "
            "a seed. Use a file that train wrote, from a source that you trust."
        )
    return model, noted


@contextmanager
def expect_fit(model: Path, title: str) -> Iterator[None]:
    """Say of errors within that the model is of other columns or heads than the data.

    Raises
    ------
    UsageError
        If anything is wrong with the data.
    """
    try:
        yield
    except (ValueError, KeyError) as error:
        raise UsageError(f"{model} does not fit {title}: {error}") from error


def _streams_of(path: Path, decider: Any) -> dict[str, list[str]]:
    """Return the columns of a fitted decider, by stream."""
    from skdualcnn.gateway._settings import streams_of  # noqa: PLC0415  (imports torch)

    try:
        return streams_of(decider)
    except StreamError:
        raise UsageError(
            f"{path} does not know its columns, expected a model with make_fusion_preprocessor in "
            "front; score and export another one in Python"
        ) from None


def _check_kinds(options: argparse.Namespace, decider: Any, rows: "pd.DataFrame") -> None:
    """Refuse text where the model knows numbers, and the reverse."""
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415

    from skdualcnn.gateway._settings import columns_of  # noqa: PLC0415  (imports torch)

    kinds = {"numeric": "numbers", "categorical": "categories"}
    for _, kind, columns in columns_of(decider):
        known = kinds[kind]
        for column in columns:
            cells = rows[column].dropna()
            found = "numbers" if is_numeric_dtype(rows[column]) else "categories"
            if len(cells) and found != known:
                raise UsageError(
                    f"{options.csv}: column {column!r} holds {found} such as "
                    f"{cells.tolist()[0]!r} in row {cells.index[0] + 1}, expected {known}, as "
                    f"{options.model} knows it. "
                    "Correct the column, or train on it as it is."
                )


def _is_expected(name: str, value: Any) -> bool:
    if name == "seed":
        return type(value) is int
    if name == "window":
        return type(value) is int and value >= 1
    if name == "data":
        return value in DATA_SETS
    return name in _NAMES and isinstance(value, str)
