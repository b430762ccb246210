import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from skorch.callbacks import Callback, EpochScoring

from skdualcnn import DualPathCNNClassifier
from skdualcnn.exceptions import ArchitectureError, DeviceError, DivergenceError, HeadError
from skdualcnn.network import ARCHITECTURES, DualPathNetwork
from skdualcnn.network._architectures import SHAPE_PARAMETERS
from skdualcnn.preprocessing import SlidingWindow

N = 60


def classifier(**changed):
    small = {"conv_channels": (4,), "dense_units": 6, "max_epochs": 2, "lr": 0.01}
    return DualPathCNNClassifier(**{**small, "random_state": 0, **changed})


PAPER = {name: getattr(ARCHITECTURES["paper"], name) for name in SHAPE_PARAMETERS}


def probabilities(fitted, X):
    """Return the probabilities of all heads side by side."""
    found = fitted.predict_proba(X)
    return np.hstack(found) if isinstance(found, list) else found


def assert_same_model(one, other, X):
    np.testing.assert_array_equal(probabilities(one, X), probabilities(other, X))


def with_gaps(labels, share, seed):
    gaps = labels.astype(object)
    gaps[np.random.default_rng(seed).random(len(labels)) < share] = None
    return gaps


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(0).random((N, 8)).astype(np.float32)


@pytest.fixture(scope="module")
def health(X):
    return np.where(X[:, 1] > 0.5, "normal", "hypoxia")


@pytest.fixture(scope="module")
def cyber(X):
    return np.select([X[:, 5] > 0.7, X[:, 5] > 0.4], ["dos", "spoofing"], "normal")


@pytest.fixture(scope="module")
def y(health, cyber):
    return np.column_stack([health, cyber])


@pytest.fixture(scope="module")
def y_with_gaps(health, cyber):
    return np.column_stack([with_gaps(health, 0.3, 1), with_gaps(cyber, 0.3, 2)])


class InterruptAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            raise KeyboardInterrupt


# -- what it learns and how it answers


def test_it_learns_both_heads():
    X = np.random.default_rng(0).random((400, 8))
    y = pd.DataFrame(
        {
            "health": np.where(X[:, 1] > 0.5, "normal", "hypoxia"),
            "cyber": np.where(X[:, 5] > 0.5, 1, 0),
        }
    )
    clf = classifier(conv_channels=(16,), dense_units=32, max_epochs=40, conv_dropout=0.0)
    clf.fit(X[:300], y[:300])
    assert clf.score(X[300:], y[300:]) > 0.8
    assert clf.history_["train_loss"].iloc[-1] < 0.5 * clf.history_["train_loss"].iloc[0]


@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize("n_heads", [1, 2, 3])
def test_any_number_of_heads(X, health, cyber, n_heads, sharing):
    columns = [health, cyber, np.arange(N) % 4]
    y = pd.DataFrame({f"h{i}": columns[i] for i in range(n_heads)})
    clf = classifier(sharing=sharing).fit(X, y)
    assert clf.n_heads_ == n_heads
    assert clf.head_names_ == list(y.columns)
    assert len(clf.nets_) == (1 if sharing == "trunk" else n_heads)
    predicted = clf.predict(X)
    found = clf.predict_proba(X)
    if n_heads == 1:
        assert clf.classes_.tolist() == ["hypoxia", "normal"]
        assert predicted.shape == (N,)
        found = [found]
        predicted = predicted[:, None]
        classes = [clf.classes_]
    else:
        assert predicted.shape == (N, n_heads)
        classes = clf.classes_
    for head in range(n_heads):
        assert found[head].dtype == np.float64
        np.testing.assert_allclose(found[head].sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(predicted[:, head], classes[head][found[head].argmax(axis=1)])
    assert 0 <= clf.score(X, y) <= 1
    for name in y:
        assert clf.history_[f"train_accuracy_{name}"].notna().any()


def test_one_column_is_one_head_whatever_its_shape(X, health):
    one = classifier().fit(X, health)
    for y in (health[:, None], pd.Series(health, name="health"), pd.DataFrame({"h": health})):
        other = classifier().fit(X, y)
        assert_same_model(one, other, X)
        assert other.predict(X).shape == (N,)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=repr)
def test_a_missing_label_is_the_same_in_every_form(X, y_with_gaps, missing):
    y = y_with_gaps.copy()
    y[pd.isna(y)] = missing
    reference = classifier().fit(X, y_with_gaps)
    frame = pd.DataFrame(y, columns=["health", "cyber"])
    for same in (y, frame, frame.astype("category"), frame.astype("string"), y.tolist()):
        assert_same_model(reference, classifier().fit(X, same), X)


def test_a_polars_frame_is_a_frame(X, y_with_gaps):
    polars = pytest.importorskip("polars")
    columns = dict(zip(("health", "cyber"), y_with_gaps.T.tolist(), strict=True))
    reference = classifier().fit(pd.DataFrame(X, columns=list("abcdefgh")), pd.DataFrame(columns))
    frame = polars.DataFrame(X, schema=list("abcdefgh"))
    clf = classifier().fit(frame, polars.DataFrame(columns))
    assert clf.head_names_ == ["health", "cyber"]
    assert clf.feature_names_in_.tolist() == list("abcdefgh")
    np.testing.assert_array_equal(probabilities(clf, frame), probabilities(reference, frame))
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame.rename({"a": "z"}))


def test_text_and_numbers_in_one_y(X, health):
    y = np.column_stack([health.astype(object), (X[:, 5] > 0.5).astype(float)])
    y[:5, 1] = np.nan
    clf = classifier().fit(X, y)
    assert clf.classes_[1].tolist() == [0.0, 1.0]
    assert set(clf.predict(X)[:, 1]) <= {0.0, 1.0}
    assert set(clf.predict(X)[:, 0]) <= {"normal", "hypoxia"}


def test_a_row_without_any_label_changes_nothing(X, y):
    half = y.astype(object)
    half[30:] = None
    assert_same_model(classifier().fit(X, half), classifier().fit(X[:30], y[:30]), X)


def test_two_disjoint_data_sets_train_both_heads(X, health, cyber):
    both = np.full((2 * N, 2), None, dtype=object)
    both[:N, 0], both[N:, 1] = health, cyber
    clf = classifier(max_epochs=3).fit(np.vstack([X, X[::-1]]), both)
    assert [len(classes) for classes in clf.classes_] == [2, 3]
    assert clf.history_[["train_accuracy_head_0", "train_accuracy_head_1"]].notna().all(axis=None)
    assert 0 <= clf.score(np.vstack([X, X]), both) <= 1


@pytest.mark.parametrize("n", [1, 2, 3, 5, N])
def test_a_row_gets_the_same_answer_alone_as_among_others(X, y, n):
    clf = classifier().fit(X, y)
    np.testing.assert_allclose(
        probabilities(clf, X[:n]), probabilities(clf, X)[:n], rtol=0, atol=1e-7
    )


def test_the_papers_network_has_280201_parameters():
    rng = np.random.default_rng(0)
    y = np.column_stack([np.arange(40) % 4, np.arange(40) % 5])
    clf = DualPathCNNClassifier(max_epochs=1, random_state=0).fit(rng.random((40, 68)), y)
    assert isinstance(clf.net_.module_, DualPathNetwork)
    assert sum(one.numel() for one in clf.net_.module_.parameters()) == 280_201
    assert clf.input_shape_ == (1, 68)


def test_the_parameters_reach_the_network(X, y):
    clf = classifier(
        conv_channels=[3, 5],
        kernel_size=5,
        residual_blocks=1,
        activation="relu",
        pool_size=1,
        conv_dropout=0.1,
        dense_units=7,
        dense_dropout=0.2,
        lr_schedule="constant",
        weight_decay=0.125,
        batch_size=16,
    ).fit(X, y)
    module = clf.net_.module_
    assert [block.conv.out_channels for block in module.blocks[:2]] == [3, 5]
    assert module.blocks[0].conv.kernel_size == (5,)
    assert isinstance(module.activation, torch.nn.ReLU)
    assert module.blocks[0].dropout.p == 0.1
    assert module.dense.in_features == 5 * 8
    assert (module.dense.out_features, module.dropout.p) == (7, 0.2)
    assert clf.net_.optimizer_.param_groups[0]["weight_decay"] == 0.125
    assert clf.net_.optimizer_.param_groups[0]["lr"] == 0.01
    assert [len(batches) for batches in clf.net_.history[:, "batches"]] == [4, 4]


def test_an_architecture_gives_what_is_not_given(X, y):
    compact = ARCHITECTURES["compact"]
    clf = classifier(architecture="compact", conv_channels=None, dense_units=None).fit(X, y)
    module = clf.net_.module_
    assert [block.conv.out_channels for block in module.blocks] == list(compact.conv_channels)
    inputs = module.dense.in_features
    assert module.dense.out_features == min(compact.dense_weights // inputs // 8 * 8, 128)
    assert module.dropout.p == compact.dense_dropout
    assert clone(clf).architecture == "compact"
    clf.set_params(dense_units=7, conv_dropout=0.0, architecture="paper").fit(X, y)
    assert [block.conv.out_channels for block in clf.net_.module_.blocks] == [64]
    assert clf.net_.module_.dense.out_features == 7
    assert clf.net_.module_.blocks[0].dropout.p == 0.0


def test_the_papers_numbers_by_name_or_one_by_one_are_the_same_model(X, y):
    by_name = classifier(conv_channels=None, dense_units=None).fit(X, y)
    one_by_one = classifier(**PAPER).fit(X, y)
    assert_same_model(by_name, one_by_one, X)


def test_a_grid_search_over_architectures(X, health):
    unset = classifier(conv_channels=None, dense_units=None)
    search = GridSearchCV(unset, {"architecture": list(ARCHITECTURES)}, cv=2).fit(X, health)
    assert search.best_params_["architecture"] in ARCHITECTURES
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# -- windows and memory


def test_windows_are_signals_along_time(X, y):
    windows = SlidingWindow(length=5).fit_transform(X)
    clf = classifier().fit(windows, y)
    assert clf.input_shape_ == (8, 5)
    assert clf.n_features_in_ == 5
    assert clf.net_.module_.blocks[0].conv.in_channels == 8
    copied = classifier().fit(windows.copy(), y)
    assert_same_model(clf, copied, windows)


def test_windows_are_not_copied_on_the_way_to_torch(X, y):
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, X, **kwargs):
            seen.append(X.signals.data_ptr())

    windows = SlidingWindow(length=5).fit_transform(X)
    classifier(callbacks=[Look()]).fit(windows, y)
    assert seen == [windows.__array_interface__["data"][0]]


def test_a_read_only_memory_map_trains_like_an_array(X, y, tmp_path):
    joblib.dump(X, tmp_path / "X.joblib")
    mapped = joblib.load(tmp_path / "X.joblib", mmap_mode="r")
    assert not mapped.flags.writeable
    assert_same_model(classifier().fit(mapped, y), classifier().fit(X, y), mapped)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_reversed_arrays_train_and_are_answered_like_their_copies(X, y, dtype):
    back = X.astype(dtype)[::-1, ::-1]
    clf = classifier().fit(back, y)
    assert_same_model(clf, classifier().fit(back.copy(), y), back)
    windows = SlidingWindow(length=5).fit_transform(X)[:, ::-1]
    assert_same_model(classifier().fit(windows, y), classifier().fit(windows.copy(), y), windows)


# -- two paths


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"early_stopping": True, "max_epochs": 4, "validation_fraction": 0.2},
        {"class_weight": "balanced"},
    ],
    ids=["plain", "early stopping", "class weights"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_unshared_heads_are_separate_classifiers_bit_for_bit(X, y_with_gaps, changed, weighted):
    weights = np.random.default_rng(3).integers(0, 4, (N, 2)) if weighted else None
    both = classifier(sharing="none", **changed).fit(X, y_with_gaps, sample_weight=weights)
    for head in range(2):
        labels = y_with_gaps[:, head]
        own = None if weights is None else weights[:, head]
        known = ~pd.isna(labels)
        alone = classifier(**changed).fit(X, labels, sample_weight=own)
        labelled = classifier(**changed).fit(
            X[known], labels[known], sample_weight=None if own is None else own[known]
        )
        for one in (alone, labelled):
            np.testing.assert_array_equal(both.predict_proba(X)[head], one.predict_proba(X))
        for mine, other in zip(
            both.nets_[head].module_.state_dict().values(),
            alone.net_.module_.state_dict().values(),
            strict=True,
        ):
            assert torch.equal(mine, other)
        path = both.history_[both.history_["path"] == f"head_{head}"]
        assert path["train_loss"].tolist() == alone.history_["train_loss"].tolist()


def test_unshared_heads_with_groups_held_out(X, y_with_gaps):
    groups = np.arange(N) // 4
    parameters = {"early_stopping": True, "max_epochs": 3}
    both = classifier(sharing="none", **parameters).fit(X, y_with_gaps, groups=groups)
    alone = classifier(**parameters).fit(X, y_with_gaps[:, 1], groups=groups)
    np.testing.assert_array_equal(both.predict_proba(X)[1], alone.predict_proba(X))


def test_unshared_heads_have_no_single_net(X, y):
    clf = classifier(sharing="none").fit(X, y)
    assert not hasattr(clf, "net_")
    assert [len(net.module_.heads) for net in clf.nets_] == [1, 1]
    with pytest.raises(AttributeError, match="use nets_ instead"):
        _ = clf.net_


# -- weights


@pytest.mark.parametrize("columns", [1, 2])
def test_a_whole_number_weight_is_repetition(X, y_with_gaps, columns):
    times = np.random.default_rng(0).integers(0, 4, N)
    weight = times if columns == 1 else np.column_stack([times, times])
    weighted = classifier().fit(X, y_with_gaps, sample_weight=weight)
    repeated = classifier().fit(np.repeat(X, times, axis=0), np.repeat(y_with_gaps, times, axis=0))
    assert_same_model(weighted, repeated, X)


def test_a_label_of_weight_zero_is_missing(X, y):
    weight = np.random.default_rng(0).integers(0, 2, (N, 2))
    gaps = np.where(weight > 0, y.astype(object), None)
    assert_same_model(classifier().fit(X, y, sample_weight=weight), classifier().fit(X, gaps), X)


def test_a_weight_per_head_reaches_that_head_alone(X, y):
    weight = np.ones((N, 2))
    weight[:, 1] = np.random.default_rng(0).integers(1, 5, N)
    plain, weighted = (
        classifier(sharing="none").fit(X, y, sample_weight=one) for one in (None, weight)
    )
    np.testing.assert_array_equal(plain.predict_proba(X)[0], weighted.predict_proba(X)[0])
    assert (plain.predict_proba(X)[1] != weighted.predict_proba(X)[1]).any()


@pytest.mark.parametrize(
    ("class_weight", "same_as"),
    [
        ({"normal": 1, "hypoxia": 1}, None),
        ([{"normal": 2, "hypoxia": 3}], {"normal": 2, "hypoxia": 3}),
        (("balanced",), "balanced"),
    ],
)
def test_forms_of_class_weight(X, health, class_weight, same_as):
    one, other = (classifier(class_weight=form).fit(X, health) for form in (class_weight, same_as))
    assert_same_model(one, other, X)


def test_a_heavy_class_is_predicted_more_often(X, health):
    light, heavy = (
        classifier(class_weight={"normal": weight, "hypoxia": 1}, max_epochs=10).fit(X, health)
        for weight in (0.01, 100)
    )
    assert (heavy.predict_proba(X)[:, 1] > light.predict_proba(X)[:, 1]).all()


def test_class_weights_per_head(X, y):
    per_head = [None, {"normal": 1, "dos": 5, "spoofing": 2}]
    plain, weighted = (
        classifier(sharing="none", class_weight=one).fit(X, y) for one in (None, per_head)
    )
    np.testing.assert_array_equal(plain.predict_proba(X)[0], weighted.predict_proba(X)[0])
    assert (plain.predict_proba(X)[1] != weighted.predict_proba(X)[1]).any()


# -- the same seed, the same model


@settings(derandomize=True, deadline=None, max_examples=6)
@given(st.permutations(range(N)), st.booleans())
def test_the_order_of_the_rows_does_not_matter(order, early_stopping):
    X = np.random.default_rng(0).random((N, 8)).round(1)
    y = np.column_stack([X[:, 1] > 0.5, X[:, 5] > 0.5]).astype(float)
    y[:10, 1] = np.nan
    clf = classifier(early_stopping=early_stopping)
    assert_same_model(clone(clf).fit(X, y), clone(clf).fit(X[order], y[order]), X)


def test_the_seed_decides(X, y):
    reference = classifier().fit(X, y)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    assert_same_model(reference, classifier().fit(X, y), X)
    other = classifier(random_state=1).fit(X, y)
    assert (probabilities(reference, X) != probabilities(other, X)).any()
    generator = np.random.RandomState(0)
    assert_same_model(reference, classifier(random_state=generator).fit(X, y), X)


@pytest.mark.slow
def test_worker_processes_train_the_same_models(X, y):
    alone, together = (
        cross_val_predict(classifier(), X, y, cv=2, method="predict_proba", n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_threads_of_one_process_train_the_same_models(X, y):
    models = [classifier(random_state=seed) for seed in range(6)]
    alone = [clone(model).fit(X, y) for model in models]
    together = joblib.Parallel(n_jobs=6, backend="threading")(
        joblib.delayed(clone(model).fit)(X, y) for model in models
    )
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other, X)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_trains_and_answers_as_the_processor_does(X, y):
    there = fit(X, y, device="cuda")
    assert {one.device.type for one in there.net_.module_.parameters()} == {"cuda"}
    here = copy.deepcopy(there)
    here.net_.module_.cpu()
    here.net_.device = "cpu"
    for one, other in zip(there.predict_proba(X), here.predict_proba(X), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_torch_is_left_as_it_was(X, y):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    try:
        clf = classifier(early_stopping=True).fit(X, y)
        clf.predict_proba(X)
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
        torch.set_num_threads(1)
        assert_same_model(clf, classifier(early_stopping=True).fit(X, y), X)
    finally:
        torch.set_num_threads(threads)


# -- training control


def test_early_stopping_restores_the_best_epoch(X, y):
    clf = classifier(early_stopping=True, max_epochs=60, lr=0.05, n_iter_no_change=3, tol=0.0)
    clf.set_params(lr_schedule="constant", batch_size=1000)
    clf.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    losses = clf.history_["valid_loss"].to_numpy()
    best = losses.argmin()
    assert 3 < len(losses) < 60
    assert len(losses) == best + 1 + 3
    loss = sum(
        log_loss(y[40:, head], proba, labels=clf.classes_[head])
        for head, proba in enumerate(clf.predict_proba(X[40:]))
    )
    assert loss == pytest.approx(losses[best], rel=1e-5)
    hits = (clf.predict(X[40:]) == y[40:]).mean(axis=0)
    curves = clf.history_.loc[best, ["valid_accuracy_head_0", "valid_accuracy_head_1"]]
    np.testing.assert_allclose(hits, curves.astype(float))


def test_a_tolerance_stops_early(X, health):
    clf = classifier(early_stopping=True, max_epochs=50, n_iter_no_change=2, tol=10.0)
    assert len(clf.fit(X, health).history_) == 3


def test_groups_are_held_out_whole(X, y):
    groups = np.repeat(["a", "b", "c", "d", "e"], N // 5)
    seen = {}

    class Look(Callback):
        def on_train_begin(self, net, X, **kwargs):
            validation, _ = net.get_split_datasets(X)[1], None
            seen["train"], seen["valid"] = X.rows.numpy(), validation.rows.numpy()

    clf = classifier(early_stopping=True, validation_fraction=0.4, callbacks=[Look()])
    clf.fit(X, y, groups=groups)
    sides = [set(groups[seen[part]]) for part in ("train", "valid")]
    assert not sides[0] & sides[1]
    assert (len(sides[0]), len(sides[1])) == (3, 2)
    assert len(seen["train"]) + len(seen["valid"]) == N


def test_without_groups_equal_rows_stay_on_one_side(X, health):
    seen = {}

    class Look(Callback):
        def on_train_begin(self, net, X, **kwargs):
            seen["train"] = X.rows.numpy()
            seen["valid"] = net.get_split_datasets(X)[1].rows.numpy()

    clf = classifier(early_stopping=True, validation_fraction=0.3, callbacks=[Look()])
    clf.fit(np.repeat(X, 2, axis=0), np.repeat(health, 2))
    assert not set(seen["train"] // 2) & set(seen["valid"] // 2)
    assert len(set(seen["valid"])) == pytest.approx(0.3 * N, abs=1)


def test_a_large_validation_fraction_leaves_a_row_of_each_class(X):
    y = np.arange(N) % 2
    clf = classifier(early_stopping=True, validation_fraction=0.99, max_epochs=1).fit(X, y)
    assert clf.history_["train_loss"].notna().all()


def test_warm_start_goes_on(X, y):
    warm = classifier(warm_start=True).fit(X, y)
    first = probabilities(warm, X)
    net = warm.net_
    warm.fit(X, y)
    assert warm.net_ is net
    assert warm.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert (probabilities(warm, X) != first).any()
    cold = classifier().fit(X, y).fit(X, y)
    assert cold.history_["epoch"].tolist() == [1, 2]
    np.testing.assert_array_equal(probabilities(cold, X), first)
    with pytest.raises(HeadError, match="not among its classes"):
        warm.fit(X, np.where(y == "dos", "flood", y))


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_partial_fit_in_parts(X, y, sharing):
    clf = classifier(sharing=sharing)
    classes = [["hypoxia", "normal", "sepsis"], ["dos", "normal", "spoofing"]]
    for start in range(0, N, 20):
        part = slice(start, start + 20)
        clf.partial_fit(X[part], y[part], classes=classes)
    assert [one.tolist() for one in clf.classes_] == classes
    assert clf.history_.groupby("path")["epoch"].apply(list).tolist() == [[1, 2, 3]] * (
        1 if sharing == "trunk" else 2
    )
    assert clf.predict_proba(X)[0].shape == (N, 3)
    with pytest.raises(HeadError, match=r"label\(s\) \['stroke'\] that are not among"):
        clf.partial_fit(X[:1], [["stroke", "dos"]])


def test_partial_fit_goes_on_after_fit_and_needs_classes_once(X, y):
    clf = classifier().fit(X, y)
    clf.partial_fit(X[:3], y[:3])
    assert clf.history_["epoch"].tolist() == [1, 2, 3]
    whole = classifier().partial_fit(X, y)
    assert_same_model(whole, classifier(max_epochs=1).fit(X, y), X)


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_a_part_without_labels_of_a_head_teaches_that_head_nothing(X, y, sharing):
    clf = classifier(sharing=sharing).partial_fit(X[:30], y[:30])
    before = clf.predict_proba(X)
    unlabelled = y[30:].astype(object)
    unlabelled[:, 1] = None
    clf.partial_fit(X[30:], unlabelled)
    after = clf.predict_proba(X)
    assert (before[0] != after[0]).any()
    if sharing == "none":
        np.testing.assert_array_equal(before[1], after[1])
    unlabelled[:, 0] = None
    clf.partial_fit(X[30:], unlabelled)
    np.testing.assert_array_equal(clf.predict_proba(X)[0], after[0])


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_a_loss_that_is_not_finite_stops_with_an_error(X, y, sharing):
    clf = classifier(sharing=sharing, lr=1e30, max_epochs=20)
    with pytest.raises(DivergenceError, match=r"loss is (nan|inf) in epoch \d+.*now 1e\+30"):
        clf.fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_the_keyboard_leaves_a_usable_estimator(X, y, epoch, sharing, early_stopping):
    clf = classifier(
        max_epochs=4,
        sharing=sharing,
        early_stopping=early_stopping,
        tol=0.0,
        n_iter_no_change=9,
        callbacks=[InterruptAt(epoch)],
    )
    with pytest.warns(ConvergenceWarning, match=rf"interrupted after {epoch - 1} epoch\(s\)"):
        clf.fit(X, y)
    assert clf.predict(X).shape == (N, 2)
    assert len(clf.history_) == epoch - 1
    again = pickle.loads(pickle.dumps(clf))
    assert_same_model(clf, again, X)


def test_callbacks_of_skorch_are_called_and_not_shared_between_clones(X, health):
    scoring = EpochScoring(
        lambda net, X, y=None: float(len(net.history)),
        name="mine",
        on_train=True,
    )
    clf = classifier(callbacks=[("mine", scoring)])
    copy = clone(clf)
    assert copy.callbacks[0][1] is not scoring
    copy.fit(X, health)
    assert copy.net_.history[:, "mine"] == [1.0, 2.0]
    assert "mine" not in copy.history_


def test_a_bar_is_shown_when_asked_for(X, health, capsys):
    classifier().fit(X, health)
    assert capsys.readouterr() == ("", "")
    clf = classifier(verbose=1).fit(X, health)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2 epochs" in err
    assert_same_model(clf, pickle.loads(pickle.dumps(clf)), X)


def test_the_history_is_a_row_per_epoch(X, y):
    history = classifier(early_stopping=True).fit(X, y).history_
    assert list(history["epoch"]) == [1, 2]
    curves = {"train_loss", "valid_loss"} | {
        f"{part}_accuracy_head_{head}" for part in ("train", "valid") for head in (0, 1)
    }
    assert set(history) == {"epoch", "path"} | curves
    accuracies = history[[name for name in history if "accuracy" in name]]
    assert accuracies.min(axis=None) >= 0
    assert accuracies.max(axis=None) <= 1


# -- among scikit-learn's tools


def test_parameters_through_a_pipeline(X, y):
    pipe = make_pipeline(MinMaxScaler(), classifier())
    pipe.set_params(dualpathcnnclassifier__lr=0.02, dualpathcnnclassifier__conv_channels=(2, 3))
    assert clone(pipe).get_params()["dualpathcnnclassifier__lr"] == 0.02
    fitted = clone(pipe).fit(X, y)
    assert len(fitted[-1].net_.module_.blocks) == 2
    assert [len(one) for one in fitted.classes_] == [2, 3]
    assert set(classifier().get_params()) == set(DualPathCNNClassifier().get_params())


@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize("dump", [pickle, joblib], ids=["pickle", "joblib"])
def test_a_pickle_answers_the_same_and_trains_on(X, y, tmp_path, sharing, dump):
    clf = classifier(sharing=sharing, warm_start=True, early_stopping=True).fit(X, y)
    if dump is pickle:
        again = pickle.loads(pickle.dumps(clf))
    else:
        joblib.dump(clf, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
    assert_same_model(clf, again, X)
    pd.testing.assert_frame_equal(clf.history_, again.history_)
    assert_same_model(clf.fit(X, y), again.fit(X, y), X)


def test_search_and_cross_validation_by_groups(X, y):
    groups = np.arange(N) // 6
    pipe = make_pipeline(MinMaxScaler(), classifier(max_epochs=1))
    cv = GroupKFold(n_splits=2)
    scores = cross_val_score(pipe, X, y, cv=cv, groups=groups)
    assert scores.shape == (2,)
    assert ((scores >= 0) & (scores <= 1)).all()
    grid = {"dualpathcnnclassifier__lr": [1e-3, 1e-2]}
    search = GridSearchCV(pipe, grid, cv=cv).fit(X, y, groups=groups)
    assert search.best_params_["dualpathcnnclassifier__lr"] in {1e-3, 1e-2}
    assert search.predict(X).shape == (N, 2)


def test_an_unfitted_classifier_says_so(X):
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    with pytest.raises(NotFittedError):
        classifier().predict_proba(X)


# -- every error


FRAME = pd.DataFrame(np.random.default_rng(0).random((8, 4)), columns=list("abcd"))
LABELS = np.array([0, 1] * 4)
TWO = np.column_stack([LABELS, LABELS[::-1]])
MISSING = np.full(8, None)
WINDOWS = np.zeros((8, 4, 2))


def fit(X=FRAME, y=LABELS, *, fit_params=None, **changed):
    return classifier(**changed).fit(X, y, **(fit_params or {}))


def stopping(**fit_params):
    return fit(early_stopping=True, fit_params=fit_params)


ERRORS = {
    "wrong number of columns": (
        lambda: fit(FRAME.to_numpy()).predict(np.zeros((2, 5))),
        ValueError,
        "X has 5 features, but DualPathCNNClassifier is expecting 4",
    ),
    "renamed columns": (
        lambda: fit().predict(FRAME.rename(columns={"a": "z"})),
        ValueError,
        "feature names should match",
    ),
    "reordered columns": (
        lambda: fit().predict(FRAME[list("dcba")]),
        ValueError,
        "must be in the same order",
    ),
    "text in a numeric column": (
        lambda: fit(FRAME.astype(object).assign(a="high")),
        ValueError,
        "could not convert string to float: 'high'",
    ),
    "infinity": (lambda: fit(FRAME.assign(a=np.inf)), ValueError, "X contains infinity"),
    "missing value": (lambda: fit(FRAME.assign(a=np.nan)), ValueError, "X contains NaN"),
    "zero rows": (lambda: fit(FRAME[:0], LABELS[:0]), ValueError, "0 sample"),
    "zero rows to predict": (lambda: fit().predict(FRAME[:0]), ValueError, "0 sample"),
    "zero columns": (lambda: fit(np.zeros((8, 0))), ValueError, "0 feature"),
    "one row": (lambda: fit(FRAME[:1], [0]), HeadError, "one class only, 0"),
    "one class": (lambda: fit(y=LABELS * 0), HeadError, "'head_0' has one class only, 0"),
    "one class in a head": (
        lambda: fit(y=pd.DataFrame({"health": LABELS, "cyber": "normal"})),
        HeadError,
        "'cyber' has one class only, 'normal'.*choose folds",
    ),
    "head without a label": (
        lambda: fit(y=pd.DataFrame({"health": LABELS, "cyber": MISSING})),
        HeadError,
        "'cyber' has no label in any row.*choose folds",
    ),
    "no label at all": (lambda: fit(y=MISSING), HeadError, "no label in any row"),
    "text among numbers": (lambda: fit(y=[0, "a"] * 4), HeadError, "mixes text and numbers"),
    "continuous target": (lambda: fit(y=LABELS + 0.25), ValueError, "label type.*continuous"),
    "y of three dimensions": (lambda: fit(y=WINDOWS), HeadError, r"shape \(8, 4, 2\)"),
    "too few labels": (lambda: fit(y=LABELS[:7]), ValueError, "inconsistent numbers of samples"),
    "class missing from the fold": (
        lambda: stopping(X_val=FRAME[:2], y_val=[0, 2]),
        HeadError,
        r"label\(s\) \[2\] that are not among its classes \[0, 1\]",
    ),
    "other heads in y_val": (
        lambda: stopping(X_val=FRAME, y_val=TWO),
        HeadError,
        r"y has 2 column\(s\), expected 1",
    ),
    "X_val alone": (lambda: stopping(X_val=FRAME), HeadError, "Only one of X_val and y_val"),
    "y_val alone": (lambda: stopping(y_val=LABELS), HeadError, "Only one of X_val and y_val"),
    "y_val without labels": (
        lambda: stopping(X_val=FRAME, y_val=MISSING),
        HeadError,
        "y_val has no label of a head",
    ),
    "one group": (
        lambda: stopping(groups=np.zeros(8)),
        HeadError,
        r"1 distinct row\(s\) or group\(s\).*X_val and y_val, or set early_stopping=False",
    ),
    "too few groups": (
        lambda: stopping(groups=np.arange(7)),
        ValueError,
        "inconsistent numbers of samples",
    ),
    "negative weight": (
        lambda: fit(fit_params={"sample_weight": -np.ones(8)}),
        ValueError,
        "Negative values",
    ),
    "weights of another shape": (
        lambda: fit(fit_params={"sample_weight": np.ones((8, 3))}),
        HeadError,
        r"sample_weight has shape \(8, 3\), expected \(8,\)",
    ),
    "class weights for other heads": (
        lambda: fit(class_weight=["balanced", None]),
        HeadError,
        "class_weight has 2 entries, expected one per head",
    ),
    "3-D where 2-D was fitted": (
        lambda: fit(FRAME.to_numpy()).predict(WINDOWS),
        ArchitectureError,
        r"rows of shape \(4, 2\), expected \(4,\) as in fit",
    ),
    "2-D where 3-D was fitted": (
        lambda: fit(WINDOWS).predict(WINDOWS[:, :, 0]),
        ArchitectureError,
        r"rows of shape \(4,\), expected \(4, 2\) as in fit",
    ),
    "other channels": (
        lambda: fit(WINDOWS).predict(WINDOWS[:, :, :1]),
        ArchitectureError,
        r"rows of shape \(4, 1\), expected \(4, 2\)",
    ),
    "four dimensions": (
        lambda: fit(WINDOWS[..., None]),
        ArchitectureError,
        r"X has shape \(8, 4, 2, 1\), expected \(n, n_features\) or",
    ),
    "kernel longer than the signal": (
        lambda: fit(kernel_size=7),
        ArchitectureError,
        "kernel_size=7 is longer than the signal of 4 step",
    ),
    "even kernel": (lambda: fit(kernel_size=2), ArchitectureError, "kernel_size=2 is even"),
    "nothing left to pool": (
        lambda: fit(conv_channels=(2, 2, 2)),
        ArchitectureError,
        "longer than the signal of 1 step",
    ),
    "channels that are no number": (
        lambda: fit(conv_channels=(0,)),
        ArchitectureError,
        "expected whole numbers of 1 or more",
    ),
    "an architecture that is not there": (
        lambda: fit(architecture="huge"),
        ValueError,
        "must be a str among {'(compact', 'paper|paper', 'compact)'}. Got 'huge'",
    ),
    "GPU where there is none": (
        lambda: fit(device="cuda:99"),
        DeviceError,
        'was asked for, but torch cannot use it.*device="cpu"',
    ),
    "no device": (lambda: fit(device="gpu"), DeviceError, "'gpu' is not a torch device"),
    "diverged": (
        lambda: fit(lr=1e30, max_epochs=20),
        DivergenceError,
        "expected a finite number. Try a smaller lr",
    ),
    "labels that partial_fit does not know": (
        lambda: classifier().partial_fit(FRAME, LABELS, classes=[1, 2]),
        HeadError,
        r"label\(s\) \[0\] that are not among its classes \[1, 2\]",
    ),
    "classes for other heads": (
        lambda: classifier().partial_fit(FRAME, TWO, classes=[[0, 1]]),
        HeadError,
        "classes has 1 entries, expected one array of labels per head",
    ),
    "scored without labels": (lambda: fit().score(FRAME, MISSING), HeadError, "has no label"),
    "scored with other heads": (lambda: fit().score(FRAME, TWO), HeadError, "same shape"),
} | {
    f"{name}={value!r}": (
        lambda name=name, value=value: fit(**{name: value}),
        ValueError,
        f"'{name}' parameter of DualPathCNNClassifier must be",
    )
    for name, value in [
        ("conv_channels", 8),
        ("kernel_size", 0),
        ("residual_blocks", -1),
        ("activation", "tanh"),
        ("pool_size", 0),
        ("conv_dropout", 1.0),
        ("dense_units", 0),
        ("dense_dropout", -0.1),
        ("sharing", "some"),
        ("lr", 0.0),
        ("weight_decay", -1.0),
        ("batch_size", 1),
        ("max_epochs", 0),
        ("early_stopping", "yes"),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("tol", -1.0),
        ("class_weight", "fair"),
        ("warm_start", "yes"),
        ("callbacks", 3),
        ("device", None),
        ("verbose", "loud"),
        ("random_state", "seed"),
    ]
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_says_what_was_got_and_expected(name):
    action, error, message = ERRORS[name]
    with pytest.raises(error, match=message):
        action()


def test_swapped_label_columns_score_the_same(X, health):
    y = pd.DataFrame({"health": health, "cyber": X[:, 2] > 0.5})
    fitted = classifier().fit(X, y)
    assert fitted.score(X, y[["cyber", "health"]]) == fitted.score(X, y)


def test_warm_start_takes_changed_parameters(X, health):
    fitted = classifier(warm_start=True).fit(X, health)
    fitted.set_params(lr=1e-12).fit(X, health)
    before = [weights.detach().clone() for weights in fitted.net_.module_.parameters()]
    fitted.fit(X, health)
    after = [weights.detach() for weights in fitted.net_.module_.parameters()]
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


def test_partial_fit_refuses_other_classes_later(X, health):
    fitted = classifier().partial_fit(X, health, classes=["normal", "hypoxia"])
    with pytest.raises(HeadError, match="as at the first call"):
        fitted.partial_fit(X, health, classes=["normal", "hypoxia", "sepsis"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sharing": "none"}, "changed: sharing to 'none'; expected the same"),
        ({"dense_units": 9}, "changed: dense_units from 6 to 9; .* with warm_start=False"),
        ({"conv_channels": [4, 4]}, r"changed: conv_channels from \(4,\) to \[4, 4\]"),
        ({"conv_dropout": 0.5, "architecture": "compact"}, "conv_dropout from .* to 0.5"),
    ],
)
def test_networks_that_are_built_go_on_only_as_they_are(X, y, changed, message):
    fitted = classifier(warm_start=True).fit(X, y).set_params(**changed)
    before = probabilities(fitted, X)
    for go_on in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ArchitectureError, match=message):
            go_on(X, y)
    np.testing.assert_array_equal(probabilities(fitted, X), before)
    new = fitted.set_params(warm_start=False).fit(X, y)
    assert_same_model(new, classifier(**changed).fit(X, y), X)


def test_one_head_goes_on_with_any_sharing_and_the_same_shape_in_other_words(X, health):
    fitted = classifier(warm_start=True).fit(X, health)
    fitted.set_params(sharing="none", conv_channels=[4], kernel_size=PAPER["kernel_size"])
    assert fitted.fit(X, health).history_["epoch"].tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("changed", "given"),
    [
        ({}, {"sample_weight": np.ones(N - 1)}),
        ({"class_weight": ["balanced"]}, {}),
        ({"early_stopping": True}, {"groups": np.arange(N - 1)}),
        ({"early_stopping": True}, {"X_val": np.zeros((3, 2)), "y_val": np.zeros((3, 2))}),
        ({"teacher": LogisticRegression()}, {"groups": np.arange(N - 1)}),
        ({"lr": 1e30, "max_epochs": 20}, {}),
        ({"kernel_size": 99}, {}),
    ],
    ids=["weights", "class weights", "groups", "watched", "teacher", "divergence", "kernel"],
)
def test_a_failed_fit_changes_nothing(X, y, changed, given):
    new = classifier(**changed)
    with pytest.raises((ValueError, DivergenceError)):
        new.fit(X, y, **given)
    assert vars(new) == vars(classifier(**changed))
    old = classifier().fit(X[:, :6], y[:, 0])
    before = vars(old.set_params(**changed)).copy()
    with pytest.raises((ValueError, DivergenceError)):
        old.fit(X, y, **given)
    assert vars(old).keys() == before.keys()
    assert all(vars(old)[name] is value for name, value in before.items())
    assert old.predict(X[:, :6]).shape == (N,)


def test_a_failed_first_part_can_be_given_again(X, y):
    clf, classes = classifier(), [["hypoxia", "normal"], ["dos", "normal", "spoofing"]]
    with pytest.raises(HeadError, match="not among its classes"):
        clf.partial_fit(X, y, classes=[classes[0], ["normal", "DOS"]])
    with pytest.raises(NotFittedError):
        clf.predict(X)
    clf.partial_fit(X, y, classes=[[*classes[0], "sepsis"], classes[1]])
