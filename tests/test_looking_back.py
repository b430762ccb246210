import pytest
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline

from skdualcnn._looking_back import find_backward_steps, n_rows_before
from skdualcnn.preprocessing import GapImputer, HampelFilter, OutlierClipper, SlidingWindow


@pytest.mark.parametrize(
    ("step", "n_rows"),
    [
        (SlidingWindow(5, stride=3), 12),
        (HampelFilter(7), 6),
        (HampelFilter(7, causal=False), None),
        (GapImputer(4), 4),
        (GapImputer(), None),
        (GapImputer(4, add_age=True), None),
        (GapImputer("1min", time="time"), None),
    ],
)
def test_rows_before(step, n_rows):
    assert n_rows_before(step) == n_rows


def test_steps_at_any_depth_each_once():
    window, gaps = SlidingWindow(5), GapImputer(4)
    inner = make_pipeline(OutlierClipper(), SlidingWindow(1), FrozenEstimator(window))
    steps = find_backward_steps(make_pipeline(gaps, FrozenEstimator(inner)))
    assert steps == [gaps, window]
