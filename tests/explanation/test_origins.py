"""Features are traced to the raw columns that they were made of."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skdualcnn import make_fusion_preprocessor
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


VITALS = pd.DataFrame({"hr": [60.0, 90, 80, 70], "spo2": [97.0, 90, 98, 99], "packets": [3.0] * 4})


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([StandardScaler()], ["hr", "spo2", "packets"]),
        ([SlidingWindow(2)], ["hr", "spo2", "packets"]),
        ([StandardScaler(), SlidingWindow(2, add_indicator=True)], ["hr", "spo2", "packets"] * 2),
        (
            [SelectKBest(lambda X, y: np.array([1.0, 0.0, 2.0]), k=2), StandardScaler()],
            ["hr", "packets"],
        ),
        ([StandardScaler(), PCA(2), SlidingWindow(2)], ["p0", "p1"]),
    ],
)
def test_named_columns_keep_their_names_through_steps_that_keep_them(steps, expected):
    X = VITALS
    for step in steps:
        X = step.fit_transform(X, [0, 1, 0, 1])
    traced = trace_features(steps, [f"p{place}" for place in range(X.shape[-1])])
    assert traced["column"].tolist() == expected


def test_modalities_are_kept_by_steps_behind_the_preprocessor():
    columns = make_fusion_preprocessor(patient=["hr", "spo2"], network=["packets"])
    scaler = StandardScaler()
    scaler.fit(columns.fit_transform(VITALS))
    traced = trace_features([columns, scaler], ["first", "second", "third"])
    assert traced["modality"].tolist() == ["patient", "patient", "network"]


def test_a_category_is_of_its_own_column():
    X = pd.DataFrame({"svc": ["http", "type_x", "http"], "svc_type": ["a", "b", "b"]})
    columns = make_fusion_preprocessor(network=["svc", "svc_type"]).fit(X)
    traced = trace_features([columns], list("abcd"))
    assert traced["column"].tolist() == ["svc", "svc", "svc_type", "svc_type"]


@pytest.mark.parametrize(
    "chosen",
    [["hr", "spo2"], [0, 1], np.array([-3, 1]), slice(2), slice("hr", "spo2"), [True, True, False]],
)
@pytest.mark.parametrize("made", ["passthrough", StandardScaler(), FunctionTransformer(np.log1p)])
def test_columns_may_be_chosen_in_every_way_of_a_column_transformer(chosen, made):
    traffic = ("network", "passthrough", ["packets"])
    columns = ColumnTransformer([("patient", made, chosen), traffic]).fit(VITALS)
    traced = trace_features([columns], list("abc"))
    expected = [["hr", "patient"], ["spo2", "patient"], ["packets", "network"]]
    assert traced.to_numpy().tolist() == expected


def test_columns_without_names_are_called_by_their_place():
    columns = ColumnTransformer([("network", StandardScaler(), [2, 0])]).fit(VITALS.to_numpy())
    assert trace_features([columns], list("ab"))["column"].tolist() == ["x2", "x0"]
