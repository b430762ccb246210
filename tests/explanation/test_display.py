"""The picture of one decision."""

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
    display = AttributionDisplay.from_estimator(decider, bunch.data.head(30), reference=normal)
    assert len(display.ax_) == 4
    assert len(display.ax_[2].patches) == 4
    labels = {text.get_text() for text in display.ax_[0].get_legend().get_texts()}
    assert labels == {"patient", "environment", "network"}


def test_a_row_that_is_not_there_is_an_error(known):
    X, _, decider = known
    with pytest.raises(IndexError, match="row=9, expected one of the 4 rows"):
        AttributionDisplay.from_estimator(decider, X.head(4), reference=X, row=9)
