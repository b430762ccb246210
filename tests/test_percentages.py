import pytest

from skdualcnn._percentages import percentage


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0.00"), (0.12345, "12.35"), (0.9999, "99.99"), (0.99996, "over 99.99"), (1, "100.00")],
)
def test_only_all_is_a_hundred_percent(share, shown):
    assert percentage(share) == shown
