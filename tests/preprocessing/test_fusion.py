from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import make_column_selector
from sklearn.preprocessing import FunctionTransformer

from skdualcnn import make_fusion_preprocessor
from skdualcnn.preprocessing import OutlierClipper, QuantileScaler


@pytest.fixture
def X():
    return pd.DataFrame(
        {
            "heart_rate": [60.0, np.nan, 100.0, 80.0],
            "rhythm": ["sinus", "fibrillation", "sinus", None],
            "room_temperature": [20.0, 21.0, 22.0, 23.0],
            "packets": pd.array([5, None, 7, 6], dtype="Int64"),
            "protocol": pd.Categorical(["tcp", "udp", "tcp", "tcp"]),
            "encrypted": [True, False, True, True],
        }
    )


MODALITIES = {
    "patient": ["heart_rate", "rhythm"],
    "environment": ["room_temperature"],
    "network": ["packets", "protocol", "encrypted"],
}


def test_every_kind_of_column_becomes_features_in_0_1(X):
    preprocessor = make_fusion_preprocessor(**MODALITIES).set_output(transform="pandas")
    out = preprocessor.fit_transform(X)
    assert list(out.columns) == [
        "patient_numeric__heart_rate",
        "patient_numeric__missingindicator_heart_rate",
        "patient_categorical__rhythm_fibrillation",
        "patient_categorical__rhythm_sinus",
        "patient_categorical__rhythm_nan",
        "environment_numeric__room_temperature",
        "network_numeric__packets",
        "network_numeric__encrypted",
        "network_numeric__missingindicator_packets",
        "network_categorical__protocol_tcp",
        "network_categorical__protocol_udp",
    ]
    assert out.notna().all(axis=None)
    assert out.min(axis=None) == 0
    assert out.max(axis=None) == 1
    np.testing.assert_allclose(out["patient_numeric__heart_rate"], [0, 0.5, 1, 0.5])
    np.testing.assert_array_equal(out["network_numeric__missingindicator_packets"], [0, 1, 0, 0])


def test_the_transformers_are_named_by_modality_and_kind(X):
    names = [name for name, _, _ in make_fusion_preprocessor(**MODALITIES).transformers]
    assert names == [
        f"{modality}_{kind}" for modality in MODALITIES for kind in ("numeric", "categorical")
    ]
    assert len(make_fusion_preprocessor(patient=["heart_rate"]).transformers) == 2


def test_what_training_did_not_see_stays_in_0_1(X):
    preprocessor = make_fusion_preprocessor(**MODALITIES).fit(X)
    new = X.iloc[:2].assign(
        heart_rate=[1e9, -1e9], protocol=["icmp", "tcp"], room_temperature=[np.nan, 5.0]
    )
    out = pd.DataFrame(preprocessor.transform(new), columns=preprocessor.get_feature_names_out())
    assert out.min(axis=None) >= 0
    assert out.max(axis=None) <= 1
    assert list(out["patient_numeric__heart_rate"]) == [1, 0]
    assert out.loc[0, ["network_categorical__protocol_tcp"]].item() == 0


def test_a_column_without_a_value_keeps_its_place(X):
    empty = X.assign(heart_rate=np.nan)
    out = make_fusion_preprocessor(patient=["heart_rate"]).fit_transform(empty)
    np.testing.assert_array_equal(out, np.zeros((4, 2)))


def test_columns_may_be_chosen_by_a_callable(X):
    numbers = make_column_selector(pattern="heart|room")
    out = make_fusion_preprocessor(patient=numbers).fit_transform(X)
    assert out.shape == (4, 3)


def test_a_noise_filter_of_ones_own(X):
    halve = FunctionTransformer(np.sqrt, feature_names_out="one-to-one")
    preprocessor = make_fusion_preprocessor(patient=["heart_rate"], noise_filter=halve)
    out = preprocessor.fit_transform(X)
    np.testing.assert_allclose(out[0, 0], 0)
    np.testing.assert_allclose(
        out[3, 0], (np.sqrt(80) - np.sqrt(60)) / (np.sqrt(100) - np.sqrt(60))
    )


def test_a_modality_may_have_a_filter_of_its_own(X):
    filters = {"network": QuantileScaler()}
    preprocessor = make_fusion_preprocessor(**MODALITIES, noise_filter=filters).fit(X)
    kinds = {
        name: type(pipeline["filter"])
        for name, pipeline, _ in preprocessor.transformers_
        if name.endswith("_numeric")
    }
    assert kinds == {
        "patient_numeric": OutlierClipper,
        "environment_numeric": OutlierClipper,
        "network_numeric": QuantileScaler,
    }


def test_a_filter_of_what_is_no_modality_is_an_error():
    with pytest.raises(ValueError, match=r"a filter for \['traffic'\], expected some of"):
        make_fusion_preprocessor(**MODALITIES, noise_filter={"traffic": QuantileScaler()})


@pytest.mark.parametrize("noise_filter", [None, OutlierClipper()])
def test_a_parameter_is_of_its_modality_alone(noise_filter):
    preprocessor = make_fusion_preprocessor(**MODALITIES, noise_filter=noise_filter)
    preprocessor.set_params(patient_numeric__filter__margin=7.0)
    assert preprocessor.get_params()["network_numeric__filter__margin"] == 1.0


def test_parameters_are_reached_by_name_and_survive_a_clone(X):
    preprocessor = make_fusion_preprocessor(**MODALITIES, noise_filter=OutlierClipper(margin=3.0))
    assert preprocessor.get_params()["patient_numeric__filter__margin"] == 3.0
    preprocessor.set_params(patient_numeric__filter__margin=0.0)
    copy = clone(preprocessor)
    assert copy.get_params()["patient_numeric__filter__margin"] == 0.0
    np.testing.assert_array_equal(copy.fit_transform(X), preprocessor.fit_transform(X))


def test_the_fitted_transformer_does_not_change_what_it_was_made_from(X):
    preprocessor = make_fusion_preprocessor(**MODALITIES)
    half = clone(preprocessor).fit(X.iloc[:2].drop(columns="packets").assign(packets=1.0))
    assert not hasattr(preprocessor, "transformers_")
    assert hasattr(half, "transformers_")


@pytest.mark.parametrize("gaps", [[None], [np.nan], [pd.NA], [None, np.nan, pd.NA]], ids=repr)
@pytest.mark.parametrize("dtype", [object, "string", "str", "category"])
def test_missing_text_is_one_category_in_every_form(gaps, dtype):
    def table(gaps, dtype):
        return pd.DataFrame({"protocol": pd.Series(["tcp", "udp", *gaps], dtype=dtype)})

    preprocessor = make_fusion_preprocessor(network=["protocol"])
    out = preprocessor.fit_transform(table(gaps, dtype))
    np.testing.assert_array_equal(out, np.eye(3)[[0, 1] + [2] * len(gaps)])
    assert preprocessor.get_feature_names_out()[-1] == "network_categorical__protocol_nan"
    for other in (object, "string", "str", "category"):
        np.testing.assert_array_equal(preprocessor.transform(table([None], other)), np.eye(3))


def test_missing_text_of_a_polars_frame():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"protocol": ["tcp", "udp", None]})
    preprocessor = make_fusion_preprocessor(network=["protocol"]).fit(frame)
    np.testing.assert_array_equal(preprocessor.transform(frame), np.eye(3))
    np.testing.assert_array_equal(preprocessor.transform(frame.to_pandas()), np.eye(3))


def test_a_polars_frame_gives_the_same(X):
    polars = pytest.importorskip("polars")
    plain = X.drop(columns="rhythm").astype({"packets": float, "protocol": object})
    preprocessor = make_fusion_preprocessor(patient=["heart_rate", "packets"], network=["protocol"])
    expected = preprocessor.fit_transform(plain)
    frame = polars.DataFrame(
        {
            name: [None if pd.isna(value) else value for value in plain[name].tolist()]
            for name in plain
        }
    )
    np.testing.assert_allclose(preprocessor.fit_transform(frame), expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "No columns were given"),
        ({"group": "bed"}, "No columns were given"),
        ({"patient": "heart_rate"}, r"single text, expected a list.*\['heart_rate'\]"),
        ({"patient": 5}, "patient=5, expected a list of column names, or a callable"),
        ({"network": None}, "network=None, expected a list of column names"),
        ({"patient": ["a"], "network": ["a"]}, "'a' is given to both patient and network"),
        ({"patient": ["a", "a"]}, "'a' is given to both patient and patient"),
        ({"patient": ["a"], "group": "a"}, "'a' is given to both group and patient.*Leave it out"),
    ],
)
def test_columns_are_checked_at_once(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_fusion_preprocessor(**arguments)


def test_data_is_checked_in_fit(X):
    preprocessor = make_fusion_preprocessor(patient=["heart_rate", "pulse"])
    with pytest.raises(ValueError, match=r"\['pulse'\] of the patient modality are not in X"):
        preprocessor.fit(X)
    with pytest.raises(ValueError, match=r"expected a DataFrame\. Wrap it"):
        preprocessor.fit(np.zeros((3, 2)))
    times = X.assign(heart_rate=pd.Timestamp("2024-01-01"))
    with pytest.raises(ValueError, match=r"'heart_rate' has dtype datetime64.*Convert it"):
        make_fusion_preprocessor(patient=["heart_rate"]).fit(times)
    with pytest.raises(ValueError, match="columns are missing"):
        make_fusion_preprocessor(patient=["heart_rate"]).fit(X).transform(X[["rhythm"]])


def test_an_infinite_number_is_said_with_its_column(X):
    preprocessor = make_fusion_preprocessor(network=["packets", "encrypted"])
    X["heart_rate"] = np.inf  # of no modality
    too_many = X.assign(packets=[5, None, -np.inf, 6])
    told = "Column 'packets' is -inf in the row at position 2, expected a finite number, or NaN"
    with pytest.raises(ValueError, match=told):
        preprocessor.fit(too_many)
    with pytest.raises(ValueError, match=told):
        preprocessor.fit(X).transform(too_many)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([60.0, None, 100.0, 80.0], "(floating|mixed-integer-float)"),  # new or old pandas
        ([Decimal("60"), Decimal("61.5"), None, None], "decimal"),
        ([True, False, None, True], "boolean"),
        ([1, "sinus", 2, "sinus"], "mixed-integer"),
    ],
)
def test_python_objects_other_than_text_are_refused(X, values, kind):
    objects = X.assign(heart_rate=pd.Series(values, dtype=object))
    message = f"'heart_rate' has dtype object and holds .* kind '{kind}'.*pandas.to_numeric"
    with pytest.raises(ValueError, match=message):
        make_fusion_preprocessor(patient=["heart_rate"]).fit(objects)


def test_the_group_comes_last_and_as_it_is(X):
    preprocessor = make_fusion_preprocessor(patient=["heart_rate"], group="packets")
    out = preprocessor.fit_transform(X.assign(packets=[7, 7, 8, 8]))
    np.testing.assert_array_equal(out[:, -1], [7, 7, 8, 8])
    assert out.shape == (4, 3)


def test_numbers_as_names_are_refused_for_they_would_be_positions(X):
    numbered = X.set_axis(range(1, X.shape[1] + 1), axis=1)
    with pytest.raises(ValueError, match=r"\[1\] are named by no text.*astype\(str\)"):
        make_fusion_preprocessor(patient=[1]).fit(numbered)
    with pytest.raises(ValueError, match=r"\[2\] are named by no text"):
        make_fusion_preprocessor(patient=["a"], group=2)
