import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from skdualcnn import DualPathCNNClassifier
from skdualcnn.exceptions import ArchitectureError, DeviceError, DivergenceError, HeadError

FRAME = pd.DataFrame(np.random.default_rng(0).random((8, 4)), columns=list("abcd"))
LABELS = np.array([0, 1] * 4)
TWO = np.column_stack([LABELS, LABELS[::-1]])
MISSING = np.full(8, None)
WINDOWS = np.zeros((8, 4, 2))


def fit(X=FRAME, y=LABELS, *, fit_params=None, **changed):
    clf = DualPathCNNClassifier(**{"random_state": 0, **changed})
    return clf.fit(X, y, **(fit_params or {}))


def stopping(**fit_params):
    return fit(early_stopping=True, fit_params=fit_params)


ERRORS = {
    "wrong number of columns": (
        lambda: fit(FRAME.to_numpy()).predict(np.zeros((2, 5))),
        ValueError,
        "X has 5 features, but DualPathCNNClassifier is expecting 4",
    ),
    "renamed columns": (
        lambda: fit().predict(FRAME.rename(columns={"a": "z"})),
        ValueError,
        "feature names should match",
    ),
    "reordered columns": (
        lambda: fit().predict(FRAME[list("dcba")]),
        ValueError,
        "must be in the same order",
    ),
    "text in a numeric column": (
        lambda: fit(FRAME.astype(object).assign(a="high")),
        ValueError,
        "could not convert string to float: 'high'",
    ),
    "infinity": (lambda: fit(FRAME.assign(a=np.inf)), ValueError, "X contains infinity"),
    "missing value": (lambda: fit(FRAME.assign(a=np.nan)), ValueError, "X contains NaN"),
    "zero rows": (lambda: fit(FRAME[:0], LABELS[:0]), ValueError, "0 sample"),
    "zero rows to predict": (lambda: fit().predict(FRAME[:0]), ValueError, "0 sample"),
    "zero columns": (lambda: fit(np.zeros((8, 0))), ValueError, "0 feature"),
    "one row": (lambda: fit(FRAME[:1], [0]), HeadError, "one class only, 0"),
    "one class": (lambda: fit(y=LABELS * 0), HeadError, "'head_0' has one class only, 0"),
    "one class in a head": (
        lambda: fit(y=pd.DataFrame({"health": LABELS, "cyber": "normal"})),
        HeadError,
        "'cyber' has one class only, 'normal'.*choose folds",
    ),
    "head without a label": (
        lambda: fit(y=pd.DataFrame({"health": LABELS, "cyber": MISSING})),
        HeadError,
        "'cyber' has no label in any row.*choose folds",
    ),
    "no label at all": (lambda: fit(y=MISSING), HeadError, "no label in any row"),
    "text among numbers": (lambda: fit(y=[0, "a"] * 4), HeadError, "mixes text and numbers"),
    "continuous target": (lambda: fit(y=LABELS + 0.25), ValueError, "label type.*continuous"),
    "y of three dimensions": (lambda: fit(y=WINDOWS), HeadError, r"shape \(8, 4, 2\)"),
    "too few labels": (lambda: fit(y=LABELS[:7]), ValueError, "inconsistent numbers of samples"),
    "class missing from the fold": (
        lambda: stopping(X_val=FRAME[:2], y_val=[0, 2]),
        HeadError,
        r"label\(s\) \[2\] that are not among its classes \[0, 1\]",
    ),
    "other heads in y_val": (
        lambda: stopping(X_val=FRAME, y_val=TWO),
        HeadError,
        r"y has 2 column\(s\), expected 1",
    ),
    "X_val alone": (lambda: stopping(X_val=FRAME), HeadError, "Only one of X_val and y_val"),
    "y_val alone": (lambda: stopping(y_val=LABELS), HeadError, "Only one of X_val and y_val"),
    "y_val without labels": (
        lambda: stopping(X_val=FRAME, y_val=MISSING),
        HeadError,
        "y_val has no label of a head",
    ),
    "one group": (
        lambda: stopping(groups=np.zeros(8)),
        HeadError,
        r"1 distinct row\(s\) or group\(s\).*X_val and y_val, or set early_stopping=False",
    ),
    "too few groups": (
        lambda: stopping(groups=np.arange(7)),
        ValueError,
        "inconsistent numbers of samples",
    ),
    "negative weight": (
        lambda: fit(fit_params={"sample_weight": -np.ones(8)}),
        ValueError,
        "Negative values",
    ),
    "weights of another shape": (
        lambda: fit(fit_params={"sample_weight": np.ones((8, 3))}),
        HeadError,
        r"sample_weight has shape \(8, 3\), expected \(8,\)",
    ),
    "class weights for other heads": (
        lambda: fit(class_weight=["balanced", None]),
        HeadError,
        "class_weight has 2 entries, expected one per head",
    ),
    "3-D where 2-D was fitted": (
        lambda: fit(FRAME.to_numpy()).predict(WINDOWS),
        ArchitectureError,
        r"rows of shape \(4, 2\), expected \(4,\) as in fit",
    ),
    "2-D where 3-D was fitted": (
        lambda: fit(WINDOWS).predict(WINDOWS[:, :, 0]),
        ArchitectureError,
        r"rows of shape \(4,\), expected \(4, 2\) as in fit",
    ),
    "other channels": (
        lambda: fit(WINDOWS).predict(WINDOWS[:, :, :1]),
        ArchitectureError,
        r"rows of shape \(4, 1\), expected \(4, 2\)",
    ),
    "four dimensions": (
        lambda: fit(WINDOWS[..., None]),
        ArchitectureError,
        r"X has shape \(8, 4, 2, 1\), expected \(n, n_features\) or",
    ),
    "kernel longer than the signal": (
        lambda: fit(kernel_size=7),
        ArchitectureError,
        "kernel_size=7 is longer than the signal of 4 step",
    ),
    "even kernel": (lambda: fit(kernel_size=2), ArchitectureError, "kernel_size=2 is even"),
    "nothing left to pool": (
        lambda: fit(conv_channels=(2, 2, 2)),
        ArchitectureError,
        "longer than the signal of 1 step",
    ),
    "channels that are no number": (
        lambda: fit(conv_channels=(0,)),
        ArchitectureError,
        "expected whole numbers of 1 or more",
    ),
    "an architecture that is not there": (
        lambda: fit(architecture="huge"),
        ValueError,
        "must be a str among {'(compact', 'paper|paper', 'compact)'}. Got 'huge'",
    ),
    "GPU where there is none": (
        lambda: fit(device="cuda:99"),
        DeviceError,
        'was asked for, but torch cannot use it.*device="cpu"',
    ),
    "no device": (lambda: fit(device="gpu"), DeviceError, "'gpu' is not a torch device"),
    "diverged": (
        lambda: fit(lr=1e30, max_epochs=20),
        DivergenceError,
        "expected a finite number. Try a smaller lr",
    ),
    "labels that partial_fit does not know": (
        lambda: DualPathCNNClassifier().partial_fit(FRAME, LABELS, classes=[1, 2]),
        HeadError,
        r"label\(s\) \[0\] that are not among its classes \[1, 2\]",
    ),
    "classes for other heads": (
        lambda: DualPathCNNClassifier().partial_fit(FRAME, TWO, classes=[[0, 1]]),
        HeadError,
        "classes has 1 entries, expected one array of labels per head",
    ),
    "scored without labels": (lambda: fit().score(FRAME, MISSING), HeadError, "has no label"),
    "scored with other heads": (lambda: fit().score(FRAME, TWO), HeadError, "same shape"),
} | {
    f"{name}={value!r}": (
        lambda name=name, value=value: fit(**{name: value}),
        ValueError,
        f"'{name}' parameter of DualPathCNNClassifier must be",
    )
    for name, value in [
        ("conv_channels", 8),
        ("kernel_size", 0),
        ("residual_blocks", -1),
        ("activation", "tanh"),
        ("pool_size", 0),
        ("global_pooling", "max"),
        ("channel_dropout", 1.0),
        ("conv_dropout", 1.0),
        ("dense_units", 0),
        ("dense_dropout", -0.1),
        ("sharing", "some"),
        ("lr", 0.0),
        ("weight_decay", -1.0),
        ("batch_size", 1),
        ("max_epochs", 0),
        ("early_stopping", "yes"),
        ("validation_fraction", 1.0),
        ("n_iter_no_change", 0),
        ("tol", -1.0),
        ("class_weight", "fair"),
        ("warm_start", "yes"),
        ("callbacks", 3),
        ("device", None),
        ("verbose", "loud"),
        ("random_state", "seed"),
    ]
}


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_says_what_was_got_and_expected(name):
    action, error, message = ERRORS[name]
    with pytest.raises(error, match=message):
        action()


@pytest.mark.parametrize(
    ("changed", "given"),
    [
        ({}, {"sample_weight": np.ones(59)}),
        ({"class_weight": ["balanced"]}, {}),
        ({"early_stopping": True}, {"groups": np.arange(59)}),
        ({"early_stopping": True}, {"X_val": np.zeros((3, 2)), "y_val": np.zeros((3, 2))}),
        ({"teacher": LogisticRegression()}, {"groups": np.arange(59)}),
        ({"lr": 1e30, "max_epochs": 20}, {}),
        ({"kernel_size": 99}, {}),
    ],
    ids=["weights", "class weights", "groups", "watched", "teacher", "divergence", "kernel"],
)
def test_a_failed_fit_changes_nothing(classifier, X, y, changed, given):
    new = classifier(**changed)
    with pytest.raises((ValueError, DivergenceError)):
        new.fit(X, y, **given)
    assert vars(new) == vars(classifier(**changed))
    old = classifier().fit(X[:, :6], y[:, 0])
    before = vars(old.set_params(**changed)).copy()
    with pytest.raises((ValueError, DivergenceError)):
        old.fit(X, y, **given)
    assert vars(old).keys() == before.keys()
    assert all(vars(old)[name] is value for name, value in before.items())
    assert old.predict(X[:, :6]).shape == (len(X),)
