"""Windows that are put together when they are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class GatheredWindows:
    """One window per row, kept as rows and gathered when it is indexed.

    An array-like: it has a shape and a length, it is indexed along its first axis like
    an array, and `numpy.asarray` makes the whole array of it, `length` times the size
    of the rows.

    Attributes
    ----------
    rows : ndarray of shape (n_rows, n_features) and dtype float32
        The rows, those of a group next to each other in the order of time.
    place : ndarray of shape (n,) and dtype int64
        Where in `rows` each window ends.
    first : ndarray of shape (n,) and dtype int64
        Where in `rows` the group of each window begins.
    length : int
        Rows per window.
    stride : int
        Distance of two neighbouring rows of a window.
    add_indicator : bool
        Whether missing values are 0 and marked in channels of their own.
    changes : tuple of int
        Channels that hold changes instead of values.

    See Also
    --------
    SlidingWindow : Makes them.

    Examples
    --------
    >>> import numpy as np
    >>> from skdualcnn.preprocessing import SlidingWindow
    >>> X = np.array([[0, 1.0], [0, 2.0], [7, 3.0], [7, 4.0]])
    >>> windows = SlidingWindow(length=2, by=0).fit_transform(X)
    >>> windows.shape
    (4, 2, 1)
    >>> windows[2:][:, :, 0]
    array([[3., 3.],
           [3., 4.]], dtype=float32)
    """

    rows: NDArray[np.float32]
    place: NDArray[np.int64]
    first: NDArray[np.int64]
    length: int
    stride: int
    add_indicator: bool
    changes: tuple[int, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Windows, rows of each, channels."""
        n_features = self.rows.shape[1]
        return len(self.place), self.length, n_features * (2 if self.add_indicator else 1)

    @property
    def ndim(self) -> int:
        """Number of axes: 3."""
        return 3

    @property
    def dtype(self) -> np.dtype[np.float32]:
        """Always float32."""
        return np.dtype(np.float32)

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, key: Any) -> Any:
        """Return windows as an array; what follows the first index applies to it."""
        key, *others = key if isinstance(key, tuple) else (key,)
        if key is Ellipsis:
            key, others = slice(None), [Ellipsis, *others]
        place = self.place[key]
        steps = self.stride * np.arange(1 - self.length, 1)
        wanted = place[..., None] + steps
        first = self.first[key][..., None]
        windows = self.rows[np.maximum(wanted, first)]
        if self.add_indicator:
            missing = np.isnan(windows) | (wanted < first)[..., None]
            windows = np.concatenate(
                [np.where(missing, np.float32(0), windows), missing.astype(np.float32)], axis=-1
            )
        windows = take_changes(windows, self.changes)
        return windows[tuple(others) if place.ndim == 0 else (slice(None), *others)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("Gathered windows become an array only by a copy.")
        windows: NDArray[Any] = self[:]
        return windows if dtype is None else windows.astype(dtype, copy=False)


def take_changes(windows: NDArray[Any], channels: Sequence[int]) -> NDArray[Any]:
    """Return windows in which some channels hold what changed since the step before.

    Parameters
    ----------
    windows : ndarray of shape (..., length, n_channels)
        Values.
    channels : sequence of int
        Those to take the changes of. They are 0 in the first step, before which a window
        knows nothing.

    Returns
    -------
    ndarray of that shape and dtype
        `windows` itself where no channel changes.

    Examples
    --------
    >>> import numpy as np
    >>> take_changes(np.array([[[97, 5], [96, 5], [90, 7]]]), [0])
    array([[[ 0,  5],
            [-1,  5],
            [-6,  7]]])
    """
    if not channels:
        return windows
    chosen, changed = list(channels), windows.copy()
    changed[..., 0, chosen] = 0
    changed[..., 1:, chosen] -= windows[..., :-1, chosen]
    return changed
