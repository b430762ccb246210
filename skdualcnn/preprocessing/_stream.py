"""One stream made ready: on the reference clock, in order, each reading once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from skdualcnn.exceptions import AlignmentError
from skdualcnn.preprocessing._clock import StreamClock
from skdualcnn.preprocessing._stamps import read_stamps


@dataclass(frozen=True)
class Stream:
    """Readings in the order of group and time.

    Attributes
    ----------
    values : DataFrame of shape (n, n_columns)
        What was read, index 0 to n - 1.
    group : ndarray of shape (n,) and dtype int64
        Code of the group.
    time : ndarray of shape (n,) and dtype int64
        Corrected stamps, nanoseconds.
    known : ndarray of shape (n,) and dtype int64
        When the reading was at hand: its stamp, or its arrival if that is later.
    counts : dict of str to int
        What was dropped on the way.
    """

    values: pd.DataFrame
    group: NDArray[np.int64]
    time: NDArray[np.int64]
    known: NDArray[np.int64]
    counts: dict[str, int]

    @classmethod
    def prepare(
        cls,
        name: str,
        frame: pd.DataFrame,
        codes: NDArray[np.int64],
        labels: pd.Index,
        *,
        on: str,
        by: list[str],
        arrival: str | None,
        clock: StreamClock | Mapping[Any, StreamClock] | None,
    ) -> Self:
        """Correct the stamps, drop readings without one or twice, and sort."""
        kind, time, there = read_stamps(frame[on], f"{on!r} of stream {name!r}")
        time = _corrected(name, time, kind, codes, labels, clock)
        known = time
        if arrival is not None and arrival in frame:
            other, arrived, arrived_there = read_stamps(
                frame[arrival], f"{arrival!r} of stream {name!r}"
            )
            if other != kind:
                raise AlignmentError(
                    f"In stream {name!r}, {on!r} holds {kind} and {arrival!r} {other}, expected "
                    "the same kind."
                )
            # A reading that never arrived is not at hand; one cannot arrive before it is made.
            there = there & arrived_there
            known = np.maximum(time, arrived)
        there = there & (codes >= 0)
        n = len(frame)
        kept = np.flatnonzero(there)
        codes, time, known = codes[kept], time[kept], known[kept]
        seen = pd.Series(time).groupby(codes).cummax().to_numpy()
        order = np.lexsort((known, time, codes))
        kept, codes, time, known = kept[order], codes[order], time[order], known[order]
        again = np.zeros(len(kept), dtype=bool)
        again[1:] = (np.diff(codes) == 0) & (np.diff(time) == 0)
        counts = {
            "readings": n,
            "no_stamp": n - len(kept),
            "duplicates": int(again.sum()),
            "disordered": int((seen[order] > time).sum()),
        }
        values = frame.drop(columns=[on, *by, *([arrival] if arrival in frame else [])])
        once = ~again
        return cls(
            values.take(kept[once]).reset_index(drop=True),
            codes[once],
            time[once],
            known[once],
            counts,
        )


def _corrected(
    name: str,
    time: NDArray[np.int64],
    kind: str,
    codes: NDArray[np.int64],
    labels: pd.Index,
    clock: StreamClock | Mapping[Any, StreamClock] | None,
) -> NDArray[np.int64]:
    if clock is None:
        return time
    if isinstance(clock, StreamClock):
        return clock.correct_nanoseconds(time, kind)
    if not isinstance(clock, Mapping):
        raise AlignmentError(
            f"clocks[{name!r}] is a {type(clock).__name__}, expected a StreamClock, or a dict from "
            "group to StreamClock."
        )
    unknown = [group for group in clock if group not in labels]
    if unknown:
        raise AlignmentError(
            f"clocks[{name!r}] names the group(s) {unknown[:5]}, which no stream has."
        )
    time = time.copy()
    for group, one in clock.items():
        mine = codes == labels.get_loc(group)
        time[mine] = one.correct_nanoseconds(time[mine], kind)
    return time
