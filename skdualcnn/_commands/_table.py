"""A CSV file of one's own as a table, and what is refused of it."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from skdualcnn.exceptions import DataFileError, UsageError

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path, columns: list[str]) -> "pd.DataFrame":
    """Return the rows of a CSV file, which has the columns.

    Raises
    ------
    DataFileError, OSError
        If the file is no table with a header.
    UsageError
        If a column is not in it.
    """
    import pandas as pd  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, index_col=False)  # nothing but a header says what is what
    except pd.errors.ParserWarning:
        raise DataFileError(
            f"{path}: row 1 has more cells than the header, expected as many. Name each column in "
            "the header, or remove the cells that have no name."
        ) from None
    except ValueError as error:
        raise DataFileError(f"{path} is no CSV file with a header: {error}") from error
    missing = [column for column in columns if column not in table]
    if missing:
        raise UsageError(
            f"{path} has no column {', '.join(map(repr, missing))}; it has "
            f"{', '.join(map(str, table.columns))}"
        )
    return table
