import pytest

from skdualcnn.inspection._tables import MISSING, any_value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12345.678, "12,346"),
        (999999.5, "1,000,000"),
        (-1234.4, "-1,234"),
        (298412, "298,412"),
        (999.96, "1,000"),
        (3.14159, "3.142"),
        (0.000123456, "0.0001235"),
        (5.0, "5"),
        (float("inf"), MISSING),
        ("1.50", "1.50"),
        (True, "True"),
    ],
)
def test_numbers_are_shown_in_plain_digits(value, shown):
    assert any_value(value).text == shown
