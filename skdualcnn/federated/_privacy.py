"""What noise on the average promises to each site."""

from math import inf

from skdualcnn._extras import import_extra
from skdualcnn.exceptions import FederationError
from skdualcnn.federated._flower import EXTRA


def epsilon_of_rounds(noise_multiplier: float, rounds: int, *, delta: float = 1e-5) -> float:
    """Return the epsilon of differential privacy that a run spends on each site.

    Two runs, one with a site and one without, are told apart by the averaged weights of all
    rounds no better than (epsilon, delta) allows. All sites take part in each round, so
    there is no amplification by sampling.

    Parameters
    ----------
    noise_multiplier : float
        Standard deviation of the noise in units of the largest change that one site can
        make.
    rounds : int
        Rounds of averaging.
    delta : float, default=1e-5
        Probability with which the bound may fail.

    Returns
    -------
    float
        By the accountant of Renyi differential privacy of Google's dp-accounting.

    Raises
    ------
    FederationError
        If the noise, the rounds or delta are out of range.
    MissingPackageError
        If the extra "federated" is not installed.

    References
    ----------
    I. Mironov, "Renyi Differential Privacy", CSF 2017.

    H. B. McMahan et al., "Learning Differentially Private Recurrent Language Models",
    ICLR 2018: the mechanism, on users as here on sites.

    Examples
    --------
    >>> from skdualcnn.federated import epsilon_of_rounds
    >>> round(epsilon_of_rounds(4.0, 10), 2)  # doctest: +SKIP
    3.62
    """
    if not (0 < noise_multiplier < inf and rounds >= 1 and 0 < delta < 1):
        raise FederationError(
            f"Got noise of {noise_multiplier}, {rounds} rounds and a delta of {delta}, expected "
            "finite noise above 0, 1 round or more, and a delta between 0 and 1."
        )
    accounting = import_extra("dp_accounting", EXTRA)
    accountant = import_extra("dp_accounting.rdp", EXTRA).RdpAccountant(
        neighboring_relation=accounting.NeighboringRelation.ADD_OR_REMOVE_ONE
    )
    accountant.compose(accounting.GaussianDpEvent(noise_multiplier), rounds)
    return float(accountant.get_epsilon(delta))
