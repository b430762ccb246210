"""Gradients of a network's answers by its inputs, and training on inputs moved along them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from skorch import NeuralNet
from skorch.callbacks import Callback

from skdualcnn.network._answer import CHUNK
from skdualcnn.network._batches import Signals
from skdualcnn.network._training import isolated


def log_odds_gradient(
    net: NeuralNet, signals: Signals, *, head: int, normal: int
) -> NDArray[np.float64]:
    """Return how the log odds of "not normal" change with each input.

    They rise with the anomaly score, and unlike it have a gradient where the network is
    sure.

    Parameters
    ----------
    net : NeuralNet
        A trained net.
    signals : Signals of shape (n, n_channels, n_steps)
        Where to take the gradient.
    head, normal : int
        Positions of the head among those of the net, and of its normal class.

    Returns
    -------
    ndarray of shape (n, n_channels, n_steps) and dtype float64
        In nats per unit of the input.
    """
    module = net.module_.eval()
    parts = []
    with isolated(0):
        for first in range(0, len(signals), CHUNK):
            chunk = signals[first : first + CHUNK].to(net.device)
            chunk = chunk.detach().requires_grad_()
            logits = module(chunk)[head]
            others = [code for code in range(logits.shape[1]) if code != normal]
            odds = logits[:, others].logsumexp(dim=1) - logits[:, normal]
            parts.append(torch.autograd.grad(odds.sum(), chunk)[0].cpu().double().numpy())
    return np.concatenate(parts)


class AdversarialTraining(Callback):
    """Train on the worst inputs within a distance of the given ones.

    Before each training step, every row of the batch is moved by projected gradient
    descent to where the loss is larger (Madry et al., "Towards deep learning models
    resistant to adversarial attacks", 2018). Validation rows stay as they are. An epoch
    takes about `n_iter` + 1 times as long.

    Parameters
    ----------
    epsilon : float or array-like of shape (n_features,)
        Largest change of each feature, as the network reads it;
        :func:`~skdualcnn.adversarial.accuracy_of_features` returns what the accuracy of
        sensors comes to.
    n_iter : int, default=3
        Gradient steps per batch, each of 1.5 `epsilon` / `n_iter`, from a random point
        within `epsilon`.

    See Also
    --------
    skdualcnn.adversarial.perturb_readings : The attack that this is to withstand.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn import DualPathCNNClassifier
    >>> from skdualcnn.adversarial import AdversarialTraining
    >>> X = np.random.default_rng(0).random((200, 8))
    >>> y = (X[:, 2] > 0.5).astype(int)
    >>> defence = AdversarialTraining(epsilon=0.05)
    >>> clf = DualPathCNNClassifier(callbacks=[defence], lr=0.01, random_state=0).fit(X, y)
    >>> clf.score(X, y) > 0.8
    True
    """

    def __init__(self, epsilon: ArrayLike, *, n_iter: int = 3) -> None:
        self.epsilon = epsilon
        self.n_iter = n_iter

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Check the parameters.

        Parameters
        ----------
        net : NeuralNet
            The net that trains.
        **kwargs : dict
            What else skorch says.

        Raises
        ------
        ValueError
            If `epsilon` is negative or not finite, or `n_iter` less than 1.
        """
        epsilon = np.asarray(self.epsilon, dtype=np.float64)
        if epsilon.ndim > 1 or not (np.isfinite(epsilon) & (epsilon >= 0)).all():
            raise ValueError(
                f"epsilon={self.epsilon!r}, expected a finite number of 0 or more, or one per "
                "feature."
            )
        if self.n_iter < 1:
            raise ValueError(f"n_iter={self.n_iter!r}, expected 1 or more.")

    def on_batch_begin(
        self, net: NeuralNet, batch: Any = None, training: bool = False, **kwargs: Any
    ) -> None:
        """Move the rows of a training batch, in place.

        Parameters
        ----------
        net : NeuralNet
            The net that trains.
        batch : tuple
            Signals of shape (n, n_channels, n_steps), and their targets.
        training : bool
            Whether the batch is trained on.
        **kwargs : dict
            What else skorch says.

        Raises
        ------
        ValueError
            If `epsilon` has one number per feature, and they are not as many.
        """
        if not training:
            return
        signals = batch[0].to(net.device)
        reach = self._reach(signals)
        targets = tuple(part.to(net.device) for part in batch[1])
        module = net.module_.eval()  # skorch's step goes back to training
        moved = signals + reach * (2 * torch.rand_like(signals) - 1)
        for _ in range(self.n_iter):
            moved = moved.detach().requires_grad_()
            loss = net.criterion_(module(moved), targets)
            uphill = torch.autograd.grad(loss, moved)[0].sign()
            moved = moved + reach * 1.5 / self.n_iter * uphill
            moved = torch.clamp(moved, signals - reach, signals + reach)
        # A batch is a copy of its rows, so the training data stay as they are.
        batch[0].copy_(moved.detach())

    def _reach(self, signals: torch.Tensor) -> torch.Tensor:
        """Return epsilon in a shape that broadcasts to signals."""
        epsilon = torch.as_tensor(np.asarray(self.epsilon), dtype=torch.float32).to(signals.device)
        channels, steps = signals.shape[1:]
        n_features = steps if channels == 1 else channels
        if epsilon.ndim == 1 and len(epsilon) != n_features:
            raise ValueError(
                f"epsilon has {len(epsilon)} numbers, expected {n_features}: one per feature that "
                "the network reads."
            )
        # A row is a signal along its features; a window has a channel per feature.
        return epsilon if epsilon.ndim == 0 or channels == 1 else epsilon[:, None]
