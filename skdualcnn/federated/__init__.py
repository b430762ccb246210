"""One model from the rows of several sites, which stay where they are."""

from skdualcnn.federated._privacy import epsilon_of_rounds
from skdualcnn.federated._server import Federation, Privacy, serve_federation
from skdualcnn.federated._site import join_federation

__all__ = [
    "Federation",
    "Privacy",
    "epsilon_of_rounds",
    "join_federation",
    "serve_federation",
]
