"""What became of every reading, counted."""

from collections import Counter
from collections.abc import Mapping

from skdualcnn.exceptions import StreamError

ACCEPTED = "accepted"
REFUSALS = (
    "late",
    "duplicate",
    "unknown_stream",
    "unknown_column",
    "missing_column",
    "bad_message",
    "bad_device",
    "bad_time",
    "bad_value",
    "infinite_value",
    "oversized",
    "crowded",
    "jumped",
)
OUTCOMES = ("ticks", "refused_rows", "restarted_devices", "dropped_devices")


class Counters:
    """Counts by kind; every kind is there from the start, at 0."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter(dict.fromkeys((ACCEPTED, *REFUSALS, *OUTCOMES), 0))

    def add(self, kind: str, n: int = 1) -> None:
        """Count `n` more of a kind."""
        self._counts[kind] += n

    def read(self) -> dict[str, int]:
        """Return the counts as they are now."""
        return dict(self._counts)

    def restore(self, counts: Mapping[str, int]) -> None:
        """Go on from counts that were read before.

        Raises
        ------
        StreamError
            If they are of other kinds.
        """
        if set(counts) != set(self._counts):
            raise StreamError(
                f"The saved counters are {sorted(counts)}, expected {sorted(self._counts)}. Start "
                "a new detector."
            )
        self._counts = Counter(counts)
