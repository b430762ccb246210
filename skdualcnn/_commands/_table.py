"""A CSV file of one's own as a table, and what is refused of it."""

import warnings
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skdualcnn.exceptions import DataFileError, UsageError

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, columns: Sequence[str], labels: Sequence[str] = ()) -> "pd.DataFrame":
    """Return the rows of a CSV file, which has the columns and the labels.

    Words such as None and NA are missing values, but classes of labels that are words.

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
            "the header, or remove the cells that have no name."
        ) from None
    except ValueError as error:
        raise DataFileError(f"{path} is no CSV file with a header: {error}") from error
    missing = [column for column in (*columns, *labels) if column not in table]
    if missing:
        raise UsageError(
            f"{path} has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(str, table.columns))}"
        )
    words = [
        label for label in labels if table[label].isna().all() or not is_numeric_dtype(table[label])
    ]
    if words:
        table[words] = read(usecols=words, keep_default_na=False, na_values=[""])[words]
    return table


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
