"""A site of a federation, run until the federation has finished."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from skdualcnn._decider import FusionDecider
from skdualcnn._extras import import_extra
from skdualcnn.exceptions import FederationError
from skdualcnn.federated._addresses import check_address, check_patience, wait_for_server
from skdualcnn.federated._flower import EXTRA, import_flower
from skdualcnn.federated._model_bytes import unpack


def join_federation(
    address: str,
    data: pd.DataFrame,
    target: pd.DataFrame,
    *,
    name: str,
    modalities: Mapping[str, Sequence[str]],
    root_certificates: bytes | None = None,
    insecure: bool = False,
    patience: float = 60.0,
) -> FusionDecider:
    """Take part in a federation, and return the model that comes of it.

    The rows stay in this process. What leaves it are the name of the site, the classes and
    quantiles of each column (see Notes), and after each round weights, numbers of labels
    and the training loss.

    Parameters
    ----------
    address : str
        HOST:PORT of the server.
    data : DataFrame of shape (n, n_features)
        The rows of the site.
    target : DataFrame of shape (n, n_heads)
        Its labels, None where missing; a head that no row has a label of may be left out.
    name : str
        Name of the site, another one for each.
    modalities : dict of str to list of str
        Columns "patient", "environment" and "network", the same at all sites.
    root_certificates : bytes or None, default=None
        Certificates in PEM that the server's must be signed by; None is no TLS.
    insecure : bool, default=False
        Whether weights may leave this machine in clear text.
    patience : float, default=60.0
        Seconds to try to reach the server.

    Returns
    -------
    FusionDecider
        Fitted, with the weights of the last round: the same at all sites and the server.

    Raises
    ------
    FederationError
        If the server cannot be reached, ends the run, or does not fit this site; if data or
        target are no such tables.
    MissingPackageError
        If the extra "federated" is not installed.

    See Also
    --------
    serve_federation : The server.

    Notes
    -----
    Of a column of numbers, 129 quantiles go to the server, the first and the last of which
    are means over five rows; of a column of text, its categories. If the server starts from
    a model that is fitted already, neither is asked for.

    Examples
    --------
    >>> from skdualcnn.datasets import make_ward
    >>> from skdualcnn.federated import join_federation
    >>> ward = make_ward(n_patients=4, random_state=0)
    >>> join_federation(  # doctest: +SKIP
    ...     "127.0.0.1:9092", ward.data, ward.target, name="north", modalities=ward.modalities
    ... )
    FusionDecider(...)
    """
    check_address(address, encrypted=root_certificates is not None, insecure=insecure)
    check_patience(patience)
    _check_tables(data, target)
    client = import_flower("skdualcnn.federated._client").SiteClient(
        name, data, target, modalities, unpack
    )
    rpc_error = import_extra("grpc", EXTRA).RpcError
    try:
        wait_for_server(address, patience)
        import_flower("flwr.client").start_client(
            server_address=address,
            client=client.to_client(),
            root_certificates=root_certificates,
            insecure=root_certificates is None,
            max_wait_time=patience,
        )
    except (rpc_error, OSError) as error:
        raise FederationError(
            f"No connection to {address} within {patience:g} s. Is the server running, and is TLS "
            "on both sides or on neither?"
        ) from error
    if client.error is not None:
        raise client.error
    if not client.finished:
        raise FederationError(
            f"The server at {address} ended the run before the last round. It says why."
        )
    decider: FusionDecider = client.decider
    return decider


def _check_tables(data: Any, target: Any) -> None:
    """Refuse what are no two tables of as many rows, before the server hears of this site."""
    shapes = [f"{type(one).__name__} of {len(one)} rows" for one in (data, target)]
    is_table = isinstance(data, pd.DataFrame) and isinstance(target, pd.DataFrame)
    if not is_table or len(data) != len(target):
        raise FederationError(
            f"data is a {shapes[0]} and target a {shapes[1]}, expected two pandas DataFrames of as "
            "many rows; target has a column for each head. Wrap it: pandas.DataFrame(target)."
        )
