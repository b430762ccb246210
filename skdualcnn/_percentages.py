"""Shares in percent, as people read them."""


def percentage(share: float) -> str:
    """Return a share of 1 in percent with two decimals; 100.00 is only all of it.

    Examples
    --------
    >>> from skdualcnn._percentages import percentage
    >>> percentage(0.9987), percentage(0.99999), percentage(1.0)
    ('99.87', 'over 99.99', '100.00')
    """
    rounded = f"{100 * share:.2f}"
    return "over 99.99" if rounded == "100.00" and share < 1 else rounded
