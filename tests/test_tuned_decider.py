import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.multioutput import MultiOutputClassifier

from firmware_export._extract import extract_graph
from skdualcnn import DualPathCNNClassifier, FusionDecider, TunedFusionDecider, load, save
from skdualcnn._fusion_rule import FusionRule
from skdualcnn._operating_points import FALSE_ALARMS, Rows, read_costs
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.exceptions import OperatingPointError

DECISIONS = ["normal", "medical", "cyber", "both", "uncertain"]
MISSED = {
    "normal": {"medical": 1, "cyber": 1, "both": 1, "uncertain": 0.5},
    "medical": {"normal": 20, "cyber": 20, "both": 1, "uncertain": 5},
    "cyber": {"normal": 10, "medical": 5, "both": 1, "uncertain": 5},
    "both": {"normal": 20, "medical": 2, "cyber": 10, "uncertain": 5},
}


def rows_of_patients(seed=0, n_groups=20, size=40):
    rng = np.random.default_rng(seed)
    groups = np.arange(n_groups).repeat(size)
    X = rng.normal(size=(len(groups), 2))
    y = (2 * X + rng.logistic(size=X.shape) > 2.5).astype(int)
    return X, pd.DataFrame(y, columns=["health", "cyber"]), groups


def decider(**given):
    return FusionDecider(MultiOutputClassifier(LogisticRegression()), **given)


@pytest.mark.parametrize("calibration", [None, "sigmoid"])
def test_costs_fall_on_rows_never_used(calibration):
    X, y, groups = rows_of_patients()
    X_new, y_new, _ = rows_of_patients(1)
    tuned = TunedFusionDecider(decider(calibration=calibration), costs=MISSED, random_state=0)
    tuned.fit(X, y, groups=groups)
    plain = decider(calibration=calibration).fit(X, y, groups=groups)

    def cost(one):
        pairs = zip(one.true_state(y_new), one.predict(X_new), strict=True)
        return np.mean([tuned.costs_[pair[0]][pair[1]] for pair in pairs])

    assert cost(tuned) < 0.8 * cost(plain)
    point = pd.DataFrame(tuned.operating_point_).T
    assert tuned.best_cost_ == point.loc["cost", "value"]
    assert (point["low"] <= point["value"]).all()
    assert (point["value"] <= point["high"]).all()
    assert point.loc["cost", "low"] < cost(tuned) < point.loc["cost", "high"]
    assert set(tuned.curve_["head"]) == {"health", "cyber"}
    assert tuned.curve_["cost"].min() == pytest.approx(tuned.best_cost_)


@pytest.mark.parametrize("unit", [2.0**-50, 2.0**1000])
def test_the_unit_of_costs_does_not_matter(unit):
    X, y, _ = rows_of_patients()
    plain, other = (
        TunedFusionDecider(decider(), costs=costs, n_resamples=1).fit(X, y)
        for costs in (MISSED, (pd.DataFrame(MISSED) * unit).fillna(0).T)
    )
    assert other.best_params_ == plain.best_params_
    assert other.best_cost_ == plain.best_cost_ * unit


def test_constraints_hold_and_the_cost_of_them():
    X, y, groups = rows_of_patients()
    limits = {"sensitivity": 0.8, FALSE_ALARMS: 300.0}
    tuned = TunedFusionDecider(
        decider(), constraints=limits, seconds_per_row=60, store_cv_results=True, random_state=0
    ).fit(X, y, groups=groups)
    point = pd.DataFrame(tuned.operating_point_).T["value"]
    assert point["sensitivity"] >= 0.8
    assert point[FALSE_ALARMS] <= 300
    table = tuned.cv_results_
    satisfied = (table["sensitivity"] >= 0.8) & (table[FALSE_ALARMS] <= 300)
    assert tuned.best_cost_ == pytest.approx(table["cost"][satisfied].min())
    free = TunedFusionDecider(decider(), random_state=0).fit(X, y, groups=groups)
    assert free.best_cost_ <= tuned.best_cost_


def test_what_cannot_be_satisfied_names_the_nearest_point():
    X, y, groups = rows_of_patients()
    limits = {"sensitivity": 0.999, "specificity": 0.999}
    with pytest.raises(OperatingPointError, match=r"No operating point satisfies.*nearest one has"):
        TunedFusionDecider(decider(), constraints=limits).fit(X, y)
    one = TunedFusionDecider(decider(), constraints={FALSE_ALARMS: 1.0})
    with pytest.raises(OperatingPointError, match="groups are missing and seconds_per_row is None"):
        one.fit(X, y)
    with pytest.raises(OperatingPointError, match="groups are there and seconds_per_row is None"):
        one.fit(X, y, groups=groups)


def one_head(n=800, bias=1.5):
    """A fitted decider of one head, new rows, their labels and scores."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2 * n, 1))
    y = (1.5 * X[:, 0] + rng.logistic(size=2 * n) > bias).astype(int)
    fitted = FusionDecider(LogisticRegression()).fit(X[:n], y[:n])
    return fitted, X[n:], y[n:], fitted.decision_function(X[n:])[:, 0]


@pytest.mark.parametrize("sensitivity", [0.6, 0.7, 0.8, 0.9, 0.95])
def test_the_one_threshold_that_satisfies_is_found(sensitivity):
    fitted, X, y, score = one_head()
    threshold = np.sort(score[y == 1])[::-1][int(np.ceil(sensitivity * y.sum())) - 1]
    limits = {"sensitivity": sensitivity, "specificity": (score < threshold)[y == 0].mean()}
    tuned = TunedFusionDecider(fitted, cv="prefit", constraints=limits, n_resamples=1).fit(X, y)
    point = {name: tuned.operating_point_[name]["value"] for name in limits}
    assert point["sensitivity"] >= limits["sensitivity"]
    assert point["specificity"] >= limits["specificity"]
    beyond = {**limits, "specificity": limits["specificity"] + 0.01}
    with pytest.raises(OperatingPointError, match=r"of \d{3,} with \d{2,} and 1 thresholds"):
        TunedFusionDecider(fitted, cv="prefit", constraints=beyond).fit(X, y)


def test_the_uncertain_band_begins_between_scores_too():
    fitted, X, y, score = one_head(bias=5)
    costs = {state: {**row, "normal": 100, "uncertain": 0.5} for state, row in MISSED.items()}
    costs["normal"]["normal"] = 0
    tuned = TunedFusionDecider(
        fitted, costs=costs, cv="prefit", abstentions=[0.2], n_resamples=1
    ).fit(X, y)
    alert = score[:, None] >= np.unique(score) + 0.2
    quiet = score[:, None] < np.unique(score)
    ill = y[:, None] == 1
    cost = np.where(alert, ~ill, np.where(quiet, 100 * ill, 0.5))
    assert tuned.best_cost_ <= cost.mean(axis=0).min() + 1e-9


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"costs": {"normal": {}}}, "expected a DataFrame or mapping with one row for each"),
        ({"costs": {**MISSED, "both": {"normal": 1}}}, "state 'both' are"),
        ({"costs": {**MISSED, "both": {**MISSED["both"], "cyber": np.nan}}}, "'cyber' on 'both'"),
        ({"costs": {**MISSED, "both": {**MISSED["both"], "cyber": [3]}}}, r"is \[3\], expected a"),
        ({"costs": {**MISSED, "both": {**MISSED["both"], "cyber": pd.NA}}}, "is <NA>, expected a"),
        ({"costs": pd.DataFrame(MISSED).T.iloc[[0, 0, 1, 2, 3]]}, "expected each once"),
        ({"costs": pd.DataFrame(MISSED).T.iloc[:, [0, 0, 1, 2, 3, 4]]}, "expected each once"),
        ({"constraints": {"recall": 0.9}}, "has 'recall', expected at least"),
        ({"constraints": {"sensitivity": 95}}, "is 95, expected a number from 0 to 1"),
        ({"constraints": {"sensitivity": None}}, "is None, expected a number from 0 to 1"),
        ({"constraints": {"sensitivity": [0.9]}}, r"is \[0.9\], expected a number from 0 to 1"),
        ({"deltas": [0.1, np.nan]}, "deltas has nan, expected numbers from 0 to 1"),
        ({"deltas": np.array([5.0])}, "deltas has 5.0, expected numbers from 0 to 1"),
        ({"abstentions": [-1]}, "abstentions has -1, expected numbers from 0 to 1"),
        ({"abstentions": ["a"]}, "abstentions has 'a', expected numbers from 0 to 1"),
    ],
)
def test_malformed_costs_constraints_and_candidates(changed, message):
    X, y, _ = rows_of_patients()
    with pytest.raises(OperatingPointError, match=message):
        TunedFusionDecider(decider(), **changed).fit(X, y)


def test_false_alarms_are_counted_once_a_run():
    state = np.array([0, 0, 0, 0, 1, 0, 0, 0])
    decision = np.array([1, 2, 0, 1, 1, 1, 1, 4])
    rows = Rows.of(state, [0, 0, 0, 0, 0, 0, 1, 1], 43200.0, read_costs(None))
    # Rows 0-1, row 3, row 5 after a true alert, row 6 of another patient.
    assert rows.figure(FALSE_ALARMS, decision) == 4 / (8 / 2)
    assert rows.figure("sensitivity", decision) == 1
    assert rows.figure("specificity", decision) == 2 / 7
    assert rows.figure("uncertain", decision) == 1 / 8


def intervals(groups, alarms):
    """The intervals of half-day rows of normal state, some of them with an alert."""
    state = np.zeros(len(groups), dtype=np.intp)
    rows = Rows.of(state, groups, 43200.0, read_costs(None))
    return rows.figures(
        ["specificity", FALSE_ALARMS],
        np.where(alarms, 1, 0),
        n_resamples=200,
        confidence_level=0.95,
        random_state=np.random.RandomState(0),
    )


def test_one_patient_has_no_intervals():
    found = intervals(np.zeros(8), np.arange(8) == 3)
    assert found["value"].tolist() == [7 / 8, 1 / 4]
    assert found[["low", "high"]].isna().all(axis=None)


def test_no_false_alarm_in_a_few_days_is_no_promise():
    none = intervals(np.arange(8).repeat(2), np.zeros(16)).loc[FALSE_ALARMS]
    assert (none["value"], none["low"]) == (0, 0)
    assert none["high"] == pytest.approx(-np.log(0.025) / 8)  # of a Poisson count
    some = intervals(np.arange(8).repeat(2), np.arange(16) % 2 == 0).loc[FALSE_ALARMS]
    assert (some["low"], some["high"]) == pytest.approx((3.4538 / 8, 15.7632 / 8), abs=1e-4)


def test_rows_without_labels_are_time_between_alarms():
    fitted, *_ = one_head()
    X, y = np.full((1440, 1), -9.0), np.zeros(1440)
    X[100:120:2] = X[1300:1400] = 9.0
    y[1300:1400] = 1

    def alarms(y):
        tuned = TunedFusionDecider(fitted, cv="prefit", seconds_per_row=60, n_resamples=1)
        point = tuned.fit(X, y, groups=np.zeros(len(y))).operating_point_
        return {name: point[name]["value"] for name in ("sensitivity", "specificity", FALSE_ALARMS)}

    assert alarms(y) == {"sensitivity": 1, "specificity": 1330 / 1340, FALSE_ALARMS: 10}
    between, most = y.copy(), y.copy()
    between[101:121:2] = most[0:100] = most[120:1000] = np.nan
    assert alarms(between) == {"sensitivity": 1, "specificity": 1320 / 1330, FALSE_ALARMS: 10}
    assert alarms(most) == {"sensitivity": 1, "specificity": 350 / 360, FALSE_ALARMS: 10}


def test_a_fitted_decider_is_tuned_as_it_is():
    X, y, groups = rows_of_patients()
    plain = decider().fit(*rows_of_patients(1)[:2])
    tuned = TunedFusionDecider(plain, costs=MISSED, cv="prefit").fit(X, y, groups=groups)
    assert plain.thresholds == 0.5
    assert tuned.estimator_ is plain.estimator_
    assert clone(tuned).estimator is not plain
    np.testing.assert_array_equal(tuned.decision_function(X), plain.decision_function(X))


def test_no_row_with_both_labels():
    X, y, _ = rows_of_patients()
    apart = y.astype(float).mask(
        np.column_stack([np.arange(len(y)) % 2 == role for role in (0, 1)])
    )
    tuned = TunedFusionDecider(decider().fit(X, y), cv="prefit")
    with pytest.raises(OperatingPointError, match=r"None of 800 held-out rows.*Label rows"):
        tuned.fit(X, apart)


def test_lengths_must_agree():
    X, y, groups = rows_of_patients()
    for one in (
        TunedFusionDecider(decider()),
        TunedFusionDecider(decider().fit(X, y), cv="prefit"),
    ):
        for given in ({"y": y[1:], "groups": groups}, {"y": y, "groups": groups[1:]}):
            with pytest.raises(ValueError, match="inconsistent numbers of samples"):
                one.fit(X, **given)


def test_files_and_firmware_take_the_chosen_point(tmp_path):
    X, y, _ = rows_of_patients()
    network = DualPathCNNClassifier(
        conv_channels=(4,), dense_units=4, max_epochs=2, pool_size=1, lr=0.01, random_state=0
    )
    tuned = TunedFusionDecider(FusionDecider(network), costs=MISSED, cv=2).fit(X, y)
    loaded = load(save(tuned, tmp_path / "tuned.safetensors"))
    assert loaded.predict(X).tolist() == tuned.predict(X).tolist()
    assert loaded.score(X, y) == tuned.score(X, y)
    decision = extract_graph(loaded).decision
    assert decision.thresholds == tuned.best_params_["thresholds"]
    assert (decision.delta, decision.abstention) == (
        tuned.best_params_["delta"],
        tuned.best_params_["abstention"],
    )


def test_metadata_is_routed():
    X, y, groups = rows_of_patients(size=10)
    weights = np.where(groups < 10, 1.0, 0.0)
    with config_context(enable_metadata_routing=True):
        network = DualPathCNNClassifier(
            conv_channels=(2,), dense_units=2, max_epochs=1, pool_size=1, random_state=0
        ).set_fit_request(sample_weight=True, groups=False)
        tuned = TunedFusionDecider(FusionDecider(network), cv=2, n_resamples=2, random_state=0)
        given = {"groups": groups, "sample_weight": weights}
        fitted = clone(tuned).fit(X, y, **given)
        for asked in (True, False):
            scored = cross_validate(
                tuned.set_score_request(sample_weight=asked),
                *(X, y),
                cv=[(np.arange(len(X)), np.arange(len(X)))],
                params=given,
                error_score="raise",
            )
            expected = fitted.score(X, y, sample_weight=weights if asked else None)
            assert scored["test_score"].tolist() == [expected]
    assert fitted.score(X, y, weights) != fitted.score(X, y)


def test_the_rule_is_found_in_whatever_holds_the_decider():
    X, y, groups = rows_of_patients()
    careful = ConformalFusionDecider(TunedFusionDecider(decider()), random_state=0)
    careful.fit(X, y, groups=groups)
    rule = FusionRule.of(careful)
    assert rule.thresholds == careful.decider_.best_params_["thresholds"]
    assert rule == FusionRule.of(careful.decider_) == FusionRule.of(careful.decider_.decider_)


def test_a_failed_fit_changes_nothing():
    X, y, groups = rows_of_patients()
    tuned = TunedFusionDecider(decider(), random_state=0).fit(X, y, groups=groups)
    before = vars(tuned.set_params(constraints={"sensitivity": 1.0, "specificity": 1.0})).copy()
    with pytest.raises(OperatingPointError, match="No operating point satisfies"):
        tuned.fit(X, 1 - y, groups=groups)
    assert vars(tuned).keys() == before.keys()
    assert all(vars(tuned)[name] is value for name, value in before.items())
