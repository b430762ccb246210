import pytest

from skdualcnn import DualPathCNNClassifier
from skdualcnn.exceptions import FederationError
from skdualcnn.federated import serve_federation


def test_a_network_that_cannot_be_trained_is_refused_before_the_sites_are_waited_for():
    with pytest.raises(FederationError, match="cannot be trained: The 'lr' parameter"):
        serve_federation("127.0.0.1:9092", n_sites=3, classifier=DualPathCNNClassifier(lr=-1))
