from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.adversarial import AdversarialTraining, accuracy_of_features, perturb_readings
from skdualcnn.exceptions import HeadError
from skdualcnn.preprocessing import SlidingWindow

ACCURACY = {"spo2": 2.0, "heart_rate": 5.0}


def readings(n, seed):
    """Vitals with gaps and traffic; ill where saturation is low, under attack where it is fast."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "spo2": rng.uniform(84, 100, n),
            "heart_rate": rng.uniform(50, 130, n),
            "resp_rate": rng.uniform(8, 30, n),
            "packet_rate": rng.uniform(0, 10, n),
            "bytes": rng.uniform(0, 1000, n),
        }
    )
    y = pd.DataFrame({"health": X["spo2"] < 90, "cyber": X["packet_rate"] > 7}).astype(int)
    X.loc[::50, "spo2"] = np.nan
    return X, y


def decider_for(X, y, **parameters):
    preprocessor = make_fusion_preprocessor(
        patient=["spo2", "heart_rate", "resp_rate"], network=["packet_rate", "bytes"]
    )
    settings = {"lr": 0.02, "batch_size": 64, "max_epochs": 12, "random_state": 0, **parameters}
    network = DualPathCNNClassifier(architecture="compact", **settings)
    return FusionDecider(make_pipeline(preprocessor, network)).fit(X, y)


@pytest.fixture(scope="module")
def fitted():
    X, y = readings(400, 0)
    return decider_for(X, y)


@pytest.fixture(scope="module")
def rows():
    return readings(100, 1)


def harm(decider, X, y):
    """Return by how much each row's health score points the wrong way."""
    score = decider.decision_function(X)[:, 0]
    return np.where(y["health"] == 0, score, -score)


def test_readings_stay_within_accuracy_and_others_as_they_are(fitted, rows):
    X, y = rows
    before = X.copy()
    moved = perturb_readings(fitted, X, y["health"], accuracy=ACCURACY, random_state=0)
    pd.testing.assert_frame_equal(X, before)
    others = ["resp_rate", "packet_rate", "bytes"]
    pd.testing.assert_frame_equal(moved[others], X[others])
    for name, amount in ACCURACY.items():
        assert (moved[name] - X[name]).abs().max() <= amount + 1e-9
    pd.testing.assert_series_equal(moved["spo2"].isna(), X["spo2"].isna())


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_it_finds_what_a_grid_of_all_readings_within_accuracy_finds(fitted, rows, sharing):
    X, y = rows
    own = {"sharing": sharing, "max_epochs": 6}
    decider = fitted if sharing == "trunk" else decider_for(*readings(400, 0), **own)
    moved = perturb_readings(decider, X, y["health"], accuracy=ACCURACY, random_state=0)
    grid = np.linspace(-1, 1, 5)
    worst = np.max(
        [
            harm(
                decider,
                X.assign(spo2=X["spo2"] + 2.0 * first, heart_rate=X["heart_rate"] + 5.0 * second),
                y,
            )
            for first, second in product(grid, grid)
        ],
        axis=0,
    )
    plain, found = harm(decider, X, y), harm(decider, moved, y)
    assert worst.mean() > plain.mean() + 0.02  # there is something to find
    assert found.mean() > plain.mean() + 0.95 * (worst - plain).mean()


def test_the_aim_makes_it_worse_than_noise(fitted, rows):
    X, y = rows
    options = {"accuracy": ACCURACY, "random_state": 0}
    noise = perturb_readings(fitted, X, y["health"], n_iter=0, **options)
    aimed = perturb_readings(fitted, X, y["health"], **options)
    plain = harm(fitted, X, y).mean()
    assert noise["spo2"].std() > 0
    assert harm(fitted, aimed, y).mean() - plain > 3 * abs(harm(fitted, noise, y).mean() - plain)


def test_the_same_seed_gives_the_same_readings(fitted, rows):
    X, y = rows
    first, second = (
        perturb_readings(fitted, X, y["health"], accuracy=ACCURACY, n_iter=3, random_state=5)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, second)


def test_rows_without_a_label_stay(fitted, rows):
    X, y = rows
    truth = y["health"].astype(float).mask(np.arange(len(y)) < 20)
    moved = perturb_readings(fitted, X, truth, accuracy=ACCURACY, n_iter=2, random_state=0)
    pd.testing.assert_frame_equal(moved[:20], X[:20])
    assert (moved["heart_rate"] != X["heart_rate"])[20:].all()


def test_another_head(fitted, rows):
    X, y = rows
    moved = perturb_readings(
        fitted, X, y["cyber"], head="cyber", accuracy={"packet_rate": 1.5}, random_state=0
    )
    score, after = fitted.decision_function(X)[:, 1], fitted.decision_function(moved)[:, 1]
    quiet = (y["cyber"] == 0).to_numpy()
    assert (after - score)[quiet].mean() > 0.01
    assert (after - score)[~quiet].mean() < -0.01


def test_training_against_it_leaves_less_to_find(fitted, rows):
    X, y = readings(400, 0)
    epsilon = accuracy_of_features(fitted.estimator_[0], X, accuracy=ACCURACY)
    defended = decider_for(X, y, callbacks=[AdversarialTraining(epsilon)])
    X, y = rows
    losses = []
    for decider in (fitted, defended):
        moved = perturb_readings(decider, X, y["health"], accuracy=ACCURACY, random_state=0)
        losses.append((harm(decider, moved, y) - harm(decider, X, y)).mean())
    assert losses[1] < 0.9 * losses[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"head": "cybre"}, HeadError, "expected one of"),
        ({"n_iter": -1}, ValueError, "0 or more"),
        ({"accuracy": {"spo_2": 1}}, ValueError, "None of the columns"),
    ],
)
def test_what_is_refused(fitted, rows, options, error, message):
    X, y = rows
    with pytest.raises(error, match=message):
        perturb_readings(fitted, X, y["health"], **{"accuracy": ACCURACY, **options})


def test_labels_of_both_heads_are_refused(fitted, rows):
    X, y = rows
    with pytest.raises(HeadError, match="alone"):
        perturb_readings(fitted, X, y, accuracy=ACCURACY)


def test_a_model_without_a_network_is_refused(rows):
    X, y = rows
    forest = FusionDecider(RandomForestClassifier(n_estimators=2)).fit(X.fillna(95), y)
    with pytest.raises(TypeError, match="DualPathCNNClassifier"):
        perturb_readings(forest, X.fillna(95), y["health"], accuracy=ACCURACY)


def test_windows_are_refused(rows):
    X, y = rows
    pipeline = make_pipeline(
        make_fusion_preprocessor(patient=["spo2", "heart_rate"], network=["bytes"]),
        SlidingWindow(4),
        DualPathCNNClassifier(max_epochs=1, random_state=0),
    )
    decider = FusionDecider(pipeline).fit(X, y)
    with pytest.raises(ValueError, match="windows"):
        perturb_readings(decider, X, y["health"], accuracy=ACCURACY)
