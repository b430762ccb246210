"""Features are traced to the raw columns that they were made of."""

import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer

from skdualcnn.explanation._origins import trace_features
from skdualcnn.preprocessing import SlidingWindow


@pytest.mark.parametrize("by", [0, -3, "group__bed"])
def test_the_column_that_tells_devices_apart_is_no_feature_wherever_it_stands(by):
    X = pd.DataFrame({"bed": [1.0, 1.0], "spo2": [97.0, 98.0], "packets": [3.0, 4.0]})
    columns = ColumnTransformer(
        [
            ("group", "passthrough", ["bed"]),
            ("patient_numeric", "passthrough", ["spo2"]),
            ("network_numeric", "passthrough", ["packets"]),
        ]
    ).set_output(transform="pandas")
    windows = SlidingWindow(2, by=by).fit(columns.fit_transform(X))
    traced = trace_features([columns, windows], ["first", "second"])
    assert traced.to_numpy().tolist() == [["spo2", "patient"], ["packets", "network"]]
