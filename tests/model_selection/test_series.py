from datetime import timedelta

import numpy as np
import pandas as pd

from skdualcnn.model_selection._series import Series


def test_rows_and_times_add_up():
    times = pd.DatetimeIndex([f"2024-01-01 00:{minute:02d}" for minute in (0, 1, 2, 10, 11, 30)])
    series = Series(pd.DataFrame(index=times))
    rows = np.array([0, 3, 5])
    assert series.first_within(rows, 1).tolist() == [0, 2, 4]
    assert series.first_within(rows, "8min").tolist() == [0, 2, 5]
    assert series.first_within(rows, 1, "1min").tolist() == [0, 1, 3]
    assert series.last_within(rows, 1, 1).tolist() == [2, 5, 5]
    assert series.last_within(rows, "5min", timedelta(minutes=5)).tolist() == [3, 4, 5]
    for eight in (np.timedelta64(8, "m"), np.timedelta64(480 * 10**9, "ns")):
        assert series.first_within(rows, eight).tolist() == [0, 2, 5]
