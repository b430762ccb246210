"""Partitions give the answers of the whole table, in less memory than it takes."""

import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.datasets import make_ward
from skdualcnn.exceptions import MissingPackageError, PartitionError
from skdualcnn.partitions import score_partitions, score_table
from skdualcnn.preprocessing import GapImputer, HampelFilter, SlidingWindow

dd = pytest.importorskip("dask.dataframe", reason="Dask is not installed")


@pytest.fixture(scope="module")
def ward():
    ward = make_ward(n_patients=4, hours=3, random_state=0)
    ward.data["patient"] = ward.groups.astype(float)
    return ward


def _decider(ward, *steps, group=None):
    network = DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=1, random_state=0
    )
    preprocessor = make_fusion_preprocessor(**ward.modalities, group=group)
    return FusionDecider(make_pipeline(preprocessor, *steps, network)).fit(ward.data, ward.target)


def test_rows_one_by_one(ward):
    decider = _decider(ward)
    frame = dd.from_pandas(ward.data, npartitions=7)
    scored = score_partitions(decider, frame)
    assert scored.npartitions == 7
    whole = score_table(decider, ward.data)
    pd.testing.assert_frame_equal(scored.compute(), whole, atol=1e-6, rtol=0)
    assert dict(scored.dtypes) == dict(whole.dtypes)
    assert (whole["decision"] == decider.predict(ward.data)).all()
    p_health, _ = decider.predict_proba(ward.data)
    normal = decider.estimator_.classes_[0].tolist().index("normal")
    np.testing.assert_array_equal(whole["health_probability_normal"], p_health[:, normal])
    np.testing.assert_array_equal(
        whole[["health_score", "cyber_score"]], decider.decision_function(ward.data)
    )


def test_sets_turn_decisions_down(ward):
    plain = _decider(ward)
    careful = ConformalFusionDecider(FrozenEstimator(plain), class_conditional=False)
    careful.fit(ward.data, ward.target)
    scored = score_partitions(careful, dd.from_pandas(ward.data, npartitions=3)).compute()
    assert list(scored) == list(score_table(plain, ward.data))
    assert (scored["decision"] == careful.predict(ward.data)).all()
    assert (scored["decision"] != plain.predict(ward.data)).any()


def test_windows_see_the_rows_of_the_partition_before(ward):
    decider = _decider(ward, SlidingWindow(6, stride=2))
    frame = dd.from_pandas(ward.data, npartitions=9)
    whole = score_table(decider, ward.data)
    pd.testing.assert_frame_equal(
        score_partitions(decider, frame).compute(), whole, atol=1e-6, rtol=0
    )


def test_windows_of_a_frozen_pipeline_or_chosen_by_a_search_look_back_too(ward):
    fitted = _decider(ward, SlidingWindow(6))
    frozen = FusionDecider(FrozenEstimator(fitted.estimator_)).fit(ward.data, ward.target)
    length = {"estimator__slidingwindow__length": [6]}
    started = clone(fitted).set_params(estimator__slidingwindow__length=1)
    search = GridSearchCV(started, length, cv=2).fit(ward.data, ward.target)
    frame = dd.from_pandas(ward.data, npartitions=9)
    for model in (frozen, search):
        pd.testing.assert_frame_equal(
            score_partitions(model, frame).compute(),
            score_table(model, ward.data),
            atol=1e-6,
            rtol=0,
        )


def test_groups_must_be_whole(ward):
    decider = _decider(ward, SlidingWindow(6, by=-1), group="patient")
    per_patient = [rows for _, rows in ward.data.groupby("patient")]
    frame = dd.from_map(lambda i: per_patient[i], range(4), meta=ward.data.head(0))
    scored = score_partitions(decider, frame, group="patient").compute()
    pd.testing.assert_frame_equal(scored, score_table(decider, ward.data), atol=1e-6, rtol=0)
    cut = dd.from_pandas(ward.data, npartitions=3)
    with pytest.raises(PartitionError, match=r"group\(s\) of 'patient', such as .* several part"):
        score_partitions(decider, cut, group="patient")
    with pytest.raises(PartitionError, match="group=None is not a column of frame"):
        score_partitions(decider, cut)


def test_filters_look_back_too(ward):
    filtered = make_fusion_preprocessor(**ward.modalities, noise_filter=HampelFilter())
    network = DualPathCNNClassifier(architecture="compact", max_epochs=1, random_state=0)
    decider = FusionDecider(make_pipeline(filtered, network)).fit(ward.data, ward.target)
    with pytest.raises(PartitionError, match="looks back with HampelFilter"):
        score_partitions(decider, dd.from_pandas(ward.data, npartitions=2))
    whole = score_partitions(decider, dd.from_pandas(ward.data, npartitions=1)).compute()
    pd.testing.assert_frame_equal(whole, score_table(decider, ward.data))


def test_another_column_than_that_of_the_steps(ward):
    imputer = GapImputer(by="patient")
    numbers = ward.data[["heart_rate", "spo2", "patient"]]
    forest = RandomForestClassifier(n_estimators=2, random_state=0)
    pipeline = make_pipeline(imputer, forest).fit(numbers, ward.target["health"])
    frame = dd.from_pandas(numbers, npartitions=1)
    with pytest.raises(PartitionError, match=r"group='spo2', but GapImputer\(by='patient'\)"):
        score_partitions(pipeline, frame, group="spo2")
    scored = score_partitions(pipeline, frame, group="patient").compute()
    pd.testing.assert_frame_equal(scored, score_table(pipeline, numbers))


def test_an_ordinary_classifier_and_an_empty_partition(ward):
    X = ward.data[ward.modalities["patient"]].fillna(0)
    forest = RandomForestClassifier(n_estimators=3, random_state=0).fit(X, ward.target["cyber"])
    frame = dd.from_pandas(X, npartitions=5)
    frame = frame[frame["spo2"] < 99]
    scored = score_partitions(forest, frame[frame["heart_rate"] > 0]).compute()
    kept = X[(X["spo2"] < 99) & (X["heart_rate"] > 0)]
    pd.testing.assert_frame_equal(scored, score_table(forest, kept))
    assert score_table(forest, X[:0]).dtypes.equals(scored.dtypes)


def test_classes_of_half_precision(ward):
    X = ward.data[["spo2"]].fillna(0)
    y = (X["spo2"] < 95).to_numpy(dtype=np.float16)
    scored = score_table(RandomForestClassifier(n_estimators=2, random_state=0).fit(X, y), X)
    assert scored["head_0_class"].cat.categories.tolist() == [0.0, 1.0]


def test_a_table_in_memory_is_refused(ward):
    with pytest.raises(PartitionError, match="frame is a DataFrame, expected a Dask DataFrame"):
        score_partitions(_decider(ward), ward.data)


def test_without_dask_the_error_names_the_extra(ward, monkeypatch):
    monkeypatch.setitem(sys.modules, "dask.dataframe", None)
    with pytest.raises(MissingPackageError, match=r"skdualcnn\[dask\]"):
        score_partitions(None, ward.data)


LIMITED = """
    import resource, sys
    import dask, dask.dataframe as dd
    import numpy as np, pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.multioutput import MultiOutputClassifier
    from skdualcnn import FusionDecider
    from skdualcnn.partitions import score_partitions

    dask.config.set(scheduler="single-threaded")
    folder, allowed = sys.argv[1], int(sys.argv[2])
    names = [f"x{i}" for i in range(40)]
    X = pd.DataFrame(np.random.default_rng(0).random((500, 40)), columns=names)
    y = np.where(X[["x0", "x1"]] > 0.5, 1, 0)
    decider = FusionDecider(MultiOutputClassifier(LogisticRegression())).fit(X, y)
    frame = dd.read_parquet(folder + "/in")
    score_partitions(decider, frame.partitions[:1]).to_parquet(folder + "/warm")
    used = next(line for line in open("/proc/self/status") if line.startswith("VmData"))
    limit = int(used.split()[1]) * 1024 + allowed
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    score_partitions(decider, frame).to_parquet(folder + "/out")
    print("scored")
    try:
        frame.compute()
    except Exception as error:  # pyarrow and NumPy raise errors of their own
        print("too large:", type(error).__name__)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_a_table_larger_than_memory(tmp_path):
    (tmp_path / "in").mkdir()
    rng, n_rows = np.random.default_rng(1), 50_000
    names = [f"x{i}" for i in range(40)]
    for part in range(24):  # 16 MB each, 384 MB in all
        table = pd.DataFrame(rng.random((n_rows, 40)), columns=names)
        table.to_parquet(tmp_path / "in" / f"part.{part:02d}.parquet")
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(LIMITED), str(tmp_path), str(200 * 2**20)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("scored\ntoo large: "), done.stderr[-2000:]
    scored = pd.read_parquet(tmp_path / "out")
    assert len(scored) == 24 * n_rows
    assert scored["decision"].isin(["normal", "medical", "cyber", "both"]).all()
