"""What each parameter of the classifier may be."""

from numbers import Integral, Real
from typing import Any

from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from skdualcnn.network._architectures import ARCHITECTURES

CONSTRAINTS: dict[str, list[Any]] = {
    "architecture": [StrOptions(set(ARCHITECTURES))],
    "conv_channels": ["array-like", None],
    "kernel_size": [Interval(Integral, 1, None, closed="left"), None],
    "residual_blocks": [Interval(Integral, 0, None, closed="left"), None],
    "activation": [StrOptions({"leaky_relu", "relu"}), None],
    "pool_size": [Interval(Integral, 1, None, closed="left"), None],
    "global_pooling": ["boolean", None],
    "channel_dropout": [Interval(Real, 0, 1, closed="left"), None],
    "conv_dropout": [Interval(Real, 0, 1, closed="left"), None],
    "dense_units": [Interval(Integral, 1, None, closed="left"), None],
    "dense_dropout": [Interval(Real, 0, 1, closed="left"), None],
    "sharing": [StrOptions({"trunk", "none"})],
    "lr": [Interval(Real, 0, None, closed="neither")],
    "lr_schedule": [StrOptions({"constant", "cosine"})],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 2, None, closed="left")],
    "max_epochs": [Interval(Integral, 1, None, closed="left")],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, None, closed="left")],
    "class_weight": [dict, list, tuple, StrOptions({"balanced"}), None],
    "teacher": [HasMethods(["fit", "predict_proba"]), None],
    "teacher_weight": [Interval(Real, 0, 1, closed="right")],
    "recombined_rows": [Interval(Integral, 0, None, closed="left")],
    "warm_start": ["boolean"],
    "callbacks": [list, tuple, None],
    "device": [str],
    "verbose": ["verbose"],
    "random_state": ["random_state"],
}
