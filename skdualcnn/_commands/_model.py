"""A saved decider for a command, and what train noted in it of the rows it was trained on."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skdualcnn._commands._data import DATA_SETS
from skdualcnn._commands._source import HEADS, MODALITIES, add_source_arguments
from skdualcnn.exceptions import ModelFileError, UsageError

_COLUMNS = (*MODALITIES, *HEADS, "groups")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the model, the rows that it is shown, and the seed of their split."""
    add_model(parser, "file that train, or save(decider, path), has written")
    add_source_arguments(parser, trained=True)
    parser.add_argument("--seed", type=int, help="seed of the split (default: of the training)")


def add_model(parser: argparse.ArgumentParser, text: str) -> None:
    """Add the file of the model alone."""
    parser.add_argument("model", type=Path, metavar="MODEL", help=text)


def note(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the file of a model says of the rows that the arguments name.

    That is the data set, or the columns of a CSV file, and the seed; not where the file was.
    """
    if options.csv is None:
        return {"data": options.data, "seed": options.seed}
    columns = {name: getattr(options, name) for name in _COLUMNS}
    return {**{name: found for name, found in columns.items() if found}, "seed": options.seed}


def recall(options: argparse.Namespace) -> None:
    """Complete the arguments by what the file of the model says of its training.

    Raises
    ------
    ModelFileError, OSError
        If the file is no model.
    UsageError
        If it was trained on a CSV file, and there is none.
    """
    from skdualcnn._persistence import read_trained_on  # noqa: PLC0415  (imports torch)

    noted = read_trained_on(options.model)
    if not all(_is_expected(name, value) for name, value in noted.items()):
        raise ModelFileError(
            f"{options.model} does not say what it was trained on as train does: a data set or "
            "columns, and a seed. Use a file that train wrote, from a source that you trust."
        )
    if options.seed is None:
        options.seed = noted.get("seed", 0)
    if options.csv is not None:
        for name in _COLUMNS:
            setattr(options, name, getattr(options, name) or noted.get(name, []))
    elif options.data is None:
        if noted and "data" not in noted:
            raise UsageError(f"{options.model} was trained on a CSV file; expected --csv FILE")
        options.data = noted.get("data", "ward")


def load_decider(path: Path) -> Any:
    """Return a saved decider of any kind.

    Raises
    ------
    ModelFileError, OSError
        If the file is no model.
    UsageError
        If it is another estimator.
    """
    from skdualcnn import load  # noqa: PLC0415  (imports torch)
    from skdualcnn._decisions import DecisionsMixin  # noqa: PLC0415

    model = load(path)
    if not isinstance(model, DecisionsMixin):
        raise UsageError(
            f"{path} holds a {type(model).__name__}, expected a decider: what train writes, or "
            "save(decider, path) of a FusionDecider, a TunedFusionDecider or a "
            "ConformalFusionDecider"
        )
    return model


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


def _is_expected(name: str, value: Any) -> bool:
    if name == "seed":
        return type(value) is int
    if name == "data":
        return value in DATA_SETS
    if name in MODALITIES:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    return name in _COLUMNS and isinstance(value, str)
