"""What noise, missing values and both of a level mean."""

KINDS = ("noise", "missing values", "both")
LEVELS = (0.05, 0.1, 0.2, 0.3)
MEANING = (
    "Noise of 30 % is Gaussian, with a standard deviation of 0.3 times that of the column in the "
    "training rows; of a categorical column, 30 % of the values are drawn anew from the training "
    "rows. Missing values of 30 %: each value is missing with a probability of 0.3. Only test rows "
    "are changed, in the same way for every model."
)


def strengths(kind: str, level: float) -> dict[str, float]:
    """Return what `skdualcnn.preprocessing.disturb` calls a kind of that level."""
    return {
        "noise": 0.0 if kind == "missing values" else level,
        "missing": 0.0 if kind == "noise" else level,
    }
