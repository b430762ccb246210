"""A CSV file of one's own as a table, and what is refused of it."""

import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdualcnn.exceptions import DataFileError, UsageError

if TYPE_CHECKING:
    import pandas as pd

NUMBER = r"(?i)[-+]?(0x[0-9a-f]+|\d*[.,]?\d+(e[-+]?\d+)?)"  # as others write them, too
MISSING = ["", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null"]  # of labels
MOST_VALUES = 20  # of a column that may be of categories, whatever they look like


def read_table(path: Path, columns: Sequence[str], labels: Sequence[str] = ()) -> "pd.DataFrame":
    """Return the rows of a CSV file, which has the columns and the labels.

    Missing are the words that pandas takes for it; None, as a label among words, is a class.

    Raises
    ------
    DataFileError, OSError
        If the file is no table with a header.
    UsageError
        If a column is not in it.
    """
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415
    from pandas.errors import ParserWarning  # noqa: PLC0415

    read = _reader(path)
    try:
        table = read()
    except ParserWarning:
        raise DataFileError(
            f"{path}: row 1 has more cells than the header, expected as many. Name each column in "
            "the header, separate columns by commas, and write numbers as 79.5."
        ) from None
    except UnicodeDecodeError as error:
        raise DataFileError(
            f"{path} is not UTF-8 text, but {error.object[error.start]:#04x} is at byte "
            f"{error.start}. Save it as CSV in UTF-8."
        ) from error
    except ValueError as error:
        raise DataFileError(f"{path} is no CSV file with a header: {error}") from error
    if table.empty:
        raise DataFileError(f"{path} has no row, expected a header and a row for each moment.")
    missing = [column for column in (*columns, *labels) if column not in table]
    if missing:
        raise UsageError(
            f"{path} has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(repr, table.columns))}{_hint(table)}"
        )
    header = read(header=None, nrows=1, dtype=str).iloc[0].tolist()
    twice = [column for column in dict.fromkeys((*columns, *labels)) if header.count(column) > 1]
    if twice:
        raise DataFileError(
            f"{path} has several columns called {', '.join(map(repr, twice))}, expected one. "
            "Rename or remove the others."
        )
    words = [
        label for label in labels if table[label].isna().all() or not is_numeric_dtype(table[label])
    ]
    if words:
        table[words] = read(usecols=words, keep_default_na=False, na_values=MISSING)[words]
    for label in labels:
        _check_label(f"{path}: column {label!r}", table[label])
    return table


def _check_label(where: str, column: "pd.Series[Any]") -> None:
    if column.isna().all():
        raise DataFileError(
            f"{where} has no label in any row, expected the class in some. Fill it in, or train "
            "without the column."
        )
    fractions = column[column % 1 != 0].dropna() if column.dtype.kind == "f" else column[:0]
    if len(fractions):
        raise DataFileError(
            f"{where} is {fractions.iloc[0]:g} in row {fractions.index[0] + 1}, expected classes: "
            "words or whole numbers. Write what is to be told apart as classes."
        )


def _hint(table: "pd.DataFrame") -> str:
    """Return what may be wrong with a table of one column, or nothing."""
    name = str(table.columns[0])
    if table.shape[1] > 1 or not (";" in name or "\t" in name):
        return ""
    return ". Separate columns by commas, and write numbers as 79.5"


def check_features(path: Path, features: "pd.DataFrame") -> None:
    """Refuse numbers that are too large, and columns of numbers that are text in the file.

    Such text has many values, most of them numbers or most of them different. As
    categories, each of them would be an input of its own.

    Raises
    ------
    DataFileError
        If there is one.
    """
    from pandas.api.types import is_numeric_dtype  # noqa: PLC0415

    for name in features:
        where = f"{path}: column {name!r}"
        if is_numeric_dtype(features[name]):
            _check_size(where, features[name])
        else:
            _check_text(f"{where} is text", features[name].dropna().astype(str))


def _check_size(where: str, numbers: "pd.Series[float]") -> None:
    import numpy as np  # noqa: PLC0415

    large = numbers[numbers.abs() > np.finfo(np.float32).max]
    if len(large):
        raise DataFileError(
            f"{where} is {large.iloc[0]:g} in row {large.index[0] + 1}, expected a number below "
            "3e38 in size. Leave the cell empty where there is none."
        )


def _check_text(where: str, cells: "pd.Series[str]") -> None:
    import pandas as pd  # noqa: PLC0415

    n_values = cells.nunique()
    share = max(cells.str.fullmatch(NUMBER).mean(), n_values / max(len(cells), 1))
    bad = cells[pd.to_numeric(cells, errors="coerce").isna()]
    if n_values <= MOST_VALUES or share <= 0.5 or bad.empty:
        return
    raise DataFileError(
        f"{where}, such as {bad.iloc[0]!r} in row {bad.index[0] + 1}: {len(bad):,} of "
        f"{len(cells):,} cells are no numbers, and {n_values:,} values are too many for "
        "categories. Write numbers as 79.5, leave a cell empty where there is none, or leave out "
        "the column."
    )


def _reader(path: Path) -> Callable[..., "pd.DataFrame"]:
    """Return pandas' reader of one file, whatever it is asked."""
    import pandas as pd  # noqa: PLC0415

    content = None if path.is_file() else path.read_bytes()  # of a pipe, which is read once

    def read(**how: Any) -> pd.DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                path if content is None else BytesIO(content),
                index_col=False,  # nothing but the header says what is what
                low_memory=False,  # one kind a column
                **how,
            )

    return read
