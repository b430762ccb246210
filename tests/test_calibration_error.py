import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from skdualcnn._calibration_error import calibration_floor
from skdualcnn.metrics import expected_calibration_error, maximum_calibration_error

# Two bins of width 0.5: three rows of mean 0.2 of which one came true, and two of mean
# 0.8 which both did.
EVENTS, PROBABILITIES = [0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.9]
GAPS = (1 / 3 - 0.2, 0.2)


def test_by_hand():
    error = expected_calibration_error(EVENTS, PROBABILITIES, n_bins=2)
    assert error == pytest.approx((3 * GAPS[0] + 2 * GAPS[1]) / 5)
    assert maximum_calibration_error(EVENTS, PROBABILITIES, n_bins=2) == pytest.approx(GAPS[1])


def test_one_bin_compares_the_means():
    assert expected_calibration_error(EVENTS, PROBABILITIES, n_bins=1) == pytest.approx(
        abs(np.mean(EVENTS) - np.mean(PROBABILITIES))
    )


@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
@pytest.mark.parametrize("n_bins", [2, 10, 15])
def test_bins_are_those_of_the_calibration_curve(strategy, n_bins):
    rng = np.random.default_rng(0)
    # Rounded, so that values fall on the edges, 0 and 1 included.
    probability = rng.random(400).round(1 if strategy == "uniform" else 3)
    event = rng.random(400) < probability**2
    observed, predicted = calibration_curve(event, probability, n_bins=n_bins, strategy=strategy)
    worst = maximum_calibration_error(event, probability, n_bins=n_bins, strategy=strategy)
    assert worst == pytest.approx(np.abs(observed - predicted).max())


def test_certain_and_right_is_perfect():
    assert expected_calibration_error([True, False], [1.0, 0.0]) == 0
    assert expected_calibration_error([True, False], [0.0, 1.0]) == 1


@pytest.mark.parametrize(
    ("labels", "probabilities", "options", "message"),
    [
        ([0, 1], [0.1], {}, "inconsistent numbers"),
        ([], [], {}, "no row"),
        ([0, 2], [0.1, 0.2], {}, "other than 0 and 1"),
        (["no", "yes"], [0.1, 0.2], {}, "other than 0 and 1"),
        ([0, 1], [0.1, 1.2], {}, "outside"),
        ([0, 1], [0.1, np.nan], {}, "outside"),
        ([0, 1], [0.1, 0.2], {"strategy": "width"}, "strategy='width'"),
        ([0, 1], [0.1, 0.2], {"n_bins": 0}, "n_bins=0"),
    ],
)
def test_errors(labels, probabilities, options, message):
    for error in (expected_calibration_error, maximum_calibration_error):
        with pytest.raises(ValueError, match=message):
            error(labels, probabilities, **options)


def test_the_floor_falls_with_the_rows():
    probability = np.random.default_rng(1).random(10_000)
    few, many = calibration_floor(probability[:400], 0), calibration_floor(probability, 0)
    assert few == pytest.approx(5 * many, rel=0.2)  # as the root of the rows


def test_the_floor_of_certainty_is_zero():
    assert calibration_floor(np.array([0.0, 1.0, 1.0]), 0) == 0
