"""The picture of one decision."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

from skdualcnn.explanation import AttributionDisplay

pytest.importorskip("captum", reason="Captum is not installed")


def test_rows_have_a_panel_per_head(known):
    X, _, decider = known
    display = AttributionDisplay.from_estimator(decider, X.head(4), reference=X, n_columns=3)
    assert len(display.ax_) == 2
    assert [len(ax.get_yticklabels()) for ax in display.ax_] == [3, 3]
    assert display.figure_.get_suptitle() == decider.predict(X.head(4))[-1]


def test_windows_have_their_steps_too(ward):
    bunch, normal, decider = ward
    rows = bunch.data.head(30)
    display = AttributionDisplay.from_estimator(decider, rows, reference=normal)
    assert len(display.ax_) == 4
    steps = np.array([bar.get_height() for bar in display.ax_[2].patches]).reshape(3, 4)
    found = display.attributions.by_step("health").iloc[-1]
    np.testing.assert_allclose(steps.sum(axis=0), found, atol=1e-12)


def test_stacked_bars_do_not_cover_each_other(ward):
    bunch, normal, decider = ward
    display = AttributionDisplay.from_estimator(decider, bunch.data.head(30), reference=normal)
    bars = [bar for bar in display.ax_[2].patches if round(bar.get_x() + bar.get_width() / 2) == 0]
    ends = sorted(sorted((bar.get_y(), bar.get_y() + bar.get_height())) for bar in bars)
    assert len(ends) == 3
    assert all(low[1] <= high[0] + 1e-12 for low, high in pairwise(ends))


def test_the_legend_gives_the_sum_of_each_modality(ward):
    bunch, normal, decider = ward
    display = AttributionDisplay.from_estimator(decider, bunch.data.head(30), reference=normal)
    labels = [text.get_text() for text in display.ax_[0].get_legend().get_texts()]
    sums = display.attributions.by_modality("health").iloc[-1]
    assert labels == [f"{name} {round(total, 2) + 0.0:+.2f}" for name, total in sums.items()]
    assert [label.split()[0] for label in labels] == ["patient", "environment", "network"]


def test_the_legend_hides_no_bar_of_a_small_panel(ward):
    bunch, normal, decider = ward
    figure, axes = plt.subplots(4, 1, figsize=(4, 11), layout="constrained")
    AttributionDisplay.from_estimator(decider, bunch.data.head(30), reference=normal, ax=axes)
    figure.draw_without_rendering()
    for ax in axes[:2]:
        box = ax.get_legend().get_window_extent()
        assert not any(box.overlaps(bar.get_window_extent()) for bar in ax.patches)


def test_one_axes_is_divided_as_a_new_figure_is(ward):
    bunch, normal, decider = ward
    _, ax = plt.subplots()
    display = AttributionDisplay.from_estimator(
        decider, bunch.data.head(30), reference=normal, ax=ax
    )
    assert [one.get_subplotspec().rowspan.start for one in display.ax_] == [0, 0, 1, 1]


def test_displays_share_a_figure_of_others(known):
    X, _, decider = known
    figure, axes = plt.subplots(2, 2, figsize=(9, 8), layout="constrained")
    figure.suptitle("Two rows")
    shown = AttributionDisplay.from_estimator(decider, X.head(4), reference=X, ax=axes[0])
    shown.plot(row=0, ax=axes[1])
    assert figure.get_suptitle() == "Two rows"
    titles = [panel.texts[0] for panel in axes[:, 0]]
    decisions = decider.predict(X.head(4))
    assert [title.get_text() for title in titles] == [decisions[-1], decisions[0]]
    figure.draw_without_rendering()
    for panel, title in zip(axes[:, 0], titles, strict=True):
        place = title.get_window_extent()
        assert place.y0 >= panel.get_legend().get_window_extent().y1
        assert figure.bbox.contains(place.x1, place.y1)


def test_a_row_that_is_not_there_is_an_error(known):
    X, _, decider = known
    with pytest.raises(IndexError, match="row=9, expected one of the 4 rows"):
        AttributionDisplay.from_estimator(decider, X.head(4), reference=X, row=9)
