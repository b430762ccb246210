import numpy as np
import pytest
import torch
from sklearn.base import clone

from skdualcnn import DualPathCNNClassifier
from skdualcnn.network._adversarial import AdversarialTraining, log_odds_gradient


@pytest.fixture(scope="module")
def data():
    X = np.random.default_rng(0).random((120, 8)).astype(np.float32)
    y = np.column_stack([X[:, 1] * 3, X[:, 6] > 0.5]).astype(int)
    return X, y


class Seen(AdversarialTraining):
    """Remembers the batches before and after they were moved, and their losses."""

    def on_batch_begin(self, net, batch=None, training=False, **kwargs):
        before, loss = batch[0].clone(), _loss(net, batch)
        super().on_batch_begin(net, batch=batch, training=training, **kwargs)
        self.moves_ = [*getattr(self, "moves_", []), (training, before, batch[0].clone())]
        self.losses_ = [*getattr(self, "losses_", []), (loss, _loss(net, batch))]


def _loss(net, batch):
    with torch.no_grad():
        return float(net.criterion_(net.module_.eval()(batch[0]), batch[1]))


def network(**parameters):
    settings = {"lr": 0.01, "max_epochs": 2, "random_state": 0, **parameters}
    return DualPathCNNClassifier(**settings)


def moves(clf):
    return next(one for _, one in clf.net_.callbacks_ if isinstance(one, Seen)).moves_


def test_the_gradient_is_that_of_differences(data):
    X, y = data
    net = network().fit(X, y).net_
    signals = torch.from_numpy(X[:5])[:, None, :]
    found = log_odds_gradient(net, signals, head=0, normal=1)
    module = net.module_.eval().double()
    try:
        with torch.no_grad():
            for column in range(8):
                step = torch.zeros(1, 1, 8, dtype=torch.float64)
                step[..., column] = 1e-6
                odds = []
                for moved in (signals + step, signals - step):
                    p = module(moved)[0].softmax(dim=1)[:, 1]
                    odds.append(torch.log((1 - p) / p))
                slope = ((odds[0] - odds[1]) / 2e-6).numpy()
                np.testing.assert_allclose(found[:, 0, column], slope, rtol=1e-3, atol=1e-4)
    finally:
        module.float()


def test_batches_move_uphill_within_epsilon_and_the_data_stay(data):
    X, y = data
    before = X.copy()
    epsilon = np.r_[np.zeros(4), np.full(4, 0.1)]
    clf = network(callbacks=[Seen(epsilon)]).fit(X, y)
    np.testing.assert_array_equal(X, before)
    for training, plain, moved in moves(clf):
        assert training
        difference = moved - plain
        assert (difference[..., :4] == 0).all()
        assert -0.1 - 1e-6 <= difference.min() < 0 < difference.max() <= 0.1 + 1e-6
    (callback,) = (one for _, one in clf.net_.callbacks_ if isinstance(one, Seen))
    assert all(after > before for before, after in callback.losses_)


def test_rows_that_early_stopping_watches_stay(data):
    X, y = data
    clf = network(callbacks=[Seen(0.1)], early_stopping=True).fit(X, y)
    watched = [moved - plain for training, plain, moved in moves(clf) if not training]
    assert watched
    assert all((one == 0).all() for one in watched)


def test_windows_have_an_epsilon_per_channel():
    rng = np.random.default_rng(0)
    X = rng.random((60, 6, 2)).astype(np.float32)
    clf = network(callbacks=[Seen([0.0, 0.1])]).fit(X, X[:, 0, 1] > 0.5)
    for _, plain, moved in moves(clf):
        assert (moved[:, 0] == plain[:, 0]).all()
        assert (moved[:, 1] != plain[:, 1]).any()


def test_training_repeats_itself_and_clones(data):
    X, y = data
    clf = network(callbacks=[AdversarialTraining(np.full(8, 0.1), n_iter=2)])
    first, second = clf.fit(X, y).predict_proba(X), clone(clf).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(first[0], second[0])


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (AdversarialTraining(-0.1), "finite number of 0 or more"),
        (AdversarialTraining(np.nan), "finite number of 0 or more"),
        (AdversarialTraining(0.1, n_iter=0), "expected 1 or more"),
        (AdversarialTraining([0.1, 0.2]), "epsilon has 2 numbers, expected 8"),
    ],
)
def test_what_is_refused(data, callback, message):
    X, y = data
    with pytest.raises(ValueError, match=message):
        network(callbacks=[callback]).fit(X, y)
