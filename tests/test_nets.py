import numpy as np
import pytest

from skdualcnn import DualPathCNNClassifier
from skdualcnn._labels import Heads, Labels
from skdualcnn._nets import assign_heads, build_nets


@pytest.fixture(scope="module")
def heads():
    y = np.column_stack([np.arange(12) % 2, np.arange(12) % 3])
    return Heads.from_labels(Labels.read(y))


def test_one_net_for_all_heads_or_one_for_each():
    assert assign_heads(3, "trunk") == [[0, 1, 2]]
    assert assign_heads(3, "none") == [[0], [1], [2]]


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_every_net_has_the_shape_of_the_architecture(heads, sharing):
    parameters = DualPathCNNClassifier(
        architecture="compact", sharing=sharing, dense_units=5
    ).get_params()
    nets = build_nets(parameters, (1, 200), heads, seed=0)
    outputs = [[head.out_features for head in net.module_.heads] for net in nets]
    assert outputs == ([[2, 3]] if sharing == "trunk" else [[2], [3]])
    for net in nets:
        assert len(net.module_.blocks) == 3
        assert net.module_.dense.in_features == 20 * 25
        assert net.module_.dense.out_features == 5
