"""Series with gaps: what was read last stands at each step, in floats and in integers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdualcnn.preprocessing._series import find_latest


def carry_forward(signal: NDArray[Any], gaps: NDArray[np.bool_], ages: NDArray[Any]) -> None:
    """Let the values of a signal stand until the next ones, and say how old they are.

    Parameters
    ----------
    signal : ndarray of shape (n, n_steps, 3 * n_channels)
        Values, gaps and ages; changed in place. At a gap before the first reading of a
        channel, the value is what stands there.
    gaps : ndarray of n * n_steps * n_channels bool
        Whether nothing was read.
    ages : ndarray of shape (n_steps + 1,)
        Input for each age, and at last for no reading so far.

    Examples
    --------
    >>> import numpy as np
    >>> signal = np.array([[[50, 1, 0], [70, 0, 0], [50, 1, 0]]])
    >>> carry_forward(signal, np.array([True, False, True]), np.array([0, 14, 25, 100]))
    >>> signal[0]
    array([[ 50,   1, 100],
           [ 70,   0,   0],
           [ 70,   1,  14]])
    """
    n, n_steps, inputs = signal.shape
    n_channels = inputs // 3
    latest = find_latest(gaps.reshape(n, n_steps, n_channels))
    values = signal[:, :, :n_channels]
    values[:] = np.take_along_axis(values, np.maximum(latest, 0), axis=1)
    steps = np.arange(n_steps)[None, :, None]
    signal[:, :, 2 * n_channels :] = ages[np.where(latest < 0, n_steps, steps - latest)]
