"""A teacher answers for rows it has not seen, and the network learns from it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler

import skdualcnn
from skdualcnn import DualPathCNNClassifier
from skdualcnn._fitting import Rows, split_for_early_stopping
from skdualcnn._labels import Heads
from skdualcnn._teaching import teach


class Memory(ClassifierMixin, BaseEstimator):
    """Knows the rows that it was fitted on by heart; says one half of any other."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.known_ = {row.tobytes(): label for row, label in zip(X, y, strict=True)}
        return self

    def predict_proba(self, X):
        answers = np.full((len(X), len(self.classes_)), 0.5)
        for i, row in enumerate(X):
            if row.tobytes() in self.known_:
                answers[i] = self.classes_ == self.known_[row.tobytes()]
        return answers


class FirstColumn(ClassifierMixin, BaseEstimator):
    """Is sure of a rule of its own, whatever the labels say."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        high = X[:, 0] > 0.5
        return np.column_stack([~high, high]).astype(float)


FOLLOWER = DualPathCNNClassifier(
    kernel_size=1,
    pool_size=1,
    lr=3e-3,
    max_epochs=20,
    teacher=FirstColumn(),
    teacher_weight=1.0,
    random_state=0,
)


def make_rows(X, codes):
    codes = np.asarray(codes, dtype=np.int64)
    return Rows(X.astype(np.float32), codes, (codes >= 0).astype(float))


def ask(teacher, rows, groups=None, *, teacher_weight=1.0, seed=0):
    return teach_rows(teacher, rows, groups, teacher_weight=teacher_weight, seed=seed).targets


def teach_rows(
    teacher,
    rows,
    groups=None,
    *,
    missing=None,
    teacher_weight=1.0,
    recombined_rows=0,
    seed=0,
):
    heads = tuple(f"head_{i}" for i in range(rows.codes.shape[1]))
    classes = tuple(np.arange(column.max() + 1) for column in rows.codes.T)
    return teach(
        teacher,
        rows,
        np.zeros(rows.codes.shape) if missing is None else missing,
        Heads(heads, classes, len(heads) == 1),
        groups,
        teacher_weight=teacher_weight,
        recombined_rows=recombined_rows,
        seed=seed,
    )


def ask_about_unlabelled(teacher, X, codes, groups=None):
    taught = teach_rows(teacher, make_rows(X, codes), groups, missing=(codes < 0).astype(float))
    return taught.targets[0][len(X) :]


@pytest.fixture
def rows():
    rng = np.random.default_rng(0)
    return make_rows(rng.random((60, 3)), rng.integers(0, 2, (60, 1)))


def test_the_teacher_has_not_seen_the_rows_it_answers_for(rows):
    (target,) = ask(Memory(), rows)
    assert target.dtype == np.float32
    assert_array_equal(target, np.full((60, 2), 0.5))


def test_equal_rows_and_rows_of_one_group_stay_together(rows):
    twice = make_rows(np.tile(rows.X, (2, 1)), np.tile(rows.codes, (2, 1)))
    (target,) = ask(Memory(), twice)
    assert_array_equal(target, np.full((120, 2), 0.5))

    def of_group(X, groups):  # a teacher that would know the group by its second row
        return make_rows(np.column_stack([groups, groups]), X)

    groups = np.repeat(np.arange(20), 3)
    (target,) = ask(Memory(), of_group(rows.codes, groups), groups)
    assert_array_equal(target, np.full((60, 2), 0.5))


def test_two_groups_answer_for_each_other(rows):
    (target,) = ask(FirstColumn(), rows, np.arange(60) // 30)
    assert_array_equal(target[:, 1], rows.X[:, 0] > 0.5)


def test_the_label_keeps_its_share(rows):
    (target,) = ask(Memory(), rows, teacher_weight=0.4)
    assert_allclose(target[np.arange(60), rows.codes[:, 0]], 0.8)
    assert_allclose(target.sum(axis=1), 1)


def test_each_head_is_taught_on_its_labelled_rows(rows):
    codes = np.column_stack([rows.codes[:, 0], 1 - rows.codes[:, 0]])
    codes[:20, 0] = codes[40:, 1] = -1
    health, cyber = ask(LogisticRegression(), make_rows(rows.X, codes))
    assert_array_equal(health[:20], 0)
    assert_array_equal(cyber[40:], 0)
    assert_allclose(health[20:].sum(axis=1), 1, rtol=1e-6)
    alone = ask(LogisticRegression(), make_rows(rows.X[20:], codes[20:, :1]))[0]
    assert_allclose(health[20:], alone, rtol=1e-6)


def test_where_a_label_is_missing_the_teacher_speaks_alone(rows):
    codes = rows.codes.copy()
    codes[40:] = -1
    missing = np.where(codes < 0, 3.0, 0.0)
    missing[50:] = 0  # rows of no weight
    taught = teach_rows(FirstColumn(), make_rows(rows.X, codes), missing=missing)
    assert_array_equal(taught.made_of, np.arange(40, 50))
    assert_array_equal(taught.X[60:], rows.X[40:50])
    assert_array_equal(taught.targets[0][60:, 1], rows.X[40:50, 0] > 0.5)
    assert_array_equal(taught.codes[60:, 0], rows.X[40:50, 0] > 0.5)
    assert_array_equal(taught.weights[:, 0], [1] * 40 + [0] * 20 + [3] * 10)


def test_clones_answer_for_unlabelled_rows_on_average(rows):
    codes = rows.codes.copy()
    codes[50:] = -1
    (said,) = ask(DummyClassifier(), make_rows(rows.X[:50], codes[:50]))
    assert len(np.unique(said, axis=0)) > 1
    unlabelled = ask_about_unlabelled(DummyClassifier(), rows.X, codes)
    assert_allclose(unlabelled, np.tile(said.mean(axis=0), (10, 1)), rtol=1e-6)


@pytest.mark.parametrize("grouped", [False, True])
def test_no_clone_answers_for_a_row_that_belongs_with_those_it_has_learnt(rows, grouped):
    X, codes = np.tile(rows.X, (2, 1)), np.tile(rows.codes, (2, 1))
    codes[60:] = -1
    if grouped:
        assert_array_equal(
            ask_about_unlabelled(Memory(), X, codes, np.tile(np.arange(60) // 3, 2)),
            np.full((60, 2), 0.5),
        )
        # Of other groups, equal as the rows are, those clones answer that know them by heart.
        known = ask_about_unlabelled(Memory(), X, codes, np.arange(120) // 3)
        assert_allclose(known[np.arange(60), rows.codes[:, 0]], 0.9, rtol=1e-6)
    else:
        assert_array_equal(ask_about_unlabelled(Memory(), X, codes), np.full((60, 2), 0.5))


def test_a_row_without_label_and_weight_is_as_if_it_were_not_there(rows):
    y = rows.codes[:, 0].astype(float)
    y[40:] = np.nan
    weight = np.where(np.isnan(y), 0.0, 1.0)
    network = DualPathCNNClassifier(teacher=LogisticRegression(), max_epochs=2, random_state=0)
    without = clone(network).fit(rows.X[:40], y[:40]).predict_proba(rows.X)
    weightless = clone(network).fit(rows.X, y, sample_weight=weight).predict_proba(rows.X)
    assert_allclose(weightless, without, atol=1e-6)
    assert np.abs(network.fit(rows.X, y).predict_proba(rows.X) - without).max() > 1e-4


def test_unlabelled_rows_help_the_network_to_follow_its_teacher():
    rng = np.random.default_rng(0)
    X, unseen = rng.random((1000, 8)), rng.random((2000, 8))
    y = rng.integers(0, 2, 1000).astype(float)  # nothing to learn
    y[60:] = np.nan
    rule = unseen[:, 0] > 0.5
    few, many = (
        (clone(FOLLOWER).fit(X[:n], y[:n]).predict(unseen) == rule).mean() for n in (60, 1000)
    )
    assert many > max(few + 0.05, 0.9)


def test_a_random_teacher_is_seeded(rows):
    forest = RandomForestClassifier(5)
    first, again, other = (ask(forest, rows, seed=seed)[0] for seed in (0, 0, 1))
    assert_array_equal(first, again)
    assert (first != other).any()
    assert forest.random_state is None


def test_of_a_class_in_one_group_the_label_counts(rows):
    codes = rows.codes.copy()
    codes[:3] = 2
    groups = np.repeat(np.arange(20), 3)
    (target,) = ask(LogisticRegression(), make_rows(rows.X, codes), groups)
    assert_array_equal(target[:3], [[0, 0, 1]] * 3)
    assert ((target[3:, :2] > 0) & (target[3:, :2] < 1)).all()


def test_two_classes_in_a_group_each_leave_the_labels(rows):
    (target,) = ask(Memory(), rows, rows.codes[:, 0])
    assert_array_equal(target, np.eye(2)[rows.codes[:, 0]])


def test_a_row_of_each_class_is_too_little_to_ask_about(rows):
    (target,) = ask(Memory(), make_rows(rows.X[:2], [[0], [1]]))
    assert_array_equal(target, np.eye(2))


@pytest.mark.parametrize("shape", [(400, 6), (400, 3, 2)])
def test_the_network_learns_what_the_teacher_says(shape):
    rng = np.random.default_rng(0)
    X = rng.random(shape)
    y = rng.integers(0, 2, len(X))  # nothing to learn
    rule = X.reshape(len(X), -1)[:, 0] > 0.5
    network = DualPathCNNClassifier(
        lr=1e-2,
        max_epochs=15,
        teacher=FirstColumn(),
        teacher_weight=1.0,
        random_state=0,
    )
    taught = network.fit(X, y).predict(X)
    assert (taught == rule).mean() > 0.9
    untaught = clone(network).set_params(teacher=None).fit(X, y).predict(X)
    assert (untaught == rule).mean() < 0.7


def test_heads_apart_are_taught_apart(rows):
    y = np.column_stack([rows.codes[:, 0], 1 - rows.codes[:, 0]])
    parameters = {"teacher": LogisticRegression(), "max_epochs": 2, "random_state": 0}
    both = DualPathCNNClassifier(sharing="none", **parameters).fit(rows.X, y)
    health, cyber = both.predict_proba(rows.X)
    assert health.shape == cyber.shape == (60, 2)
    alone = DualPathCNNClassifier(**parameters).fit(rows.X, y[:, 0])
    assert_array_equal(health, alone.predict_proba(rows.X))


def test_early_stopping_watches_taught_rows(rows):
    network = DualPathCNNClassifier(
        teacher=FirstColumn(), teacher_weight=1.0, early_stopping=True, max_epochs=3, random_state=0
    ).fit(rows.X, rows.codes[:, 0], groups=np.arange(60) // 2)
    assert network.history_["valid_loss"].notna().all()


VOTERS = VotingClassifier(
    [("linear", LogisticRegression()), ("boosted", HistGradientBoostingClassifier(max_iter=5))],
    voting="soft",
)
CURVES = make_pipeline(SplineTransformer(3), StandardScaler(), LogisticRegression())
OTHERS = VotingClassifier(
    [
        ("curves", CURVES),
        ("random", ExtraTreesClassifier(5)),
        ("forest", RandomForestClassifier(5)),
    ],
    voting="soft",
)


def test_voters_are_given_the_weights_and_seeded(rows):
    heavy = Rows(rows.X, rows.codes, rows.weights * (1 + 9 * rows.codes))
    alike, weighted = (ask(VOTERS, one)[0][:, 1].mean() for one in (rows, heavy))
    assert weighted > alike + 0.2
    forests = VotingClassifier([("forest", RandomForestClassifier(5))], voting="soft")
    assert_array_equal(ask(forests, rows)[0], ask(forests, rows)[0])


@pytest.mark.parametrize("teacher", [VOTERS, *dict(VOTERS.estimators).values(), CURVES, OTHERS])
def test_saved_with_its_teacher(rows, tmp_path, teacher):
    network = DualPathCNNClassifier(teacher=teacher, max_epochs=1, random_state=0)
    network.fit(rows.X, rows.codes[:, 0])
    loaded = skdualcnn.load(skdualcnn.save(network, tmp_path / "taught.skdualcnn"))
    assert_array_equal(loaded.predict_proba(rows.X), network.predict_proba(rows.X))
    assert repr(loaded.teacher) == repr(teacher)


def test_boosted_trees_teach_although_a_class_has_a_single_row():
    rng = np.random.default_rng(0)
    X = rng.random((13_000, 1))  # on four fifths of these, trees hold rows out by class
    codes = (X > 0.5).astype(int)
    codes[0] = 2
    (target,) = ask(HistGradientBoostingClassifier(max_iter=2), make_rows(X, codes))
    assert_array_equal(target[0], [0, 0, 1])
    assert (target[1:, 2] == 0).all()
    assert_allclose(target.sum(axis=1), 1, rtol=1e-6)


def test_recombined_rows_are_made_of_rows_of_one_fold(rows):
    groups = np.arange(60) // 3
    taught = teach_rows(Memory(), rows, groups, recombined_rows=4)
    made, base = taught.X[60:], taught.X[taught.made_of]
    assert len(made) == len(taught.made_of) == 240
    assert_array_equal(np.bincount(taught.made_of), np.full(60, 4))
    own = made == base
    assert 0.6 < own.mean() < 0.9
    assert np.isin(made, rows.X).all()
    # A clone that had seen any part of them would not say one half of the unchanged ones.
    assert_array_equal(taught.targets[0], np.full((300, 2), 0.5))


def test_recombined_windows_keep_each_channel_whole():
    rng = np.random.default_rng(0)
    windows = make_rows(rng.random((40, 3, 5)), rng.integers(0, 2, (40, 1)))
    taught = teach_rows(FirstColumn(), windows, recombined_rows=2)
    same = (taught.X[40:] == taught.X[taught.made_of]).mean(axis=1)
    assert set(np.unique(same)) == {0.0, 1.0}


def test_a_recombined_row_teaches_one_head_what_the_teacher_says(rows):
    codes = np.column_stack([rows.codes[:, 0], 1 - rows.codes[:, 0]])
    codes[:20, 0] = -1
    taught = teach_rows(FirstColumn(), make_rows(rows.X, codes), recombined_rows=1)
    assert len(taught.X) == 60 + 40 + 60
    made = slice(60, None)
    assert ((taught.codes[made] >= 0).sum(axis=1) == 1).all()
    assert_array_equal(taught.codes[made] >= 0, taught.weights[made] > 0)
    health = np.flatnonzero(taught.codes[:, 0] >= 0)[40:]
    assert_array_equal(taught.targets[0][health, 1] > 0.5, taught.X[health, 0] > 0.5)
    assert_array_equal(taught.made_of[:40].min(), 20)


@pytest.mark.parametrize("groups", [None, np.arange(60) // 2])
def test_rows_made_of_a_row_that_is_watched_are_left_out(groups):
    rng = np.random.default_rng(0)  # so many columns that no two rows become equal
    rows = make_rows(rng.random((60, 30)), rng.integers(0, 2, (60, 1)))
    taught = teach_rows(FirstColumn(), rows, groups, recombined_rows=3)
    visits = taught.plan([np.ones(2)])
    training, watched = split_for_early_stopping(
        taught, visits, groups, 0.25, np.random.RandomState(0)
    )
    assert watched.rows.max() < 60
    assert 10 <= len(watched.rows) == len(np.unique(watched.rows)) <= 20
    assert not np.isin(taught.given()[training.rows], watched.rows).any()
    assert len(training.rows) == 4 * (60 - len(watched.rows))


def test_recombined_rows_teach_what_the_given_ones_do_not_show():
    rng = np.random.default_rng(0)
    X, unseen = rng.random((60, 8)), rng.random((2000, 8))
    y = rng.integers(0, 2, 60)
    rule = unseen[:, 0] > 0.5
    few, many = (
        (clone(FOLLOWER).set_params(recombined_rows=n).fit(X, y).predict(unseen) == rule).mean()
        for n in (0, 20)
    )
    assert many > few + 0.02
    assert many > 0.9


def test_recombined_rows_are_the_same_for_the_same_seed(rows):
    first, again, other = (
        teach_rows(FirstColumn(), rows, recombined_rows=2, seed=seed).X for seed in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert (first != other).any()
