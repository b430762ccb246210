import numpy as np
import pytest
import torch

from skdualcnn import DualPathCNNClassifier
from skdualcnn.network._frozen import FrozenNetworks
from skdualcnn.network._training import predict_logits


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_answers_are_those_of_the_nets_as_they_were(sharing):
    X = np.random.default_rng(0).random((1500, 6)).astype(np.float32)
    y = (X[:, :2] > 0.5).astype(int)
    clf = DualPathCNNClassifier(
        conv_channels=(4,), dense_units=6, max_epochs=1, sharing=sharing, random_state=0
    ).fit(X[:200], y[:200])
    frozen = FrozenNetworks(clf.nets_)
    signals = torch.from_numpy(X)[:, None, :]
    wanted = [logits for net in clf.nets_ for logits in predict_logits(net, signals)]
    clf.partial_fit(X[:200], y[:200])
    for rows in (slice(0, 1), slice(5, 8), slice(None)):
        for got, head in zip(frozen(X[rows, :, None]), wanted, strict=True):
            np.testing.assert_allclose(got, head[rows], atol=1e-6)
