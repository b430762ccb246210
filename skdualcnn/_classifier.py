"""The estimator: a scikit-learn classifier that owns a skorch net."""

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils import Tags, check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet

from skdualcnn._diagram import draw_network
from skdualcnn._fitting import (
    Inputs,
    Rows,
    Watch,
    as_signals,
    check_row_shape,
    read_signals,
    train_paths,
)
from skdualcnn._labels import Heads, Labels, class_weights, share_right
from skdualcnn._nets import adjust_nets, assign_heads, build_nets
from skdualcnn._parameters import CONSTRAINTS
from skdualcnn._pickling import PlainState
from skdualcnn._softmax import softmax
from skdualcnn._teaching import teach
from skdualcnn._unchanged import unchanged_on_error
from skdualcnn.exceptions import HeadError
from skdualcnn.network._training import predict_logits, read_history


class DualPathCNNClassifier(PlainState, ClassifierMixin, BaseEstimator):
    """One-dimensional CNN with one softmax head per column of y.

    The network of the paper: convolution, activation, batch norm, max-pool and dropout, then
    a dense layer, then a linear head for each label column, trained on the sum of the heads'
    cross-entropies, each over the rows with its label. A one-dimensional y has one head.

    Parameters
    ----------
    architecture : {"paper", "compact"}, default="paper"
        Shape of the network: the paper's, or a narrow one for a chip, which pools a long
        signal more often and so has less than 30,000 parameters on up to 4,000 columns.
        Where one of the next ten is None, `skdualcnn.network.ARCHITECTURES` has it.
    conv_channels : tuple of int, default=None
        Output channels of each convolutional block; (64,) in the paper.
    kernel_size : int, default=None
        Steps each kernel sees; odd.
    residual_blocks : int, default=None
        Residual blocks after the convolutional ones.
    activation : {"leaky_relu", "relu"}, default=None
        What follows each convolution and the dense layer.
    pool_size : int, default=None
        Steps each maximum is taken over; 1 means no pooling.
    global_pooling : bool, default=None
        Whether the dense layer reads the mean and the maximum of each channel over all
        steps, instead of every step.
    channel_dropout : float, default=None
        Share of a window's channels that a row loses whole, drawn anew at each visit.
    conv_dropout : float, default=None
        Dropout after each block.
    dense_units : int, default=None
        Units of the dense layer.
    dense_dropout : float, default=None
        Dropout after the dense layer.
    sharing : {"trunk", "none"}, default="trunk"
        Whether the heads share one trunk, or each has a network of its own.
    lr : float, default=1e-3
        Learning rate of Adam; the paper's is 1e-4.
    lr_schedule : {"constant", "cosine"}, default="cosine"
        Whether the learning rate falls along half a cosine, from `lr` to almost 0 over one
        `fit`, or stays, as the paper's does. At an early best epoch it may still be high.
    weight_decay : float, default=0.0
        L2 penalty of Adam.
    batch_size : int, default=32
        Rows per training step.
    max_epochs : int, default=20
        Passes over the training data.
    early_stopping : bool, default=False
        Whether to stop when the held-out loss no longer falls, and restore the best weights.
    validation_fraction : float, default=0.1
        Share of the rows, or of the groups given to `fit`, held out for early stopping.
    n_iter_no_change : int, default=5
        Epochs without improvement after which early stopping stops.
    tol : float, default=1e-4
        What counts as an improvement of the held-out loss.
    class_weight : dict, "balanced", list of these or None, default=None
        Weights of the classes in the loss; a list has one entry per head.
    teacher : classifier or None, default=None
        A classifier with `predict_proba`, such as boosted trees, that `fit` cross-fits. What it
        says of a row (windows flattened) is learnt beside the label, and where that is missing.
    teacher_weight : float, default=0.5
        Share of the teacher in what the network learns; the rest is the label.
    recombined_rows : int, default=0
        Rows to make of each labelled row and head by taking some columns (of windows, whole
        channels) from another one. What they are, the teacher alone says.
    warm_start : bool, default=False
        Whether `fit` goes on from the last fit's weights.
    callbacks : list or None, default=None
        Callbacks of skorch.
    device : str, default="cpu"
        Torch device, or "auto" for a GPU where there is one.
    verbose : int, default=0
        1 shows a progress bar.
    random_state : int, RandomState instance or None, default=None
        Seed of the weights, the shuffling, dropout and the held-out rows.

    Attributes
    ----------
    classes_ : ndarray or list of ndarray
        Class labels; one array per head if y has several columns.
    n_heads_ : int
        Number of heads.
    head_names_ : list of str
        Columns of a DataFrame y, else "head_0", "head_1", ...
    nets_ : list of skorch.NeuralNet
        The trained nets, one with `sharing="trunk"`, one per head with "none".
    history_ : DataFrame
        A row per epoch: losses in nats, accuracies in [0, 1].
    input_shape_ : tuple of int
        Channels and steps of the signal as the convolution sees it.
    windowed_ : bool
        Whether X had windows, three dimensions.
    seed_ : int
        What `random_state` drew for all that is random in training.
    n_features_in_ : int
        Columns of a 2-D X, time steps of a 3-D X.
    feature_names_in_ : ndarray of str
        Names of the columns, if X had any.

    See Also
    --------
    FusionDecider : Fuses two heads into one decision.
    make_fusion_preprocessor : Prepares the columns that this classifier reads.

    Notes
    -----
    Blocks train, and predictions run, on kernels in C if this machine has a compiler; they
    are built when first needed, in seconds, and kept in the user's cache folder. Else, on a
    GPU, and where ``SKDUALCNN_COMPILE`` is 0, torch does the same at twice the time.

    The order of visits depends on the rows' content and the seed alone. Equal rows are
    merged: a whole-number `sample_weight` is the same as repeating the row.

    Searches stratify by default, which scikit-learn refuses to do with missing labels: give
    them ``cv=KFold(...)`` or, by patients, ``cv=GroupKFold(...)``.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn import DualPathCNNClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((200, 12))
    >>> health = np.where(X[:, 2] > 0.5, "normal", "hypoxia")
    >>> cyber = np.where(X[:, 9] > 0.5, 0.0, 1.0)
    >>> cyber[:50] = np.nan  # no label: these rows train the other head only
    >>> y = np.column_stack([health.astype(object), cyber])
    >>> clf = DualPathCNNClassifier(lr=0.01, random_state=0).fit(X, y)
    >>> [proba.shape for proba in clf.predict_proba(X)]
    [(200, 2), (200, 2)]
    >>> clf.predict(X[:1])
    array([['hypoxia', 0.0]], dtype=object)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    def __init__(
        self,
        *,
        architecture: str = "paper",
        conv_channels: tuple[int, ...] | None = None,
        kernel_size: int | None = None,
        residual_blocks: int | None = None,
        activation: str | None = None,
        pool_size: int | None = None,
        global_pooling: bool | None = None,
        channel_dropout: float | None = None,
        conv_dropout: float | None = None,
        dense_units: int | None = None,
        dense_dropout: float | None = None,
        sharing: str = "trunk",
        lr: float = 1e-3,
        lr_schedule: str = "cosine",
        weight_decay: float = 0.0,
        batch_size: int = 32,
        max_epochs: int = 20,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        tol: float = 1e-4,
        class_weight: Any = None,
        teacher: Any = None,
        teacher_weight: float = 0.5,
        recombined_rows: int = 0,
        warm_start: bool = False,
        callbacks: list[Any] | None = None,
        device: str = "cpu",
        verbose: int = 0,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.architecture = architecture
        self.conv_channels = conv_channels
        self.kernel_size = kernel_size
        self.residual_blocks = residual_blocks
        self.activation = activation
        self.pool_size = pool_size
        self.global_pooling = global_pooling
        self.channel_dropout = channel_dropout
        self.conv_dropout = conv_dropout
        self.dense_units = dense_units
        self.dense_dropout = dense_dropout
        self.sharing = sharing
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.class_weight = class_weight
        self.teacher = teacher
        self.teacher_weight = teacher_weight
        self.recombined_rows = recombined_rows
        self.warm_start = warm_start
        self.callbacks = callbacks
        self.device = device
        self.verbose = verbose
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    @unchanged_on_error
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n, n_features) or (n, n_steps, n_channels)
            Finite numbers, best scaled to [0, 1]; read as float32. A 2-D X is a signal
            along its columns, a 3-D X a window per row.
        y : array-like of shape (n,) or (n, n_heads)
            Class labels; NaN, None or pandas.NA where a label is missing.
        sample_weight : array-like of shape (n,) or (n, n_heads), default=None
            Weight of each row, or of each label.
        groups : array-like of shape (n,), default=None
            Groups, such as patients, that early stopping holds out whole and that the
            teacher does not learn from where it answers. Give them for windows.
        X_val, y_val : array-like, default=None
            Rows for early stopping to watch instead of a share of X.

        Returns
        -------
        DualPathCNNClassifier
            The fitted classifier.

        Raises
        ------
        HeadError
            If a head has no label, one class only, or labels that are not classes.
        ArchitectureError
            If the signal is too short for the kernel or the pooling, or a warm start finds
            networks of another shape or sharing than the parameters'.
        DeviceError
            If `device` is not there.
        DivergenceError
            If the training loss is not finite.
        """
        resume = self.warm_start and hasattr(self, "nets_")
        signals = self._read_signals(X, reset=not resume)
        labels = Labels.read(y, sample_weight)
        if not resume:
            self._build(signals, Heads.from_labels(labels))
        rows = self._rows(signals, labels)
        if self.teacher is not None:
            missing = labels.in_order_of(self.head_names_).missing
            rows = teach(
                *(self.teacher, rows, missing, self._heads, groups),
                teacher_weight=self.teacher_weight,
                recombined_rows=self.recombined_rows,
                seed=self.seed_,
            )
        return self._train(rows, epochs=self.max_epochs, watch=self._watch(groups, X_val, y_val))

    @_fit_context(prefer_skip_nested_validation=True)
    @unchanged_on_error
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: Any = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one pass over a part of the data, without early stopping or a teacher.

        Parameters
        ----------
        X : array-like of shape (n, n_features) or (n, n_steps, n_channels)
            One part of the data.
        y : array-like of shape (n,) or (n, n_heads)
            Its labels.
        classes : array-like or list of array-like, default=None
            All classes, one array per head; needed at the first call if the first part
            does not hold them all. Missing labels among them are no classes.
        sample_weight : array-like of shape (n,) or (n, n_heads), default=None
            Weight of each row, or of each label.

        Returns
        -------
        DualPathCNNClassifier
            The classifier, trained a little more.
        """
        first = not hasattr(self, "nets_")
        signals = self._read_signals(X, reset=first)
        labels = Labels.read(y, sample_weight)
        heads = None if classes is None else Heads.from_classes(labels, classes)
        if first:
            self._build(signals, heads or Heads.from_labels(labels))
        elif heads is not None:
            self._heads.check_same(heads)
        return self._train(self._rows(signals, labels), epochs=1)

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64] | list[NDArray[np.float64]]:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, n_features) or (n, n_steps, n_channels)
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes) and dtype float64, or a list of them
            One array per head if y had several columns.
        """
        return self._by_head([softmax(logits) for logits in self._logits(X)])

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float64] | list[NDArray[np.float64]]:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n, n_features) or (n, n_steps, n_channels)
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n, n_classes) and dtype float64, or a list of them
            One array per head if y had several columns; always finite.
        """
        return self._by_head([log_softmax(logits, axis=1) for logits in self._logits(X)])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most probable class of each head.

        Parameters
        ----------
        X : array-like of shape (n, n_features) or (n, n_steps, n_channels)
            Rows as in `fit`.

        Returns
        -------
        ndarray of shape (n,) or (n, n_heads)
            Class labels, as they were given to `fit`.
        """
        codes = np.column_stack([logits.argmax(axis=1) for logits in self._logits(X)])
        return self._heads.decode(codes)

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the share of rows of which every head with a label is right.

        Parameters
        ----------
        X : array-like of shape (n, n_features) or (n, n_steps, n_channels)
            Rows as in `fit`.
        y : array-like of shape (n,) or (n, n_heads)
            True labels; missing ones do not count.
        sample_weight : array-like of shape (n,), default=None
            Weight of each row.

        Returns
        -------
        float
            Subset accuracy in [0, 1].
        """
        predicted = Labels.read(self.predict(X))
        return share_right(Labels.read(y, sample_weight).in_order_of(self.head_names_), predicted)

    @property
    def net_(self) -> NeuralNet:
        """The one skorch net of `sharing="trunk"`."""
        check_is_fitted(self, "nets_")
        if len(self.nets_) > 1:
            raise AttributeError(
                'With sharing="none" there is one net per head; use nets_ instead of net_.'
            )
        return self.nets_[0]

    @property
    def _row_shape(self) -> tuple[int, ...]:
        channels, steps = self.input_shape_
        return (steps, channels) if self.windowed_ else (steps,)

    @property
    def _heads(self) -> Heads:
        classes = self.classes_ if isinstance(self.classes_, list) else [self.classes_]
        return Heads(tuple(self.head_names_), tuple(classes), not isinstance(self.classes_, list))

    def _build(self, X: Inputs, heads: Heads) -> None:
        """Make new nets for the signals and the heads, untrained."""
        self.classes_ = heads.classes[0] if heads.single_output else list(heads.classes)
        self.n_heads_ = len(heads.names)
        self.head_names_ = list(heads.names)
        self.windowed_ = X.ndim == 3
        self.input_shape_ = (X.shape[2], X.shape[1]) if self.windowed_ else (1, X.shape[1])
        self.history_ = pd.DataFrame()
        self.seed_ = int(check_random_state(self.random_state).randint(2**31 - 1))
        self.nets_ = build_nets(
            self.get_params(deep=False), self.input_shape_, heads, seed=self.seed_
        )

    def _by_head(self, arrays: list[NDArray[Any]]) -> Any:
        """Return one array for a single output, else the list."""
        return arrays[0] if self._heads.single_output else arrays

    def _train(self, rows: Rows, *, epochs: int, watch: Watch | None = None) -> Self:
        """Train every net on the rows that carry a label of its heads."""
        weights = class_weights(self.class_weight, self._heads, rows.codes, rows.weights)
        paths = assign_heads(self.n_heads_, self.sharing)
        adjust_nets(self.nets_, self.get_params(deep=False))
        train_paths(self.nets_, paths, rows, weights, watch=watch, epochs=epochs, seed=self.seed_)
        names = [[self.head_names_[head] for head in path] for path in paths]
        self.history_ = read_history(self.nets_, names)
        return self

    def _watch(
        self, groups: ArrayLike | None, X_val: ArrayLike | None, y_val: ArrayLike | None
    ) -> Watch | None:
        """Return what early stopping watches, if it is asked for."""
        if (X_val is None) != (y_val is None):
            raise HeadError(
                "Only one of X_val and y_val was given, expected both: the rows that early "
                "stopping watches and their labels."
            )
        if not self.early_stopping:
            return None
        rows = None if X_val is None else self._rows(self._read_signals(X_val), Labels.read(y_val))
        return Watch(
            patience=self.n_iter_no_change,
            tol=self.tol,
            fraction=self.validation_fraction,
            groups=groups,
            rows=rows,
        )

    def _rows(self, X: Inputs, labels: Labels) -> Rows:
        check_consistent_length(X, labels.weights)
        labels = labels.in_order_of(self.head_names_)
        return Rows(X, self._heads.encode(labels), labels.weights)

    def _read_signals(self, X: ArrayLike, *, reset: bool = False) -> Inputs:
        signals = read_signals(self, X, reset=reset)
        check_row_shape(signals, None if reset else self._row_shape)
        return signals

    def _logits(self, X: ArrayLike) -> list[NDArray[np.float64]]:
        """Return (n, n_classes) logits of each head."""
        check_is_fitted(self, "nets_")
        signals = as_signals(self._read_signals(X))
        return [logits for net in self.nets_ for logits in predict_logits(net, signals)]

    def _sk_visual_block_(self) -> Any:
        check_is_fitted(self, "nets_")  # else scikit-learn draws the plain estimator
        return draw_network(
            [net.module_ for net in self.nets_],
            self.head_names_,
            [len(classes) for classes in self._heads.classes],
        )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
