"""The server of a federation: waits for the sites, averages, and returns the model."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

import pandas as pd

from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn.exceptions import FederationError
from skdualcnn.federated._addresses import check_address, check_patience
from skdualcnn.federated._agreement import agree, network_of
from skdualcnn.federated._flower import import_flower
from skdualcnn.federated._model_bytes import pack, unpack
from skdualcnn.federated._privacy import epsilon_of_rounds
from skdualcnn.federated._weights import list_arrays, replace_arrays


@dataclass(frozen=True)
class Privacy:
    """Differential privacy of each site, by clipping and noise on the average.

    Attributes
    ----------
    noise_multiplier : float
        Standard deviation of the noise, in units of the largest change of one site.
    clipping_norm : float
        Euclidean length to which the change of a site is cut.
    delta : float
        Probability with which the bound may fail.
    """

    noise_multiplier: float
    clipping_norm: float
    delta: float = 1e-5

    def __post_init__(self) -> None:
        are_finite = 0 < self.noise_multiplier < inf and 0 < self.clipping_norm < inf
        if not (are_finite and 0 < self.delta < 1):
            raise FederationError(
                f"Got {self}, expected finite noise and norm above 0, and a delta between 0 and 1."
            )


@dataclass(frozen=True)
class Federation:
    """What a federation has come to.

    Attributes
    ----------
    decider : FusionDecider
        The model, fitted; `skdualcnn.save` saves it.
    history : DataFrame of shape (n_rounds, 3)
        "round", "train_loss" (mean over the rows of all sites, in nats) and "seconds" since
        the sites were there.
    wire : DataFrame
        A row per payload: "round" (0 is before the first), "site", "way", "what", "bytes".
    arrays : DataFrame
        The arrays in "weights": "name", "shape", "head" (None is the shared trunk).
    epsilon : float or None
        What the averaged weights of all rounds spend of each site's privacy; None without
        `privacy`.
    """

    decider: FusionDecider
    history: pd.DataFrame
    wire: pd.DataFrame
    arrays: pd.DataFrame
    epsilon: float | None


def serve_federation(
    address: str,
    *,
    n_sites: int,
    rounds: int = 20,
    epochs: int = 1,
    classifier: DualPathCNNClassifier | None = None,
    noise_filter: Any = None,
    start: FusionDecider | None = None,
    privacy: Privacy | None = None,
    certificates: tuple[bytes, bytes, bytes] | None = None,
    insecure: bool = False,
    patience: float = 600.0,
    on_round: Callable[[int, float], None] | None = None,
) -> Federation:
    """Train one model on the rows of several sites, which stay where they are.

    The sites first say how each column is distributed, which gives all of them one scale.
    Then, round by round, each trains on its own rows and the weights are averaged by
    Flower's FedAvg: the trunk by the number of labelled rows of each site, a head by the
    number of its labels, so that a site may lack a head.

    Parameters
    ----------
    address : str
        HOST:PORT to listen at.
    n_sites : int
        Sites to wait for.
    rounds : int, default=20
        Rounds of training and averaging.
    epochs : int, default=1
        Passes of a site over its rows in each round.
    classifier : DualPathCNNClassifier or None, default=None
        Unfitted; its seed decides the first weights. `batch_size` rows are those of all
        sites together: each takes its share of them, 8 at least. `max_epochs` and early
        stopping are not used. None stands for its defaults.
    noise_filter : transformer or None, default=None
        As for :func:`~skdualcnn.make_fusion_preprocessor`.
    start : FusionDecider or None, default=None
        Fitted elsewhere, such as on the simulated ward: training goes on from it, with its
        scales, and the sites are not asked for theirs.
    privacy : Privacy or None, default=None
        Clipping and noise by Flower; every site then counts the same.
    certificates : tuple of bytes or None, default=None
        Root certificate, certificate of the server and its key, in PEM; None is no TLS.
    insecure : bool, default=False
        Whether weights may leave this machine in clear text.
    patience : float, default=600.0
        Seconds to wait for the sites, and for each answer.
    on_round : callable or None, default=None
        Called with the round and its mean training loss.

    Returns
    -------
    Federation
        The model, and what it took.

    Raises
    ------
    FederationError
        If sites stay away, leave, or do not fit together; if a parameter is out of range.
    MissingPackageError
        If the extra "federated" is not installed.

    See Also
    --------
    join_federation : A site.

    Notes
    -----
    The result depends on the rows, the seed and the number of sites alone, not on who
    answers first. With `privacy` it also depends on NumPy's global generator, which
    Flower draws the noise from.

    References
    ----------
    H. B. McMahan et al., "Communication-Efficient Learning of Deep Networks from
    Decentralized Data", AISTATS 2017: federated averaging.

    Examples
    --------
    >>> from skdualcnn.federated import serve_federation
    >>> serve_federation("127.0.0.1:9092", n_sites=3).decider  # doctest: +SKIP
    FusionDecider(...)
    """
    check_address(address, encrypted=certificates is not None, insecure=insecure)
    check_patience(patience)
    if min(n_sites, rounds, epochs) < 1:
        raise FederationError(
            f"Got {n_sites} sites, {rounds} rounds and {epochs} epochs, expected 1 or more of each."
        )
    if privacy is not None:  # before anything is trained: the package may be missing
        epsilon = epsilon_of_rounds(privacy.noise_multiplier, rounds, delta=privacy.delta)
    if start is None:
        network = DualPathCNNClassifier() if classifier is None else classifier
        _check_parameters(network)
        begin = partial(agree, classifier=network, noise_filter=noise_filter)
    else:
        network_of(start)
        start = unpack(pack(start))  # a copy: the weights are replaced
    strategies = import_flower("skdualcnn.federated._strategy")
    averaging = strategies.HeadwiseFedAvg(
        n_sites=n_sites,
        start=begin if start is None else lambda _: start,
        asks_columns=start is None,
        pack=pack,
        rounds=rounds,
        epochs=epochs,
        patience=patience,
        equal_weights=privacy is not None,
        on_round=on_round,
    )
    server = import_flower("flwr.server")
    server.start_server(
        server_address=address,
        config=server.ServerConfig(num_rounds=rounds, round_timeout=patience),
        strategy=averaging
        if privacy is None
        else strategies.PrivateAverage(
            averaging, privacy.noise_multiplier, privacy.clipping_norm, n_sites
        ),
        certificates=certificates,
    )
    if averaging.error is not None:
        raise averaging.error
    decider = averaging.decider
    replace_arrays(network_of(decider), averaging.weights)
    return Federation(
        decider=decider,
        history=averaging.history_table(),
        wire=averaging.wire.table(),
        arrays=pd.DataFrame(list_arrays(network_of(decider))),
        epsilon=None if privacy is None else epsilon,
    )


def _check_parameters(network: DualPathCNNClassifier) -> None:
    """Refuse parameters that no training takes, before the sites are waited for."""
    try:
        network._validate_params()
    except ValueError as error:
        raise FederationError(f"The network cannot be trained: {error}") from error
