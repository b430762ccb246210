"""What a check for drift found."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class DriftReport:
    """What a check of one batch found.

    Attributes
    ----------
    parts : DataFrame
        A row for each modality, for "predictions", and for "calibration" if labels were
        given. `statistic`, how many times as far from the reference as usual its
        farthest column is; `threshold`, above which is an alarm; `p_value`, the share
        of batches without drift that are at least as far; `alarm`; and of the farthest
        column `column`, `aspect`, `distance`, `usual`.
    columns : DataFrame
        A row per column and aspect of it, with its `part`, its `distance` from the
        reference, and what is `usual` for a batch without drift. A distance of means is in
        standard deviations of the reference, of scores and truths in their own unit; every
        other is a difference of shares, at most 1.
    n_rows : int
        Rows of the batch.
    """

    parts: pd.DataFrame
    columns: pd.DataFrame
    n_rows: int

    @property
    def alarms(self) -> list[str]:
        """The parts that have moved."""
        return [str(part) for part in self.parts.index[self.parts["alarm"]]]

    def __str__(self) -> str:
        if not self.alarms:
            return f"no drift in {self.n_rows} rows"
        told = []
        for part in self.alarms:
            farthest = self.parts.loc[part]
            told.append(
                f"{part} moved: {farthest['column']}, {farthest['aspect']}, is "
                f"{farthest['distance']:.2f} from the reference, usually up to "
                f"{farthest['usual']:.2f}"
            )
        return "; ".join(told)
