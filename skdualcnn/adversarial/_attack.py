"""The worst readings that sensors within their accuracy could have sent."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import check_consistent_length, check_random_state

from skdualcnn._decider import FusionDecider
from skdualcnn._labels import Labels
from skdualcnn.adversarial._accuracy import Accuracy, accuracy_of_columns, shifted
from skdualcnn.exceptions import HeadError
from skdualcnn.explanation._explained_network import ExplainedNetwork


def perturb_readings(
    decider: FusionDecider,
    X: pd.DataFrame,
    y: ArrayLike,
    *,
    head: str = "health",
    accuracy: Accuracy = None,
    n_iter: int = 20,
    random_state: int | np.random.RandomState | None = None,
) -> pd.DataFrame:
    """Move readings within the accuracy of their sensors so that a head is wrong.

    Projected gradient descent (Madry et al., "Towards deep learning models resistant to
    adversarial attacks", 2018) on the raw readings: of a row whose label is normal the
    anomaly score is pushed up, of the others down. The attacker knows the whole model;
    each tried row passes through its preprocessing, and the worst of them is kept.

    Parameters
    ----------
    decider : FusionDecider
        Fitted, around a `DualPathCNNClassifier` or a pipeline that ends in one.
    X : DataFrame of n rows
        Rows as in the decider's `fit`, numbers in the units of the sensors. A missing
        reading stays missing.
    y : array-like of shape (n,)
        True labels of the head; a row without a label is not moved.
    head : str, default="health"
        The head that is attacked.
    accuracy : mapping, default=None
        Accuracy by column, as :data:`SENSOR_ACCURACY`, or plain numbers: {"spo2": 2}. None
        stands for that table.
    n_iter : int, default=20
        Gradient steps, each of a quarter of the accuracy at first, falling to none, from a
        random point within it. 0 gives that random point: noise that aims at nothing.
    random_state : int, RandomState instance or None, default=None
        Draws the starting points.

    Returns
    -------
    DataFrame of n rows
        The moved readings; any model can be asked about them.

    Raises
    ------
    TypeError
        If there is no `DualPathCNNClassifier` in the decider.
    HeadError
        If there is no such head.
    ValueError
        If no column has an accuracy, `n_iter` is negative, or the network reads windows,
        whose rows share readings.

    See Also
    --------
    AdversarialTraining : Trains a network to withstand this.
    skdualcnn.inspection.RobustnessDisplay : Scores under noise that aims at nothing.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdualcnn import DualPathCNNClassifier, FusionDecider
    >>> from skdualcnn.adversarial import perturb_readings
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.random((200, 8)), columns=[f"x{i}" for i in range(8)])
    >>> y = pd.DataFrame({"health": X["x2"] > 0.5, "cyber": X["x6"] > 0.5}).astype(int)
    >>> decider = FusionDecider(DualPathCNNClassifier(lr=0.01, random_state=0)).fit(X, y)
    >>> moved = perturb_readings(decider, X, y["health"], accuracy={"x2": 0.1}, random_state=0)
    >>> bool(((moved["x2"] - X["x2"]).abs() <= 0.1 + 1e-9).all())
    True
    >>> decider.score(moved, y) < decider.score(X, y)
    True
    """
    network = ExplainedNetwork.of(decider)
    if head not in network.heads:
        raise HeadError(f"head={head!r}, expected one of {list(network.heads)}.")
    if network.classifier.windowed_:
        raise ValueError(
            "The network reads windows, whose rows share readings; expected a network that reads "
            "single rows."
        )
    if n_iter < 0:
        raise ValueError(f"n_iter={n_iter!r}, expected 0 or more.")
    amounts = accuracy_of_columns(X, accuracy)
    wanted = _directions(decider, head, y, len(X))
    slope, column = _slopes(network, X, amounts)
    rng = check_random_state(random_state)
    place = rng.uniform(-1, 1, size=X.shape) * np.abs(wanted)[:, None]
    if n_iter == 0:
        return shifted(X, amounts, place)
    best, worst = np.zeros(X.shape), np.full(len(X), -np.inf)
    for step in range(n_iter + 1):
        moved = shifted(X, amounts, place)
        rows = np.asarray(network.read(moved))
        harm = wanted * network.scores(rows)[head]
        worse = harm > worst
        best[worse], worst[worse] = place[worse], harm[worse]
        if step < n_iter:
            by_feature = network.gradient(rows, head) * slope
            uphill = np.zeros(X.shape)
            np.add.at(uphill.T, column, by_feature.T)
            pace = 0.25 * (1 - step / n_iter)
            place = np.clip(place + pace * np.sign(uphill) * wanted[:, None], -1, 1)
    return shifted(X, amounts, best)


def _directions(decider: FusionDecider, head: str, y: ArrayLike, n: int) -> NDArray[np.float64]:
    """Return where each row's score is to go: 1 up, -1 down, 0 nowhere."""
    labels = Labels.read(y)
    if len(labels.names) != 1:
        raise HeadError(
            f"y has {len(labels.names)} columns, expected the labels of the head {head!r} alone."
        )
    check_consistent_length(labels.weights, np.empty(n))
    normal = decider.normal_[decider.heads_.index(head)]
    truth = np.asarray(labels.columns[0], dtype=object)
    up = np.where(np.asarray(truth == normal, dtype=bool), 1.0, -1.0)
    return np.where(labels.weights[:, 0] > 0, up, 0.0)


def _slopes(
    network: ExplainedNetwork, X: pd.DataFrame, amounts: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return how features change with the reading behind them, (n, n_features), and its column.

    Only the sign counts later, so a difference over the whole accuracy serves: also at the
    end of the range, where scaling clips.
    """
    up, down = (np.asarray(network.read(shifted(X, amounts, way))) for way in (1.0, -1.0))
    names = {str(name): position for position, name in enumerate(X.columns)}
    column = network.features()["column"].map(names)
    if column.isna().any():
        raise ValueError(
            f"Features {list(column[column.isna()].index)} of the network come from no column of "
            "X that is known by name, expected steps that keep track of them, such as those of "
            "make_fusion_preprocessor."
        )
    return np.subtract(up, down, dtype=np.float64), np.asarray(column, dtype=np.int64)
