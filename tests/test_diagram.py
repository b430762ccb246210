"""The classifier in scikit-learn's HTML diagrams."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skdualcnn import DualPathCNNClassifier

X = np.random.default_rng(0).random((40, 6))
Y = (X[:, :2] > 0.5).astype(int)


@pytest.mark.parametrize(("sharing", "trunks"), [("trunk", 1), ("none", 2)])
def test_layers_and_heads_are_drawn(sharing, trunks):
    network = DualPathCNNClassifier(max_epochs=1, sharing=sharing, random_state=0)
    page = make_pipeline(MinMaxScaler(), network).fit(X, Y)._repr_html_()
    assert page.count("1-D CNN: ") == trunks
    assert "Conv1d(1, 64, kernel_size=(3,)" in page
    assert "head: head_0" in page
    assert "head: head_1" in page
    assert "softmax over 2 classes" in page


def test_global_pooling_is_drawn():
    network = DualPathCNNClassifier(max_epochs=1, global_pooling=True, random_state=0)
    assert "GlobalPooling()" in network.fit(X, Y)._repr_html_()


def test_an_unfitted_classifier_is_a_plain_box():
    page = DualPathCNNClassifier(dense_units=77)._repr_html_()
    assert "77" in page
    assert "1-D CNN" not in page
