import copy

import numpy as np
import pytest
import torch
from scipy.special import softmax

from skdualcnn.network import DualPathNetwork
from skdualcnn.network._batches import plan_visits
from skdualcnn.network._imitation import imitate


@pytest.fixture
def network():
    torch.manual_seed(0)
    return DualPathNetwork(
        1, 6, [2, 3], conv_channels=(4,), dense_units=5, conv_dropout=0.0, dense_dropout=0.0
    )


def data(n=64):
    rng = np.random.default_rng(0)
    X = rng.random((n, 6)).astype(np.float32)
    return X, [softmax(X[:, :k] * 8, axis=1).astype(np.float64) for k in (2, 3)]


def learn(network, X, targets, weights=None, *, seed=0, lr=0.01, epochs=1):
    network = copy.deepcopy(network)
    weights = np.ones((len(X), 2)) if weights is None else weights
    visits = plan_visits(X, np.zeros(weights.shape, dtype=np.int64), weights)
    for _ in range(epochs):
        imitate(
            network,
            torch.from_numpy(X)[:, None],
            visits,
            targets,
            lr=lr,
            batch_size=16,
            seed=seed,
        )
    return network


def gap(network, X, targets):
    with torch.no_grad():
        answers = network.eval()(torch.from_numpy(X)[:, None])
    pairs = zip(answers, targets, strict=True)
    return float(np.mean([np.abs(a.softmax(1).numpy() - t).mean() for a, t in pairs]))


def weights_of(network):
    return torch.cat([parameter.detach().ravel() for parameter in network.parameters()])


def test_probabilities_are_learnt(network):
    X, targets = data()
    assert gap(learn(network, X, targets, epochs=40), X, targets) < gap(network, X, targets) / 2


def test_same_seed_same_weights_and_the_global_state_is_left_alone(network):
    X, targets = data()
    state = torch.get_rng_state()
    first, second, other = (learn(network, X, targets, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(weights_of(first), weights_of(second))
    assert not torch.equal(weights_of(first), weights_of(other))
    assert not first.training


def test_rows_are_a_set_with_weights(network):
    X, targets = data(24)
    weights = np.random.default_rng(0).integers(0, 3, (24, 1)) * np.ones((1, 2))
    order = np.random.default_rng(1).permutation(24)
    weighted = learn(network, X, targets, weights)
    shuffled = learn(network, X[order], [one[order] for one in targets], weights[order])
    times = weights[:, 0].astype(int)
    repeated = learn(network, X.repeat(times, 0), [one.repeat(times, 0) for one in targets])
    torch.testing.assert_close(weights_of(weighted), weights_of(shuffled))
    torch.testing.assert_close(weights_of(weighted), weights_of(repeated))


def test_a_head_without_weight_learns_nothing(network):
    X, targets = data()
    weights = np.ones((64, 2)) * [1, 0]
    learnt = learn(network, X, targets, weights)
    assert torch.equal(learnt.heads[1].weight, network.heads[1].weight)
    assert not torch.equal(learnt.heads[0].weight, network.heads[0].weight)
