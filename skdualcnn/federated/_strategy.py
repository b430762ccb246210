"""Federated averaging by Flower, head by head.

Imported by `import_flower` only: Flower is an optional package.
"""

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from flwr.common import (
    EvaluateIns,
    FitIns,
    FitRes,
    GetPropertiesIns,
    Parameters,
    ndarrays_to_parameters,
    parameters_to_ndarrays,
)
from flwr.server.client_manager import ClientManager
from flwr.server.client_proxy import ClientProxy
from flwr.server.strategy import DifferentialPrivacyServerSideFixedClipping, FedAvg
from flwr.server.strategy.aggregate import aggregate

from skdualcnn._decider import FusionDecider
from skdualcnn.exceptions import FederationError, SkdualcnnError
from skdualcnn.federated import _messages as say
from skdualcnn.federated._agreement import network_of
from skdualcnn.federated._summary import Summary
from skdualcnn.federated._weights import (
    ArrayOnTheWire,
    Arrays,
    check_arrays,
    list_arrays,
    read_arrays,
)


class HeadwiseFedAvg(FedAvg):
    """FedAvg in which a head is averaged over the sites that have labels of it.

    A site without labels of a head returns its weights as they came. FedAvg would count
    them, and so hold the head back; here they have weight zero, the trunk's have not.

    Errors are kept in `error`, and end the run in order: no site is left waiting.

    Parameters
    ----------
    n_sites : int
        Sites to wait for.
    start : callable
        From what the sites say of their columns to the decider that all start from.
    asks_columns : bool
        Whether the sites are asked for it; else each gives its name only.
    pack : callable
        From a decider to the bytes of its file.
    rounds, epochs : int
        Rounds, and passes over the rows of a site in each.
    patience : float
        Seconds to wait for the sites, and for each answer before the first round.
    equal_weights : bool
        Whether each site counts the same for every array, as differential privacy needs.
    on_round : callable or None
        Called with the round and its mean training loss.
    """

    def __init__(
        self,
        *,
        n_sites: int,
        start: Callable[[list[Summary]], FusionDecider],
        asks_columns: bool,
        pack: Callable[[FusionDecider], bytes],
        rounds: int,
        epochs: int,
        patience: float,
        equal_weights: bool,
        on_round: Callable[[int, float], None] | None = None,
    ) -> None:
        super().__init__(
            min_fit_clients=n_sites, min_evaluate_clients=n_sites, min_available_clients=n_sites
        )
        self.n_sites, self.rounds, self.epochs, self.patience = n_sites, rounds, epochs, patience
        self.start, self.pack, self.asks_columns = start, pack, asks_columns
        self.equal_weights, self.on_round = equal_weights, on_round
        self.wire = say.Wire()
        self.error: Exception | None = None
        self.decider: FusionDecider | None = None
        self.weights: Arrays = []
        self.expected: list[ArrayOnTheWire] = []
        self.history: list[dict[str, Any]] = []
        self.names: dict[str, str] = {}
        self._model, self._accepted = b"", 0
        self._began = time.monotonic()

    def initialize_parameters(self, client_manager: ClientManager) -> Parameters:
        """Wait for the sites, ask what they have, and return the first weights."""
        try:
            summaries = self._meet(client_manager)
            self.decider = self.start(summaries)
            network = network_of(self.decider)
            self.expected, self.weights = list_arrays(network), read_arrays(network)
            self._model = self.pack(self.decider)
        except Exception as error:  # a wrong parameter of the classifier among them
            self.error = error
        self._began = time.monotonic()
        return ndarrays_to_parameters(list(self.weights))

    def configure_fit(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, FitIns]]:
        """Tell each site what to do in a round; in the first, which model it is about."""
        config: dict[str, Any] = {say.EPOCHS: self.epochs, say.SITES: self.n_sites}
        if server_round == 1:
            config[say.MODEL] = self._model
        sites = self._sites(client_manager)
        for name, _ in sites:
            self._note_weights(server_round, name, parameters, to_site=True)
            if server_round == 1:
                self._note(1, name, True, "model: scales, classes, architecture", self._model)
        return [(proxy, FitIns(parameters, config)) for _, proxy in sites]

    def aggregate_fit(
        self,
        server_round: int,
        results: list[tuple[ClientProxy, FitRes]],
        failures: list[Any],
    ) -> tuple[Parameters | None, dict[str, Any]]:
        """Average each array over the sites that count for it."""
        if not self.accept(server_round, results, failures):
            return None, {}
        # By name: a sum of floats depends on the order of its terms.
        ordered = [one for _, one in sorted(results, key=lambda pair: self.names[pair[0].cid])]
        updates = [parameters_to_ndarrays(one.parameters) for one in ordered]
        averaged = [
            self._average(one, [arrays[i] for arrays in updates], ordered)
            for i, one in enumerate(self.expected)
        ]
        loss = say.weighted_mean(
            [float(one.metrics[say.LOSS]) for one in ordered], [one.num_examples for one in ordered]
        )
        seconds = time.monotonic() - self._began
        self.history.append({"round": server_round, "train_loss": loss, "seconds": seconds})
        if self.on_round is not None:
            self.on_round(server_round, loss)
        return ndarrays_to_parameters(averaged), {}

    def accept(
        self, server_round: int, results: list[tuple[ClientProxy, FitRes]], failures: list[Any]
    ) -> bool:
        """Return whether every site has answered with weights that can be averaged."""
        if self.error is not None or self._accepted == server_round:
            return self.error is None
        try:
            if failures or len(results) < self.n_sites:
                heard = {self.names[proxy.cid] for proxy, _ in results}
                silent = sorted(set(self.names.values()) - heard)
                raise FederationError(
                    f"In round {server_round} no weights came from {', '.join(silent)}, expected "
                    "them of every site. The site says why; start all of them again."
                )
            for proxy, result in results:
                name = self.names[proxy.cid]
                self._note_weights(server_round, name, result.parameters, to_site=False)
                self._note(
                    server_round, name, False, "rows per head, training loss", result.metrics
                )
                check_arrays(
                    self.expected, parameters_to_ndarrays(result.parameters), f"Site {name!r}"
                )
        except SkdualcnnError as error:
            self.error = error
        except Exception as error:  # whatever bytes that are no arrays make NumPy raise
            self.error = FederationError(f"A site sent weights that cannot be read: {error}")
        self._accepted = server_round
        return self.error is None

    def evaluate(self, server_round: int, parameters: Parameters) -> None:
        """Keep the weights of the round, noise included."""
        if self.error is None:
            self.weights = parameters_to_ndarrays(parameters)

    def configure_evaluate(
        self, server_round: int, parameters: Parameters, client_manager: ClientManager
    ) -> list[tuple[ClientProxy, EvaluateIns]]:
        """After the last round, hand the result to the sites."""
        if server_round < self.rounds:
            return []
        sites = self._sites(client_manager)
        for name, _ in sites:
            self._note_weights(server_round, name, parameters, to_site=True, what="final weights")
        return [(proxy, EvaluateIns(parameters, {})) for _, proxy in sites]

    def aggregate_evaluate(
        self, server_round: int, results: list[Any], failures: list[Any]
    ) -> tuple[None, dict[str, Any]]:
        """Nothing comes back but the receipt."""
        return None, {}

    def _meet(self, client_manager: ClientManager) -> list[Summary]:
        if not client_manager.wait_for(self.n_sites, timeout=int(self.patience)):
            raise FederationError(
                f"{client_manager.num_available()} of {self.n_sites} sites came within "
                f"{self.patience:g} s. Start the others, or wait longer."
            )
        summaries = []
        for proxy in list(client_manager.all().values())[: self.n_sites]:
            name, text = self._ask(proxy)
            self.names[proxy.cid] = name
            what = (
                "quantiles and categories of each column, classes" if self.asks_columns else "name"
            )
            self._note(0, name, False, what, text.encode())
            summaries.append(json.loads(text) if text else {})
        if len(set(self.names.values())) < self.n_sites:
            raise FederationError(
                f"The sites are named {sorted(self.names.values())}, expected a name of its own "
                "for each."
            )
        return sorted(summaries, key=lambda one: str(one.get("site")))

    def _ask(self, proxy: ClientProxy) -> tuple[str, str]:
        """Return the name of a site and what it says of its columns."""
        wanted = GetPropertiesIns({say.WANTS_SUMMARY: self.asks_columns})
        try:
            answer = proxy.get_properties(wanted, timeout=self.patience, group_id=0)
            return str(answer.properties[say.SITE]), str(answer.properties[say.SUMMARY])
        except Exception as error:  # of Flower, or an answer without these
            heard = ", ".join(sorted(self.names.values())) or "none"
            raise FederationError(
                f"A site left before it had said its name and what its columns are like, expected "
                f"that of every site; those that did: {heard}. The site says why; start all of "
                "them again."
            ) from error

    def _sites(self, client_manager: ClientManager) -> list[tuple[str, ClientProxy]]:
        """Return those that the run began with; none once it has failed."""
        there = client_manager.all()
        gone = sorted(name for cid, name in self.names.items() if cid not in there)
        if gone and self.error is None:
            self.error = FederationError(
                f"{', '.join(gone)} left before the last round, expected every site to stay. "
                "Start all of them again."
            )
        if self.error is not None:
            return []
        return sorted((name, there[cid]) for cid, name in self.names.items())

    def _average(
        self, array: ArrayOnTheWire, parts: list[Any], results: Sequence[FitRes]
    ) -> np.ndarray[Any, np.dtype[np.float32]]:
        if self.equal_weights:
            counts = [1] * len(parts)
        elif array.head is None:
            counts = [one.num_examples for one in results]
        else:
            counts = [int(one.metrics[say.ROWS_OF_HEAD + array.head]) for one in results]
        if sum(counts) == 0:  # nobody has trained it: all sent what they were given
            counts = [1] * len(parts)
        averaged = aggregate([([part], n) for part, n in zip(parts, counts, strict=True)])
        return np.asarray(averaged[0], dtype=np.float32)

    def _note(self, number: int, site: str, to_site: bool, what: str, payload: Any) -> None:
        size = len(payload) if isinstance(payload, bytes) else len(json.dumps(payload))
        self.wire.note(number, site, to_site=to_site, what=what, n_bytes=size)

    def _note_weights(
        self, number: int, site: str, sent: Parameters, *, to_site: bool, what: str = "weights"
    ) -> None:
        self.wire.note(number, site, to_site=to_site, what=what, n_bytes=say.size_of(sent.tensors))

    def history_table(self) -> pd.DataFrame:
        """Return a row per round."""
        return pd.DataFrame(self.history, columns=["round", "train_loss", "seconds"])


class PrivateAverage(DifferentialPrivacyServerSideFixedClipping):
    """Flower's clipping and noise, on weights that have been checked before."""

    strategy: HeadwiseFedAvg

    def aggregate_fit(
        self,
        server_round: int,
        results: list[tuple[ClientProxy, FitRes]],
        failures: list[Any],
    ) -> tuple[Parameters | None, dict[str, Any]]:
        """Clip each site's change, average, add noise."""
        if not self.strategy.accept(server_round, results, failures):
            return None, {}
        return super().aggregate_fit(server_round, results, failures)
