"""Planted leaks are found, clean data give no finding, and what real data give."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.model_selection import GroupKFold, KFold, LeaveOneGroupOut

from skdualcnn.datasets import load_nsl_kdd, load_wustl_ehms, make_ward
from skdualcnn.model_selection import (
    LeakageReport,
    PurgedGroupKFold,
    PurgedGroupTimeSeriesSplit,
    honest_split,
    leakage_report,
)


def found(report):
    """Return severity, check and column of each finding."""
    return {(one.severity, one.check, one.column) for one in report.findings}


@pytest.mark.parametrize("seed", range(4))
def test_clean_data_give_no_finding(make_table, seed):
    X, y, groups = make_table(seed)
    assert leakage_report(X, y, random_state=seed).findings == ()
    assert leakage_report(X, y, groups, GroupKFold(4), random_state=seed).findings == ()
    splitter = PurgedGroupTimeSeriesSplit(3, window=5)
    assert leakage_report(X, y, groups, splitter, window=5, random_state=seed).findings == ()


@pytest.mark.parametrize("seed", range(2))
def test_planted_columns_are_found(make_table, seed):
    X, y, _ = make_table(seed)
    rng = np.random.default_rng(seed)
    n = len(X)
    X["mac"] = np.where(y == "normal", "84:3a", "b8:ca")
    X["code"] = pd.factorize(y)[0] + 0.01 * rng.normal(size=n)
    wrong = [*np.flatnonzero(y == "dos")[:2], *np.flatnonzero(y == "normal")[:6]]
    X["almost"] = (y == "dos") ^ np.isin(np.arange(n), wrong)
    X["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), unit="s")
    X["port"] = [str(32768 + 11 * i % 4000) for i in range(n)]
    X["uuid"] = [f"{value:x}" for value in rng.permutation(n * 7)[:n]]
    X["record"] = rng.permutation(n)
    report = leakage_report(X, y, random_state=seed)
    assert found(report) == {
        ("high", "label", "mac"),
        ("high", "label", "code"),
        ("medium", "label", "almost"),
        ("low", "clock", "when"),
        ("low", "clock", "port"),
        ("medium", "identifier", "uuid"),
        ("medium", "identifier", "record"),
    }


def test_a_clock_matters_where_episodes_are_cut(make_table):
    X, _, _ = make_table(0)
    rng = np.random.default_rng(1)
    y = np.repeat(rng.random(60) < 0.4, 20)
    groups = np.arange(1200) // 20
    X["packet"] = np.arange(1200) + rng.normal(size=1200)
    X["drift"] = np.arange(1200) / 600 + 0.3 * rng.normal(size=1200)
    cut = leakage_report(X, y, groups, random_state=0, window=4)
    assert found(cut) == {
        ("high", "groups", None),
        ("high", "windows", None),
        ("high", "row order", None),
        ("high", "clock", "packet"),
        ("medium", "drift", "drift"),
    }
    honest = leakage_report(X, y, groups, PurgedGroupKFold(5, window=4), window=4, random_state=0)
    assert found(honest) == {("low", "clock", "packet")}


def test_a_clock_of_each_recording(make_table):
    X, y, groups = make_table(0)
    X["frame"] = pd.Series(groups).groupby(groups).cumcount()
    for known in ({"groups": groups}, {"series": groups}):
        report = leakage_report(X, y, **known, cv=GroupKFold(3).split(X, y, groups))
        assert found(report) == {("low", "clock", "frame")}
        assert "of the group" in report.findings[0].finding


def test_the_time_within_a_recording_may_tell_the_label(make_table):
    X, _, _ = make_table(0)
    series = np.arange(1200) // 30
    y = np.arange(1200) % 30 >= 20
    report = leakage_report(X, y, cv=[(np.arange(600), np.arange(600, 1200))], series=series)
    (finding,) = report.findings
    assert (finding.severity, finding.check) == ("high", "row order")
    assert "in its group" in finding.finding


@pytest.mark.parametrize(("noise", "check"), [(0.0, "duplicates"), (1e-4, "near duplicates")])
def test_copies_are_found(make_table, noise, check):
    X, y, _ = make_table(0)
    rng = np.random.default_rng(0)
    copies = X.iloc[:200].copy()
    for name in ("pulse", "rate", "noise"):
        copies[name] *= 1 + noise * rng.normal(size=200)
    X, y = pd.concat([X, copies]), pd.concat([y, y[:200]])
    report = leakage_report(X, y, random_state=0)
    assert found(report) == {("high", check, None)}
    # Rows 0 to 199 on one side and their copies on the same one: nothing is shared.
    honest = [(np.arange(200, 1200), np.r_[:200, 1200:1400])]
    assert leakage_report(X, y, cv=honest).findings == ()


def test_a_counter_does_not_hide_copies(make_table):
    X, y, _ = make_table(0)
    X = pd.concat([X, X.iloc[:200]])
    X["packet"] = np.arange(len(X))
    report = leakage_report(X, pd.concat([y, y[:200]]), random_state=0)
    assert found(report) == {("high", "duplicates", None), ("low", "clock", "packet")}


def test_each_head_has_its_own_labels(make_table):
    X, cyber, _ = make_table(0)
    rng = np.random.default_rng(0)
    health = pd.Series(rng.choice(["normal", "sepsis"], len(X)), dtype=object)
    X["mac"] = cyber == "normal"
    X["outcome"] = np.where(health == "sepsis", 4.0, 5.0) + rng.normal(size=len(X)) / 100
    health[rng.random(len(X)) < 0.3] = None
    cyber = cyber.astype(object).where(rng.random(len(X)) < 0.7, None)
    y = pd.DataFrame({"health": health, "cyber": cyber, "unknown": None})
    report = leakage_report(X, y, random_state=0)
    assert {(one.column, one.head) for one in report.findings} == {
        ("mac", "cyber"),
        ("outcome", "health"),
    }
    assert "head 'unknown': not checked, it has 0 class(es)" in report.checked


def test_rows_on_both_sides(make_table):
    X, y, _ = make_table(0)
    report = leakage_report(X, y, cv=[(np.arange(900), np.arange(800, 1200))])
    assert ("high", "rows", None) in found(report)


def test_forms_of_cv_and_of_data(make_table):
    X, y, groups = make_table(0)
    report = leakage_report(X, y, cv=KFold(4, shuffle=True, random_state=0))
    assert report.n_folds == 4
    assert "KFold(n_splits=4" in report.checked[0]
    assert leakage_report(X, y, cv=3).n_folds == 3
    assert leakage_report(X, y, cv=iter([(np.arange(600), np.arange(600, 1200))])).n_folds == 1
    mask = np.arange(1200) < 600
    assert leakage_report(X, y, cv=[(mask, ~mask)]).n_folds == 1
    many = leakage_report(X, y, groups, LeaveOneGroupOut())
    assert many.n_folds == 10
    assert "10 of its 30 folds" in many.checked[0]
    assert "no split was given" in leakage_report(X, y).checked[0]
    numbers = X[["pulse", "rate", "noise"]]
    for form in (
        numbers.to_numpy(),
        numbers.astype("Float64"),
        pl.DataFrame(numbers.to_dict("list")),
    ):
        assert isinstance(leakage_report(form, y.to_numpy(), random_state=0), LeakageReport)


def test_nothing_is_changed_and_the_seed_decides(make_table):
    X, y, groups = make_table(0)
    X["big"] = np.random.default_rng(0).random(len(X)) * 1e300
    X.loc[:5, "big"] = np.inf
    before, labels = X.copy(deep=True), y.copy()
    first = leakage_report(X, y, groups, max_rows=500, random_state=7)
    pd.testing.assert_frame_equal(X, before)
    pd.testing.assert_series_equal(y, labels)
    assert first == leakage_report(X, y, groups, max_rows=500, random_state=7)


def test_progress_goes_to_standard_error(make_table, capsys):
    X, y, _ = make_table(0, n=200)
    leakage_report(X, y, verbose=True)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "columns" in shown.err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"window": 0}, "window is 0, expected a whole number, at least 1"),
        ({"max_rows": 2.5}, "max_rows is 2.5, expected a whole number"),
        ({"X": np.zeros((30, 4, 2))}, "X has 3 dimension.s., expected 2"),
        ({"X": np.zeros((30, 0))}, "X has 0 columns"),
        ({"y": np.zeros((30, 0))}, "y has 0 columns"),
        ({"y": np.linspace(0, 1, 30)}, "Unknown label type: continuous"),
        ({"y": np.zeros(29)}, "inconsistent numbers of samples"),
        ({"groups": [None] * 30}, "groups or series has missing values"),
        ({"cv": []}, "cv has no folds"),
        ({"cv": [([], [1, 2])]}, "cv has a fold whose training rows have shape"),
        ({"cv": [([0, 1], [30])]}, "cv has test rows of dtype int64 from 30 to 30"),
    ],
)
def test_wrong_arguments(change, message):
    arguments = {"X": np.zeros((30, 2)), "y": np.arange(30) % 2, **change}
    with pytest.raises(ValueError, match=message):
        leakage_report(**arguments)


@pytest.mark.slow
def test_wustl_ehms_under_both_splits(real_data):
    monitor = load_wustl_ehms(real_data, drop_leaky=False)
    known = {"window": 8, "random_state": 0}
    leaks = found(leakage_report(monitor.data, monitor.target, monitor.groups, **known))
    traps = {
        ("high", "label", "SrcMac"),
        ("high", "label", "Flgs"),
        ("high", "clock", "Sport"),
        ("high", "clock", "Packet_num"),
        ("high", "groups", None),
        ("high", "windows", None),
        ("high", "row order", None),
    }
    assert traps == {one for one in leaks if one[0] == "high"}
    # The vital signs drift through the one recording.
    drifting = {"Pulse_Rate", "SYS", "DIA", "Heart_rate", "Resp_Rate", "ST"}
    assert drifting == {column for _, check, column in leaks if check == "drift"}
    # Data alteration delays packets: some figures of timing all but give it away.
    telling = {column for _, check, column in leaks if check == "label"}
    assert {"DstJitter"} == telling - {"SrcMac", "Flgs"}

    split = [honest_split(monitor)]
    honest = found(leakage_report(monitor.data, monitor.target, monitor.groups, split, **known))
    assert honest == {
        ("high", "label", "SrcMac"),
        ("high", "label", "Flgs"),
        ("medium", "label", "DstJitter"),
        ("low", "clock", "Sport"),
        ("low", "clock", "Packet_num"),
        ("low", "windows", None),
    }
    assert ("medium", "label", "DstJitter") in leaks


@pytest.mark.slow
def test_nsl_kdd_official_files_have_a_few_copies(real_data):
    connections = load_nsl_kdd(real_data, train_file="20percent")
    report = leakage_report(
        connections.data, connections.target, cv=[honest_split(connections)], random_state=0
    )
    assert found(report) == {("low", "duplicates", None)}
    assert report.findings[0].evidence["test rows"] == 118


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_whole_patients_of_the_ward_leak_nothing(seed):
    ward = make_ward(random_state=seed)
    report = leakage_report(
        ward.data,
        ward.target,
        ward.groups,
        [honest_split(ward, random_state=seed)],
        window=8,
        series=ward.groups,
        random_state=seed,
    )
    assert report.findings == ()
