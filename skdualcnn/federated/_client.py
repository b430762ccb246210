"""A site as Flower sees it.

Imported by `import_flower` only: Flower is an optional package.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from flwr.client import NumPyClient

from skdualcnn._decider import FusionDecider
from skdualcnn.exceptions import FederationError, SkdualcnnError
from skdualcnn.federated import _messages as say
from skdualcnn.federated._agreement import network_of
from skdualcnn.federated._summary import summarise
from skdualcnn.federated._weights import Arrays, read_arrays, replace_arrays

FEWEST_ROWS = 8  # of a batch: batch norm needs some


def batch_of_a_site(together: int, n_sites: int) -> int:
    """Return the rows of a site's batch, if all sites together shall see so many a step.

    With batches of that size at each site a round would have fewer steps than a pass over
    the rows in one place, and the model would be behind after as many.
    """
    return min(together, max(FEWEST_ROWS, together // n_sites))


def seed_of_pass(seed: int, site: str, number: int) -> int:
    """Return what the order of rows and the dropout of one pass at one site come from."""
    mixed = np.random.SeedSequence([seed, number, *site.encode()])
    return int(mixed.generate_state(1)[0] // 2)  # torch and scikit-learn both take 31 bits


class SiteClient(NumPyClient):
    """Trains the model of the federation on rows that stay here.

    Parameters
    ----------
    name : str
        Name of the site.
    data : DataFrame of shape (n, n_features)
        Its rows.
    target : DataFrame of shape (n, n_heads)
        Its labels.
    modalities : dict of str to list of str
        Columns of each modality.
    unpack : callable
        From the bytes of a model's file to the decider in it.
    """

    def __init__(
        self,
        name: str,
        data: pd.DataFrame,
        target: pd.DataFrame,
        modalities: Mapping[str, Sequence[str]],
        unpack: Callable[[bytes], FusionDecider],
    ) -> None:
        self.name, self.data, self.target, self.modalities = name, data, target, modalities
        self.unpack = unpack
        self.decider: FusionDecider | None = None
        self.finished = False
        self.error: SkdualcnnError | None = None
        self._features: Any = None
        self._labels: pd.DataFrame = target

    def get_properties(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Say the site's name and, if the server asks, what its columns are like."""
        summary = {"site": self.name}
        if config.get(say.WANTS_SUMMARY):
            summary = self._guarded(summarise, self.name, self.data, self.target, self.modalities)
        return {say.SITE: self.name, say.SUMMARY: json.dumps(summary)}

    def fit(
        self, parameters: Arrays, config: Mapping[str, Any]
    ) -> tuple[Arrays, int, dict[str, Any]]:
        """Train on the site's rows, from the weights of the server."""
        return self._guarded(self._train, parameters, config)

    def evaluate(
        self, parameters: Arrays, config: Mapping[str, Any]
    ) -> tuple[float, int, dict[str, Any]]:
        """Take the final weights; the zeros are a receipt and say nothing of the rows."""
        self._guarded(replace_arrays, network_of(self._model()), parameters)
        self.finished = True
        return 0.0, 0, {}

    def _train(
        self, parameters: Arrays, config: Mapping[str, Any]
    ) -> tuple[Arrays, int, dict[str, Any]]:
        if say.MODEL in config:
            self._begin(config[say.MODEL])
        network = network_of(self._model())
        replace_arrays(network, parameters)
        epochs, own = int(config[say.EPOCHS]), (network.batch_size, network.seed_)
        network.set_params(batch_size=batch_of_a_site(own[0], int(config[say.SITES])))
        for _ in range(epochs):
            # One seed for all would drop the same units at every site.
            network.seed_ = seed_of_pass(own[1], self.name, len(network.history_))
            network.partial_fit(self._features, self._labels)
        network.batch_size, network.seed_ = own  # the model's, for who goes on from it
        known = self._labels.notna()
        counts = {f"{say.ROWS_OF_HEAD}{head}": int(known[head].sum()) for head in known}
        loss = float(network.history_["train_loss"].iloc[-epochs:].mean())
        return read_arrays(network), int(known.any(axis=1).sum()), {**counts, say.LOSS: loss}

    def _begin(self, model: bytes) -> None:
        """Read the model, and the rows as its network will see them."""
        self.decider = self.unpack(model)
        heads = self.decider.head_names_
        labelled = self.target.columns[self.target.notna().any()]
        foreign = [head for head in labelled if head not in heads]
        if foreign:
            raise FederationError(
                f"Site {self.name!r} has labels of {foreign}, but the model has the heads {heads}. "
                "Leave those labels out, or start from a model that has them."
            )
        self._labels = self.target.reindex(columns=heads).astype(object)
        self._labels = self._labels.where(self._labels.notna(), None)
        if not self._labels.notna().any(axis=None):
            raise FederationError(
                f"Site {self.name!r} has no label of the heads {heads}, expected some. A site "
                "without labels has nothing to add."
            )
        self._features = self.decider.estimator_[:-1].transform(self.data)

    def _model(self) -> FusionDecider:
        if self.decider is None:
            raise FederationError("The server sent weights before a model. Start all of it again.")
        return self.decider

    def _guarded(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Keep the error that Flower would hide in a log, and end the connection."""
        try:
            return call(*arguments)
        except SkdualcnnError as error:
            self.error = error
            raise
        except Exception as error:  # whatever the rows make a preprocessor or torch raise
            self.error = FederationError(f"Site {self.name!r} cannot go on: {error}")
            raise self.error from error
