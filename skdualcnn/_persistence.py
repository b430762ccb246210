"""Save a fitted estimator and load it again, without ever running code from the file."""

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)

from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._classifier import DualPathCNNClassifier
from skdualcnn._decider import FusionDecider
from skdualcnn._head import HeadClassifier
from skdualcnn._model_decoder import Decoder
from skdualcnn._model_encoder import Encoder
from skdualcnn._model_file import damaged, read_model_file, write_model_file
from skdualcnn._model_kinds import Registry
from skdualcnn._tuned_decider import TunedFusionDecider
from skdualcnn._versions import describe_environment
from skdualcnn.conformal import ConformalFusionDecider
from skdualcnn.drift import DriftMonitor
from skdualcnn.drift._columns import CategoricalColumn, MeanColumn, NumericColumn
from skdualcnn.exceptions import DeviceError, ModelFileError, ModelVersionWarning
from skdualcnn.preprocessing import (
    GapImputer,
    HampelFilter,
    OutlierClipper,
    PlausibilityLimiter,
    QuantileScaler,
    SeriesScaler,
    SeriesStatistics,
    SlidingWindow,
    flatten_windows,
)
from skdualcnn.preprocessing._fusion import ColumnsOfKind, NumberImputer, TextEncoder, median

# A network's teacher is saved as its parameters: it is fitted anew whenever it is asked.
_TEACHERS = (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    LogisticRegression,
    RandomForestClassifier,
    SplineTransformer,
    VotingClassifier,
)
_REGISTRY = Registry(
    estimators={
        kind.__name__: kind
        for kind in (
            *_TEACHERS,
            DualPathCNNClassifier,
            FusionDecider,
            TunedFusionDecider,
            *CALIBRATORS.values(),
            ConformalFusionDecider,
            HeadClassifier,
            DriftMonitor,
            GapImputer,
            HampelFilter,
            OutlierClipper,
            PlausibilityLimiter,
            QuantileScaler,
            SeriesScaler,
            SeriesStatistics,
            SlidingWindow,
            ColumnTransformer,
            FrozenEstimator,
            FunctionTransformer,
            MinMaxScaler,
            MissingIndicator,
            NumberImputer,
            OneHotEncoder,
            Pipeline,
            SimpleImputer,
            StandardScaler,
            TextEncoder,
        )
    },
    selectors={
        kind.__name__: kind
        for kind in (
            ColumnsOfKind,
            make_column_selector,
            NumericColumn,
            CategoricalColumn,
            MeanColumn,
        )
    },
    functions={function.__name__: function for function in (flatten_windows, median)},
    empty={
        ("DualPathCNNClassifier", "callbacks"): "callbacks are code, which is not saved.",
        ("Pipeline", "memory"): "a cache holds pickles, which would run when it is fitted.",
    },
)


def save(estimator: BaseEstimator, path: str | os.PathLike[str]) -> Path:
    """Save an estimator in one file that holds data only, no code.

    The file is written whole or not at all. It is in the safetensors format, and the
    same for the same estimator.

    Parameters
    ----------
    estimator : estimator
        Fitted or not. It and everything in it must be of this package, or one of
        scikit-learn's Pipeline, ColumnTransformer, FrozenEstimator, FunctionTransformer
        (of :func:`~skdualcnn.preprocessing.flatten_windows`), MinMaxScaler,
        OneHotEncoder, SimpleImputer and StandardScaler; and as an unfitted teacher of a
        network, HistGradientBoostingClassifier, ExtraTreesClassifier,
        RandomForestClassifier, LogisticRegression, a Pipeline of these, of StandardScaler
        and of SplineTransformer, and a VotingClassifier of these; call
        ``set_params(teacher=None)`` on a network with another one.
    path : path-like
        File to write; one of that name is replaced.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelFileError
        If the estimator, or something in it, is of a kind that cannot be saved.
    OSError
        If the file cannot be written; an earlier one of that name is then as it was.

    See Also
    --------
    load : Reads the file.

    Notes
    -----
    The state of the optimizer is not saved: training that goes on after loading starts
    with fresh moments of Adam.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from skdualcnn import DualPathCNNClassifier, load, save
    >>> X = np.random.default_rng(0).random((60, 8))
    >>> clf = DualPathCNNClassifier(max_epochs=2, random_state=0).fit(X, X[:, 0] > 0.5)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save(clf, Path(folder) / "model.safetensors")
    ...     loaded = load(file)
    >>> bool((loaded.predict_proba(X) == clf.predict_proba(X)).all())
    True
    """
    return save_trained(estimator, path, {})


def load(path: str | os.PathLike[str], *, device: str | None = None) -> Any:
    """Load an estimator that `save` saved.

    Nothing in the file is run or imported: an estimator is made from a closed list of
    classes, and the file must be unaltered since it was saved.

    Parameters
    ----------
    path : path-like
        The file.
    device : str, default=None
        Torch device for the nets instead of the one they were saved with: "cpu" for a
        model trained on a GPU and used without one.

    Returns
    -------
    estimator
        Predicts as the one that was saved does, equal on every bit on the same machine.

    Raises
    ------
    ModelFileError
        If the file is truncated, altered, foreign or from a newer version.
    DeviceError
        If the device of a classifier is not available.
    OSError
        If the file is not there or cannot be read.

    Warns
    -----
    ModelVersionWarning
        If the file was saved with another minor version of scikit-learn.

    See Also
    --------
    save : Writes the file, and lists what can be saved.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skdualcnn import load, save
    >>> from skdualcnn.preprocessing import QuantileScaler
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = save(QuantileScaler(n_quantiles=9), Path(folder) / "scaler.safetensors")
    ...     load(file)
    QuantileScaler(n_quantiles=9)
    """
    return _load(path, device)[0]


def save_trained(
    estimator: BaseEstimator, path: str | os.PathLike[str], trained_on: Mapping[str, Any]
) -> Path:
    """Save an estimator as `save` does, with a note, such as which rows it was trained on.

    Parameters
    ----------
    estimator : estimator
        What `save` takes.
    path : path-like
        File to write; one of that name is replaced.
    trained_on : dict of str to object
        What JSON can hold. :func:`load_trained` gives it back; `load` passes it over, so that
        it is gone once the estimator is saved again.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelFileError
        If the estimator, or something in it, is of a kind that cannot be saved.
    OSError
        If the file cannot be written; an earlier one of that name is then as it was.
    """
    if not isinstance(estimator, BaseEstimator):
        what = estimator if isinstance(estimator, type) else type(estimator)
        raise ModelFileError(
            f"Got {'the class ' if what is estimator else 'a '}{what.__name__} to save, expected "
            "an instance of one of " + ", ".join(_REGISTRY.estimators) + "."
        )
    encoder = Encoder(_REGISTRY)
    node = encoder.encode(estimator, type(estimator).__name__)
    document = {"versions": describe_environment(), "estimator": node}
    if trained_on:
        document["trained_on"] = dict(trained_on)
    return write_model_file(path, document, encoder.arrays)


def load_trained(path: str | os.PathLike[str]) -> tuple[Any, dict[str, Any]]:
    """Load an estimator and the note that :func:`save_trained` left beside it.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    estimator
        What `load` returns.
    trained_on : dict of str to object
        The note as it stands in the file, which anyone can have made: check it before use. Empty
        where there is none.

    Raises
    ------
    ModelFileError
        If the file is truncated, altered, foreign or from a newer version.
    OSError
        If the file is not there or cannot be read.
    """
    estimator, document = _load(path, None)
    trained_on = document.get("trained_on", {})
    if not isinstance(trained_on, dict):
        raise damaged(os.fspath(path), f"trained_on is a {type(trained_on).__name__}")
    return estimator, trained_on


def _load(path: str | os.PathLike[str], device: str | None) -> tuple[Any, dict[str, Any]]:
    """Return the estimator in a file, and all that the file says."""
    name = os.fspath(path)
    document, arrays = read_model_file(path)
    here = describe_environment()["scikit-learn"]
    try:
        there = str(document["versions"]["scikit-learn"])
        if here.split(".")[:2] != there.split(".")[:2]:
            warnings.warn(
                f"{name} was saved with scikit-learn {there} and is loaded with {here}; its "
                "transformers may behave differently or fail. Install the version it was saved "
                "with, or fit and save it again with this one.",
                ModelVersionWarning,
                stacklevel=3,
            )
        decoder = Decoder(_REGISTRY, arrays, device)
        return decoder.decode_estimator(document["estimator"]), document
    except (DeviceError, ModelVersionWarning):
        raise
    except Exception as error:  # whatever a crafted file makes some constructor raise
        raise damaged(name, f"{type(error).__name__}: {error}") from error
