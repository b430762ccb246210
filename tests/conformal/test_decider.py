"""Coverage on exchangeable rows, what abstains, and the conventions of scikit-learn."""

import warnings
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputClassifier

from firmware_export import export_firmware
from skdualcnn import DualPathCNNClassifier, FusionDecider, HeadClassifier, load, save
from skdualcnn.conformal import ConformalFusionDecider, coverage_table
from skdualcnn.exceptions import ExportError, HeadError
from skdualcnn.inspection import ConfusionSharesDisplay
from skdualcnn.metrics import make_head_scorer


def heads():
    return FusionDecider(MultiOutputClassifier(LogisticRegression()))


def coverages(tables):
    """Return the mean coverage of several calibrations, by head and class."""
    return pd.concat(tables).groupby(["head", "class"])["coverage"].mean()


@pytest.mark.parametrize("class_conditional", [True, False])
def test_coverage_is_the_nominal_one_on_exchangeable_rows(frozen, rows, class_conditional):
    X, y, _ = rows(20_000, seed=1)
    tables = []
    for seed in range(2, 7):
        given = rows(2000, seed=seed)
        careful = ConformalFusionDecider(frozen, class_conditional=class_conditional)
        tables.append(coverage_table(careful.fit(*given[:2]), X, y))
    found = coverages(tables)
    for head in ("health", "cyber"):
        assert found[head, "all"] == pytest.approx(0.9, abs=0.02)
    if class_conditional:
        assert found.to_numpy() == pytest.approx(0.9, abs=0.02)
    else:  # the normal class pays for the others, which is why it is not the default
        assert found["health", "sepsis"] < 0.85


def test_coverage_is_the_nominal_one_on_patients_never_seen(rows):
    tables = []
    for seed in range(5):
        X, y, patients = rows(6000, seed=seed, patients=300)
        known = patients < 200
        careful = ConformalFusionDecider(heads(), calibration_size=0.5, random_state=seed)
        careful.fit(X[known], y[known], groups=patients[known])
        tables.append(coverage_table(careful, X[~known], y[~known]))
    assert coverages(tables).to_numpy() == pytest.approx(0.9, abs=0.02)


def test_groups_never_stand_on_both_sides(rows):
    X, y, patients = rows(900, seed=0, patients=30)
    given = {}

    class Remembering(FusionDecider):
        def fit(self, X, y, **fit_params):
            given["fitted"] = set(patients[X.index])
            return super().fit(X, y, **fit_params)

        def predict_proba(self, X):
            given.setdefault("calibrated", set(patients[X.index]))
            return super().predict_proba(X)

    decider = Remembering(heads().estimator)
    ConformalFusionDecider(decider, random_state=0).fit(X, y, groups=patients)
    assert not given["fitted"] & given["calibrated"]
    assert len(given["calibrated"]) == 8  # a quarter of 30, rounded up
    assert given["fitted"] | given["calibrated"] == set(patients)


def test_alerts_counted_as_one_are_covered_as_one(frozen, rows):
    X, y, _ = rows(20_000, seed=1)
    state = y.where(y == "normal", "alert")
    found = []
    for seed in range(2, 7):
        careful = ConformalFusionDecider(frozen, merge_alerts=True).fit(*rows(2000, seed=seed)[:2])
        health, _ = careful.predict_set(X)
        np.testing.assert_array_equal(health[:, 0], health[:, 2])
        held = np.where(state["health"] == "normal", health[:, 1], health[:, 0])
        found.append(pd.Series(held).groupby(state["health"].to_numpy()).mean())
    assert pd.concat(found, axis=1).mean(axis=1).to_numpy() == pytest.approx(0.9, abs=0.02)
    by_class = ConformalFusionDecider(frozen).fit(*rows(2000, seed=2)[:2])
    assert (careful.predict(X) == "uncertain").mean() < (by_class.predict(X) == "uncertain").mean()


def test_a_higher_confidence_never_loses_a_class(frozen, rows):
    X = rows(3000, seed=1)[0]
    levels = [
        ConformalFusionDecider(frozen, confidence_level=level).fit(*rows(3000, 2)[:2])
        for level in (0.6, 0.8, 0.9, 0.98)
    ]
    for lower, higher in pairwise(levels):
        for small, large in zip(lower.predict_set(X), higher.predict_set(X), strict=True):
            assert (small <= large).all()
            assert small.sum() < large.sum()


def test_wrong_decisions_are_at_most_what_was_promised(frozen, rows):
    X, y, _ = rows(20_000, seed=1)
    careful = ConformalFusionDecider(frozen, confidence_level=0.95).fit(*rows(4000, 2)[:2])
    said, true = careful.predict(X), careful.true_state(y)
    for states in (("medical", "both"), ("cyber", "both")):
        alert = np.isin(true, states)
        missed = alert & ~np.isin(said, [*states, "uncertain"])
        false = ~alert & np.isin(said, states)
        assert missed.sum() <= 0.07 * alert.sum()
        assert false.sum() <= 0.07 * (~alert).sum()


def test_a_decision_stands_only_if_the_sets_leave_no_other(frozen, rows):
    X = rows(3000, seed=1)[0]
    careful = ConformalFusionDecider(frozen).fit(*rows(2000, 2)[:2])
    plain, said = careful.decider_.predict(X), careful.predict(X)
    health, cyber = careful.predict_set(X)
    assert set(said[said != plain]) == {"uncertain"}
    normal = (health == [False, True, False]).all(axis=1) & (cyber == [False, True]).all(axis=1)
    np.testing.assert_array_equal(said == "normal", normal & (plain == "normal"))
    ill = ~health[:, 1] & health.any(axis=1)
    assert ill[np.isin(said, ["medical", "both"])].all()
    assert 0 < (said == "uncertain").mean() < 0.9


def test_a_row_unlike_every_class_is_uncertain():
    """A head that is right on 99 % of the rows rules both classes out between them."""
    rng = np.random.default_rng(0)
    x = np.r_[rng.normal(0, 1, 1000), rng.normal(6, 1, 1000)][:, None]
    y = np.repeat([0, 1], 1000)
    decider = FusionDecider(LogisticRegression()).fit(x, y)
    careful = ConformalFusionDecider(FrozenEstimator(decider)).fit(x, y)
    assert careful.predict_set([[3.0]]).tolist() == [[False, False]]
    assert careful.predict([[3.0], [-1.0], [7.0]]).tolist() == ["uncertain", "normal", "medical"]
    assert "health" not in careful.explain_decisions([[3.0]]).columns
    assert careful.explain_decisions([[3.0]])["head_0_set"].tolist() == ["none"]


def test_explanations_name_the_sets(frozen, rows):
    X, _, _ = rows(500, seed=1)
    careful = ConformalFusionDecider(frozen).fit(*rows(2000, 2)[:2])
    table = careful.explain_decisions(X)
    np.testing.assert_array_equal(table["decision"], careful.predict(X))
    health, _ = careful.predict_set(X)
    both = np.flatnonzero((health == [True, True, False]).all(axis=1))[0]
    assert table["health_set"][both] == "hypoxia, normal"
    assert "health at 90% not ruled out: hypoxia, normal; cyber at 90%" in table["reason"][both]
    assert table.index.equals(X.index)


def test_explanations_do_not_round_the_level(frozen, rows):
    X, y, _ = rows(2000, seed=2)
    careful = ConformalFusionDecider(frozen, confidence_level=0.995).fit(X, y)
    assert "health at 99.5% not ruled out" in careful.explain_decisions(X[:1])["reason"][0]


def test_missing_labels_calibrate_the_other_head_only(frozen, rows):
    X, y, _ = rows(2000, seed=2)
    whole = ConformalFusionDecider(frozen).fit(X, y)
    y.loc[1000:, "cyber"] = None
    y.loc[0, "cyber"] = np.nan
    part = ConformalFusionDecider(frozen).fit(X, y)
    np.testing.assert_array_equal(part.limits_[0], whole.limits_[0])
    assert part.calibration_counts_[0].sum() == 2000
    assert part.calibration_counts_[1].sum() == 999
    only = ConformalFusionDecider(frozen).fit(X[1:1000], y[1:1000])
    np.testing.assert_array_equal(part.limits_[1], only.limits_[1])


def test_columns_of_y_are_told_apart_by_name(frozen, rows):
    X, y, _ = rows(1000, seed=2)
    as_given = ConformalFusionDecider(frozen).fit(X, y)
    swapped = ConformalFusionDecider(frozen).fit(X, y[["cyber", "health"]])
    np.testing.assert_array_equal(as_given.limits_[0], swapped.limits_[0])
    assert coverage_table(as_given, X, y[["cyber", "health"]])["coverage"].min() >= 0.9


def test_too_few_rows_of_a_class_are_warned_of_and_never_ruled_out(frozen, rows):
    X, y, _ = rows(1000, seed=2)
    kept = ~((y["health"] == "sepsis") & (y.groupby("health").cumcount() >= 8))
    message = r"'health' has too few calibration rows of 'sepsis' \(8\).* takes 9 of its own"
    with pytest.warns(UserWarning, match=message):
        careful = ConformalFusionDecider(frozen).fit(X[kept], y[kept])
    assert careful.limits_[0][2] == np.inf
    assert careful.predict_set(X)[0][:, 2].all()
    assert "normal" not in careful.predict(X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ConformalFusionDecider(frozen, class_conditional=False).fit(X[kept], y[kept])


def test_a_head_without_labels_is_an_error(frozen, rows):
    X, y, _ = rows(100, seed=2)
    y["cyber"] = None
    with pytest.raises(HeadError, match="'cyber' has no label in any of the 100 calibration rows"):
        ConformalFusionDecider(frozen, class_conditional=False).fit(X, y)


def test_a_label_that_the_decider_does_not_know_is_an_error(frozen, rows):
    X, y, _ = rows(100, seed=2)
    with pytest.raises(HeadError, match="worm"):
        ConformalFusionDecider(frozen).fit(X, y.replace({"cyber": {"dos": "worm"}}))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"confidence_level": 1.0}, "confidence_level"),
        ({"calibration_size": 0}, "calibration_size"),
        ({"class_conditional": "yes"}, "class_conditional"),
        ({"merge_alerts": None}, "merge_alerts"),
        ({"decider": LogisticRegression()}, "decider"),
    ],
)
def test_parameters_out_of_their_domain_are_refused(frozen, rows, changed, message):
    with pytest.raises(ValueError, match=message):
        ConformalFusionDecider(**{"decider": frozen, **changed}).fit(*rows(100, 0)[:2])


def test_a_frozen_decider_must_be_fitted(rows):
    with pytest.raises(NotFittedError):
        ConformalFusionDecider(FrozenEstimator(heads())).fit(*rows(100, 0)[:2])
    with pytest.raises(NotFittedError):
        ConformalFusionDecider(heads()).predict(rows(3, 0)[0])


def test_fit_parameters_go_to_the_rows_of_the_decider(rows):
    X, y, patients = rows(400, seed=0, patients=20)
    network = DualPathCNNClassifier(max_epochs=1, early_stopping=True, random_state=0)
    careful = ConformalFusionDecider(FusionDecider(network), confidence_level=0.5, random_state=0)
    careful.fit(X.astype("float32"), y, groups=patients, sample_weight=np.ones(400))
    assert careful.score(X.astype("float32"), y) >= 0


def test_a_decider_that_takes_groups_gets_those_of_its_rows(rows):
    X, y, patients = rows(900, seed=0, patients=30)

    class Grouped(FusionDecider):
        def fit(self, X, y, groups=None):
            np.testing.assert_array_equal(groups, patients[X.index])
            self.seen_ = set(groups)
            return super().fit(X, y)

    careful = ConformalFusionDecider(Grouped(heads().estimator), random_state=0)
    assert len(careful.fit(X, y, groups=patients).decider_.seen_) == 22


def test_metadata_is_routed(rows):
    X, y, patients = rows(400, seed=0, patients=20)
    with config_context(enable_metadata_routing=True):
        network = DualPathCNNClassifier(max_epochs=1, early_stopping=True, random_state=0)
        network.set_fit_request(groups=True, sample_weight=True)
        careful = ConformalFusionDecider(FusionDecider(network), confidence_level=0.5)
        careful.fit(X.astype("float32"), y, groups=patients, sample_weight=np.ones(400))
    assert len(careful.limits_) == 2


def test_it_is_searched_cloned_and_scored(rows):
    X, y, _ = rows(600, seed=0)
    grid = {"confidence_level": [0.6, 0.8], "decider__delta": [0.1]}
    careful = ConformalFusionDecider(heads(), random_state=0)
    search = GridSearchCV(careful, grid, cv=2).fit(X, y)
    best = search.best_estimator_
    assert best.score(X, y) == pytest.approx((best.predict(X) == best.true_state(y)).mean())
    y["cyber"] = None
    with pytest.raises(HeadError, match="No row of y has a label of every head"):
        best.score(X, y)
    assert clone(best).get_params()["decider__delta"] == 0.1


def test_the_same_seed_repeats(rows):
    X, y, _ = rows(600, seed=0)
    first, second = (ConformalFusionDecider(heads(), random_state=3).fit(X, y) for _ in range(2))
    np.testing.assert_array_equal(first.limits_[0], second.limits_[0])
    np.testing.assert_array_equal(first.decision_function(X), second.decision_function(X))


def test_it_is_saved_and_loaded(tmp_path, rows):
    X, y, _ = rows(400, seed=0)
    X = X.astype("float32")
    network = DualPathCNNClassifier(max_epochs=1, random_state=0)
    careful = ConformalFusionDecider(FusionDecider(network), random_state=0).fit(X, y)
    again = load(save(careful, tmp_path / "careful.skdualcnn"))
    np.testing.assert_array_equal(again.predict(X), careful.predict(X))
    np.testing.assert_array_equal(again.limits_[1], careful.limits_[1])


def test_what_looks_into_a_decider_looks_into_it(frozen, rows):
    X, y, _ = rows(2000, seed=2)
    careful = ConformalFusionDecider(frozen).fit(X, y)
    area = make_head_scorer("roc_auc", head="cyber")
    assert area(careful, X, y) == area(careful.decider_, X, y)
    view = HeadClassifier(FrozenEstimator(careful), head="health")
    assert set(view.predict(X)) == {"hypoxia", "normal", "sepsis"}
    shares = ConfusionSharesDisplay.from_estimator(careful, X, y)
    plt.close(shares.figure_)


def test_there_is_no_c_for_it_and_the_export_says_so(tmp_path, rows):
    X, y, _ = rows(400, seed=0)
    X = X.astype("float32")
    network = DualPathCNNClassifier(max_epochs=1, random_state=0)
    careful = ConformalFusionDecider(FusionDecider(network), random_state=0).fit(X, y)
    with pytest.raises(ExportError, match="ConformalFusionDecider"):
        export_firmware(careful, tmp_path / "firmware", calibration_data=X)


def test_a_failed_fit_changes_nothing(frozen, rows):
    X, y, _ = rows(300, seed=1)
    careful = ConformalFusionDecider(frozen).fit(X, y)
    other = FrozenEstimator(heads().fit(X, y))
    before = vars(careful.set_params(decider=other)).copy()
    with pytest.raises(HeadError, match="burns"):
        careful.fit(X, y.replace("sepsis", "burns"))
    assert vars(careful).keys() == before.keys()
    assert all(vars(careful)[name] is value for name, value in before.items())
