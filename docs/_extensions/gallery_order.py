"""The order in which the gallery is read, from the first steps to the chip."""

from pathlib import Path

READING = (
    "first_pipeline",
    "grid_search",
    "two_data_sets",
    "scale_out",
    "find_leakage",
    "decisions_with_costs",
    "why_this_alert",
    "day_on_the_ward",
    "to_esp32",
    "quantisation",
    "right_size",
)


class ByReading:
    """Sorts examples by `READING`; others come after, by name."""

    def __init__(self, src_dir: str) -> None:
        self.src_dir = src_dir

    def __call__(self, filename: str) -> tuple[int, str]:
        """Return the sorting key of an example's file name."""
        stem = Path(filename).stem
        return (READING.index(stem) if stem in READING else len(READING), stem)
