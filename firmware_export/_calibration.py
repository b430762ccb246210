"""Calibration: the magnitude that the integers of each signal must be able to hold.

Three ways to read it off the float network's signals on calibration data:

- "minmax": the largest magnitude. Nothing is clipped.
- "percentile": the 99.9th percentile of the magnitudes.
- "mse": the magnitude that makes the mean squared difference to the float signal
  smallest, rounding and clipping together (Sung, W., Shin, S. & Hwang, K. (2015).
  Resiliency of deep neural networks under quantization; Banner, R. et al. (2019). Post
  training 4-bit quantization of convolutional networks for rapid-deployment. NeurIPS).

Logits always cover their largest magnitude: they keep 16 bits, and clipping them would
make probabilities alike.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from firmware_export._graph import Floats, Graph
from firmware_export._layers import Layer, LinearLayer, PoolLayer
from firmware_export._quantize_columns import input_range
from firmware_export._reference import run_reference
from skdualcnn.preprocessing._gathered import take_changes

Calibration = Literal["minmax", "percentile", "mse"]
CALIBRATIONS: tuple[str, ...] = get_args(Calibration)

PERCENTILE = 99.9
"""Share of calibration values, in percent, that the percentile range covers."""
MSE_SHARES = 2.0 ** -(np.arange(65) / 8)
"""Ranges that "mse" tries, as shares of the largest magnitude: eighths of an octave."""
MSE_BINS = 2**16
"""Bins of the histogram that stands for a signal's magnitudes: half a step of 16 bits."""


def measure_ranges(
    graph: Graph, inputs: Floats, layers: list[Layer], calibration: Calibration, limit: int
) -> list[float]:
    """Return the magnitude that each tensor must be able to hold, the input first.

    Parameters
    ----------
    graph : Graph
    inputs : ndarray of shape (n, steps, channels)
        Of each row of the calibration data, before changes are taken.
    layers : list of Layer
        Of the graph, in the order they run.
    calibration : {"minmax", "percentile", "mse"}
    limit : int
        Integers are within [-limit, limit].
    """
    logits = {layer.target for layer in layers if isinstance(layer, LinearLayer) and layer.is_head}
    ranges = []
    front_end = graph.front_end
    signal = take_changes(inputs, front_end.changes)
    for index, values in enumerate(run_reference(graph, signal)):
        magnitudes = np.abs(values)
        if calibration == "minmax" or index in logits:
            largest = float(magnitudes.max())
        elif calibration == "percentile":
            largest = float(np.percentile(magnitudes, PERCENTILE))
        else:
            largest = least_squares_range(magnitudes, limit)
        # A tensor that is zero on all calibration data still needs a scale.
        ranges.append(largest if largest > 0 else 1.0)
    # Rows are kept as integers of the same scale as their changes.
    kept = float(np.abs(inputs).max()) if front_end.changes else 0.0
    ranges[0] = input_range(front_end, max(ranges[0], kept))
    for layer in layers:
        if isinstance(layer, PoolLayer):  # a maximum is then the very integer
            ranges[layer.target] = ranges[layer.source]
    return ranges


def least_squares_range(magnitudes: NDArray[np.float64], limit: int) -> float:
    """Return the range of `MSE_SHARES` whose integers are closest to the magnitudes.

    Parameters
    ----------
    magnitudes : ndarray of any shape and dtype float64
        Not negative.
    limit : int
        The range is this many steps.

    Examples
    --------
    A lone outlier is clipped where that pays in finer steps for all the rest.

    >>> import numpy as np
    >>> magnitudes = np.append(np.linspace(0, 1, 1_000_000), 2.0)
    >>> least_squares_range(magnitudes, limit=127)
    1.0
    >>> least_squares_range(magnitudes, limit=32767)
    2.0
    """
    largest = float(magnitudes.max())
    if largest == 0:
        return largest
    counts, edges = np.histogram(magnitudes, bins=MSE_BINS, range=(0.0, largest))
    filled = counts > 0
    counts, centres = counts[filled], (edges[1:] - edges[1] / 2)[filled]
    candidates = largest * MSE_SHARES
    errors = []
    for step in candidates / limit:
        rounded = np.minimum(np.rint(centres / step), limit) * step
        errors.append(counts @ (centres - rounded) ** 2)
    return float(candidates[int(np.argmin(errors))])
