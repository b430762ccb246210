"""What each input of a trained network adds to one head's anomaly score."""

import numpy as np
import torch
from numpy.typing import NDArray
from skorch import NeuralNet

from skdualcnn._extras import import_extra
from skdualcnn.network._answer import CHUNK
from skdualcnn.network._batches import Signals
from skdualcnn.network._training import isolated

TOLERANCE = 0.01  # by which contributions may miss the score
MAX_STEPS = 1024  # points beyond which no more are taken for it

Calibration = tuple[NDArray[np.float64], NDArray[np.float64]]


def integrate_gradients(
    net: NeuralNet,
    signals: Signals,
    reference: Signals,
    *,
    head: int,
    normal: int,
    calibration: Calibration,
    n_steps: int,
) -> NDArray[np.float64]:
    """Return integrated gradients of one minus the probability of the normal class.

    The gradient is averaged on the straight line from the reference to the signal and
    multiplied by the difference of the two (Sundararajan, Taly and Yan, 2017), so that
    the contributions add up to the difference of the two scores. Signals of which they
    miss it by more than `TOLERANCE` get twice the points, up to `MAX_STEPS`.

    Parameters
    ----------
    net : NeuralNet
        A trained net.
    signals : Signals of shape (n, n_channels, n_steps)
        What to explain.
    reference : Signals of shape (1, n_channels, n_steps)
        The signal that the contributions are counted from.
    head, normal : int
        Positions of the head among those of the net, and of its normal class.
    calibration : tuple of ndarray of shapes (n_classes, n_classes) and (n_classes,)
        What multiplies the logits, and what is added to them.
    n_steps : int
        Points on the line at which the gradient is taken first.

    Returns
    -------
    ndarray of shape (n, n_channels, n_steps) and dtype float64
        Contributions to the score, in units of probability.

    Raises
    ------
    MissingPackageError
        If Captum is not installed.
    """
    module = net.module_.eval()
    captum = import_extra("captum.attr", "explain")
    matrix, shift = (torch.from_numpy(part).float().to(net.device) for part in calibration)

    def anomaly(signal: torch.Tensor) -> torch.Tensor:
        logits = module(signal)[head] @ matrix.T + shift
        return 1 - logits.softmax(dim=1)[:, normal]

    rule = captum.IntegratedGradients(anomaly)
    start = reference[:1].to(net.device)

    def attribute(chunk: torch.Tensor, n_steps: int) -> torch.Tensor:
        found, missed = rule.attribute(
            chunk,
            start,
            n_steps=n_steps,
            internal_batch_size=CHUNK,
            return_convergence_delta=True,
        )
        found, rough = found.detach(), missed.abs() > TOLERANCE
        if 2 * n_steps <= MAX_STEPS and rough.any():
            found[rough] = attribute(chunk[rough], 2 * n_steps)
        return found

    parts = []
    with isolated(0):
        for first in range(0, len(signals), CHUNK):
            found = attribute(signals[first : first + CHUNK].to(net.device), n_steps)
            parts.append(found.cpu().double().numpy())
    return np.concatenate(parts)
