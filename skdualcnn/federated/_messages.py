"""What server and sites say to each other besides weights, and a list of all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# Keys of the dictionaries that Flower carries beside the weights.
MODEL = "model"
EPOCHS = "epochs"
SITES = "sites"
WANTS_SUMMARY = "wants_summary"
SITE = "site"
SUMMARY = "summary"
LOSS = "train_loss"
ROWS_OF_HEAD = "rows of head "


@dataclass
class Wire:
    """The payloads that went to and from the server, as they are handed to gRPC.

    gRPC and TLS add their frames, some hundred bytes a message.
    """

    _rows: list[dict[str, object]] = field(default_factory=list)

    def note(self, number: int, site: str, *, to_site: bool, what: str, n_bytes: int) -> None:
        """Add a payload."""
        way = "server to site" if to_site else "site to server"
        self._rows.append(
            {"round": number, "site": site, "way": way, "what": what, "bytes": n_bytes}
        )

    def table(self) -> pd.DataFrame:
        """Return a row per payload."""
        return pd.DataFrame(self._rows, columns=["round", "site", "way", "what", "bytes"])


def size_of(tensors: Sequence[bytes]) -> int:
    """Return the bytes of serialised weights."""
    return sum(len(one) for one in tensors)


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean; NaN where nothing counts."""
    total: NDArray[np.float64] = np.asarray(weights, dtype=np.float64)
    return float(np.average(values, weights=total)) if total.sum() > 0 else float("nan")
