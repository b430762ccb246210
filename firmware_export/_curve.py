"""Monotone piecewise-linear maps: what the preprocessing does to a number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A map that never decreases: straight lines between knots.

    Attributes
    ----------
    knots, levels : ndarray of shape (n_knots,)
        Where the slope changes, increasing, and what comes out there. One knot is a
        constant.
    unlimited : bool
        Whether the line goes on beyond the knots, of which there are then two.
        Otherwise the nearest knot's level counts there.

    Examples
    --------
    >>> import numpy as np
    >>> rank = Curve(np.array([0.0, 10.0, 1000.0]), np.array([0.0, 0.5, 1.0]))
    >>> rank([5.0, 505.0, 9999.0])
    array([0.25, 0.75, 1.  ])
    >>> upper_half = Curve(np.array([0.5, 1.0]), np.array([-1.0, 1.0]))
    >>> rank.then(upper_half).knots
    array([  10., 1000.])
    """

    knots: Floats
    levels: Floats
    unlimited: bool = False

    def __call__(self, values: ArrayLike) -> Floats:
        """Map values; NaN stays NaN."""
        given = np.asarray(values, dtype=np.float64)
        if self.unlimited:
            return self.levels[0] + (given - self.knots[0]) * self._slope
        # A single knot would give its level for NaN too.
        return np.where(np.isnan(given), given, np.interp(given, self.knots, self.levels))

    def then(self, other: "Curve") -> "Curve":
        """Return the map that applies this one and then the other."""
        if self.unlimited:
            knots = self.knots[0] + (other.knots - self.levels[0]) / self._slope
            return Curve(knots, other.levels, other.unlimited)
        levels = other(self.levels)
        if other.unlimited:
            return Curve(self.knots, levels)
        inside = (other.knots > self.levels[0]) & (other.knots < self.levels[-1])
        reached = np.interp(other.knots[inside], self.levels, self.knots)
        # Both increase; sorting each undoes what rounding may have swapped.
        knots = np.sort(np.append(self.knots, reached))
        levels = np.sort(np.append(levels, other.levels[inside]))
        # Where the ends are level, the innermost knot says it all.
        first = int(np.searchsorted(levels, levels[0], side="right")) - 1
        last = int(np.searchsorted(levels, levels[-1], side="left"))
        kept = slice(first, max(first, last) + 1)
        return Curve(knots[kept], levels[kept])

    @property
    def _slope(self) -> float:
        rise, run = np.diff(self.levels)[0], np.diff(self.knots)[0]
        return float(rise / run)


IDENTITY = Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), unlimited=True)
