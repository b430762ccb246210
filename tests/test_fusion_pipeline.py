from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_selector
from sklearn.utils import Bunch

from skdualcnn import load, make_fusion_decider, save
from skdualcnn._studies import OURS, study_of_table
from skdualcnn.datasets import make_ward

COLUMNS = {"patient": ["pulse", "spo2"], "network": ["rate", "protocol"]}
NETWORK = "estimator__dualpathcnnclassifier"


@pytest.fixture(scope="module")
def ward():
    return make_ward(n_patients=5, hours=2, freq="4min", random_state=0)


def rows(n=40):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "pulse": rng.normal(70, 9, n),
            "spo2": rng.uniform(90, 99, n),
            "rate": rng.lognormal(size=n),
            "protocol": rng.choice(["tcp", "udp"], n),
            "bed": np.arange(n) // 10,
        }
    )


def test_python_trains_what_the_command_trains(ward):
    X = ward.data.assign(bed=ward.groups)
    decider = make_fusion_decider(
        X, **ward.modalities, group="bed", window=3, vital_changes=True, random_state=7
    )
    dataset = Bunch(**{**ward, "data": X})
    study = replace(study_of_table("ward", dataset, window=3, by="bed"), vital_changes=True)
    told = study.models(dataset, quick=False, verbose=0, random_state=7)[OURS]
    assert repr(decider.get_params()) == repr(told.get_params())


def test_it_learns_from_rows_and_is_saved(ward, tmp_path):
    X = ward.data.assign(bed=ward.groups.astype(str))
    decider = make_fusion_decider(X, **ward.modalities, group="bed", window=3, random_state=0)
    decider.set_params(**{f"{NETWORK}__max_epochs": 2, f"{NETWORK}__teacher__max_iter": 5})
    decisions = decider.fit(X, ward.target, groups=X["bed"]).predict(X)
    assert (load(save(decider, tmp_path / "model")).predict(X) == decisions).all()


def test_stays_of_one_row_are_recombined_and_a_recording_is_not():
    X = rows().assign(bed=range(40))
    alone = make_fusion_decider(X, **COLUMNS, group="bed").get_params()
    assert alone[f"{NETWORK}__recombined_rows"] > 0
    assert list(alone["estimator"].named_steps) == ["columntransformer", "dualpathcnnclassifier"]
    recording = make_fusion_decider(X, **COLUMNS).get_params()
    assert recording[f"{NETWORK}__recombined_rows"] == 0


def test_a_changed_teacher_is_of_one_decider_alone():
    first = make_fusion_decider(rows(), **COLUMNS)
    first.set_params(**{f"{NETWORK}__teacher__max_iter": 3})
    again = make_fusion_decider(rows(), **COLUMNS)
    assert again.get_params()[f"{NETWORK}__teacher__max_iter"] > 3


def test_columns_may_be_chosen_by_a_selector():
    numbers = make_column_selector(dtype_include="number")
    chosen = make_fusion_decider(rows(), patient=numbers, window=2, vital_changes=True)
    assert chosen.estimator[1].changes == (0, 1, 2, 3)


def test_booleans_are_among_the_numbers_that_change():
    X = rows().assign(on_oxygen=lambda X: X["spo2"] < 93)
    columns = {**COLUMNS, "patient": ["on_oxygen", "pulse", "spo2"]}
    decider = make_fusion_decider(X, **columns, window=2, vital_changes=True)
    assert decider.estimator[1].changes == (0, 1, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"X": np.zeros((3, 2))}, "X is a ndarray of numpy, expected a pandas DataFrame"),
        ({"X": rows()[["pulse", "rate", "rate"]]}, "X has several columns called 'rate'"),
        ({"X": rows(0)}, r"X is of shape \(0, 5\), expected .* rows"),
        ({"window": 0}, "window=0, expected a whole number of rows, 1 or more"),
        ({"window": 2.5}, "window=2.5, expected a whole number"),
        ({"group": "ward"}, "X has no column 'ward'; it has 'pulse'.*Name columns"),
        ({"patient": ["hr"]}, "X has no column 'hr'"),
        ({"patient": "pulse"}, r"patient='pulse' is a single text.*\['pulse'\]"),
        ({"patient": [], "network": []}, "No columns were given"),
        ({"patient": ["rate"]}, "'rate' is given to both patient and network"),
        ({"group": "rate", "window": 2}, "'rate' is given to both group and network"),
        ({"vital_changes": True}, "vital_changes=True with window=1 and 2 column"),
        ({"vital_changes": True, "window": 2, "patient": []}, "window=2 and 0 column"),
        (
            {"vital_changes": True, "window": 2, "patient": ["protocol"], "network": ["rate"]},
            "0 column.* of the patient's numbers",
        ),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    X = given.pop("X", rows())
    with pytest.raises(ValueError, match=message):
        make_fusion_decider(X, **{**COLUMNS, **given})


def test_a_frame_of_polars_is_refused_with_what_to_do():
    polars = pytest.importorskip("polars")
    with pytest.raises(ValueError, match=r"a DataFrame of polars.*X\.to_pandas\(\)"):
        make_fusion_decider(polars.from_pandas(rows()), **COLUMNS)
