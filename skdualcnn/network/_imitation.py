"""Training a network to give the probabilities that it is told, instead of labels."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from skdualcnn.network._batches import BatchIterator, LabelledSignals, Signals, Visits
from skdualcnn.network._dual_path import DualPathNetwork
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
    # In place of a label, each row carries its own number, to look its targets up by.
    rows = LabelledSignals(signals, torch.arange(len(signals)), visits)
    optimizer = torch.optim.Adam(network.parameters(), lr=lr, fused=True)
    network.train()
    with isolated(seed):
        for batch, (numbers, weights) in BatchIterator(rows, batch_size, seed):
            loss = torch.zeros((), device=device)
            for head, logits in enumerate(network(batch.to(device))):
                wanted, weight = targets[head][numbers].to(device), weights[:, head].to(device)
                losses = functional.cross_entropy(logits, wanted, reduction="none")
                loss = loss + torch.dot(losses, weight) / weight.sum().clamp_min(1e-12)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    network.eval()
