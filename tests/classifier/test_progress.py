import pickle

import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from skorch.callbacks import Callback, EpochScoring

from skdualcnn.exceptions import DivergenceError


class InterruptAt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_a_loss_that_is_not_finite_stops_with_an_error(classifier, X, y, sharing):
    clf = classifier(sharing=sharing, lr=1e30, max_epochs=20)
    with pytest.raises(DivergenceError, match=r"loss is (nan|inf) in epoch \d+.*now 1e\+30"):
        clf.fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize("epoch", [1, 3, 4])
def test_the_keyboard_leaves_a_usable_estimator(
    classifier, assert_same_model, X, y, epoch, sharing, early_stopping
):
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
    assert clf.predict(X).shape == (len(X), 2)
    assert len(clf.history_) == epoch - 1
    again = pickle.loads(pickle.dumps(clf))
    assert_same_model(clf, again, X)


def test_callbacks_of_skorch_are_called_and_not_shared_between_clones(classifier, X, health):
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


def test_a_bar_is_shown_when_asked_for(classifier, assert_same_model, X, health, capsys):
    classifier().fit(X, health)
    assert capsys.readouterr() == ("", "")
    clf = classifier(verbose=1).fit(X, health)
    out, err = capsys.readouterr()
    assert out == ""
    assert "2/2 epochs" in err
    assert_same_model(clf, pickle.loads(pickle.dumps(clf)), X)


def test_the_history_is_a_row_per_epoch(classifier, X, y):
    history = classifier(early_stopping=True).fit(X, y).history_
    assert list(history["epoch"]) == [1, 2]
    curves = {"train_loss", "valid_loss"} | {
        f"{part}_accuracy_head_{head}" for part in ("train", "valid") for head in (0, 1)
    }
    assert set(history) == {"epoch", "path"} | curves
    accuracies = history[[name for name in history if "accuracy" in name]]
    assert accuracies.min(axis=None) >= 0
    assert accuracies.max(axis=None) <= 1
