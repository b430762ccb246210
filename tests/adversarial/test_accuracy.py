import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MinMaxScaler

from skdualcnn import make_fusion_preprocessor
from skdualcnn.adversarial import SENSOR_ACCURACY, accuracy_of_features
from skdualcnn.adversarial._accuracy import accuracy_of_columns
from skdualcnn.datasets import make_ward
from skdualcnn.preprocessing import PHYSIOLOGICAL_LIMITS


def columns(*names):
    return pd.DataFrame({name: [1.0, 2.0] for name in names})


def test_the_ward_s_vitals_have_an_accuracy_and_nothing_else_has():
    ward = make_ward(n_patients=2, hours=1, random_state=0)
    known = accuracy_of_columns(ward.data, None) > 0
    vitals = [name for name in ward.modalities["patient"] if ward.data[name].dtype == float]
    assert set(ward.data.columns[known]) == set(vitals)


def test_an_accuracy_is_far_narrower_than_what_is_plausible():
    shared = SENSOR_ACCURACY.keys() & PHYSIOLOGICAL_LIMITS.keys()
    assert len(shared) >= 5
    for pattern in shared:
        accuracy, limits = SENSOR_ACCURACY[pattern], PHYSIOLOGICAL_LIMITS[pattern]
        assert 0 < accuracy.amount < (limits.high - limits.low) / 20
        assert accuracy.unit == limits.unit


@pytest.mark.parametrize("accuracy", [{"a": 2}, {0: 2.0}, {"a|z": (2, "mmHg")}])
def test_an_accuracy_of_one_s_own(accuracy):
    np.testing.assert_array_equal(accuracy_of_columns(columns("a", "b"), accuracy), [2, 0])


@pytest.mark.parametrize(
    ("X", "accuracy", "message"),
    [
        (np.ones((2, 2)), None, "expected a pandas DataFrame"),
        (columns("a", "b"), None, "None of the columns"),
        (columns("a", "b"), {"a": -1}, "finite numbers of 0 or more"),
        (columns("a", "b"), {"a": np.inf}, "finite numbers of 0 or more"),
    ],
)
def test_what_is_refused(X, accuracy, message):
    with pytest.raises(ValueError, match=message):
        accuracy_of_columns(X, accuracy)


def test_features_are_off_by_the_accuracy_over_the_range():
    X = pd.DataFrame({"spo2": [80.0, 85.0, np.nan, 100.0], "packet_rate": [1.0, 5.0, 3.0, 2.0]})
    preprocessor = make_fusion_preprocessor(
        patient=["spo2"], network=["packet_rate"], noise_filter=MinMaxScaler()
    ).fit(X)
    assert list(preprocessor.get_feature_names_out())[1].endswith("missingindicator_spo2")
    # 2 % of a range of 20 %; that a reading is missing, and the network, do not move.
    np.testing.assert_allclose(accuracy_of_features(preprocessor, X), [0.1, 0, 0])
