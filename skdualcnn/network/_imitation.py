"""Training a network to give the probabilities that it is told, instead of labels."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from skdualcnn.network._batches import BatchIterator, LabelledSignals, Signals, Visits
from skdualcnn.network._dual_path import DualPathNetwork
from skdualcnn.network._loss import MultiHeadCrossEntropy
from skdualcnn.network._training import isolated


def imitate(
    network: DualPathNetwork,
    signals: Signals,
    visits: Visits,
    probabilities: Sequence[NDArray[np.float64]],
    *,
    lr: float,
    batch_size: int,
    seed: int,
) -> None:
    """Train a network for one epoch on given probabilities.

    The loss is the cross-entropy with them, added up over heads; it is smallest where
    the network gives the same ones.

    Parameters
    ----------
    network : DualPathNetwork
        Changed in place.
    signals : Tensor or GatheredSignals of shape (n, in_channels, length) and dtype float32
        Input signals.
    visits : Visits
        The rows that the epoch visits, with their weights.
    probabilities : sequence of ndarray of shape (n, n_classes)
        One per head.
    lr : float
        Learning rate of a new Adam.
    batch_size : int
        Rows per step.
    seed : int
        Of the order of the rows.

    References
    ----------
    Hinton, G., Vinyals, O. & Dean, J. (2015). Distilling the knowledge in a neural
    network.
    """
    device = next(network.parameters()).device
    targets = [torch.from_numpy(one).float() for one in probabilities]
    codes = torch.column_stack([target.argmax(1) for target in targets])
    rows = LabelledSignals(signals, codes, visits, targets)
    criterion = MultiHeadCrossEntropy()
    optimizer = torch.optim.Adam(network.parameters(), lr=lr, fused=True)
    network.train()
    with isolated(seed):
        for batch, target in BatchIterator(rows, batch_size, seed):
            logits = network(batch.to(device))
            loss = criterion(logits, tuple(part.to(device) for part in target))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
