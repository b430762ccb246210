import numpy as np
import pytest
from sklearn.metrics import log_loss
from skorch.callbacks import Callback


class NoteRows(Callback):
    def on_train_begin(self, net, X, **kwargs):
        self.trained_on_ = X.rows.numpy()
        self.watched_ = net.get_split_datasets(X)[1].rows.numpy()


def rows_of(clf):
    noted = dict(clf.net_.callbacks_)["NoteRows"]
    return noted.trained_on_, noted.watched_


def test_early_stopping_restores_the_best_epoch(classifier, X, y):
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


def test_a_tolerance_stops_early(classifier, X, health):
    clf = classifier(early_stopping=True, max_epochs=50, n_iter_no_change=2, tol=10.0)
    assert len(clf.fit(X, health).history_) == 3


def test_groups_are_held_out_whole(classifier, X, y):
    groups = np.repeat(["a", "b", "c", "d", "e"], len(X) // 5)
    clf = classifier(early_stopping=True, validation_fraction=0.4, callbacks=[NoteRows()])
    trained_on, watched = rows_of(clf.fit(X, y, groups=groups))
    assert not set(groups[trained_on]) & set(groups[watched])
    assert (len(set(groups[trained_on])), len(set(groups[watched]))) == (3, 2)
    assert len(trained_on) + len(watched) == len(X)


def test_without_groups_equal_rows_stay_on_one_side(classifier, X, health):
    clf = classifier(early_stopping=True, validation_fraction=0.3, callbacks=[NoteRows()])
    trained_on, watched = rows_of(clf.fit(np.repeat(X, 2, axis=0), np.repeat(health, 2)))
    assert not set(trained_on // 2) & set(watched // 2)
    assert len(set(watched)) == pytest.approx(0.3 * len(X), abs=1)


def test_a_large_validation_fraction_leaves_a_row_of_each_class(classifier, X):
    y = np.arange(len(X)) % 2
    clf = classifier(early_stopping=True, validation_fraction=0.99, max_epochs=1).fit(X, y)
    assert clf.history_["train_loss"].notna().all()
