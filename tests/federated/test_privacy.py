import sys

import numpy as np
import pytest

from skdualcnn.exceptions import FederationError, MissingPackageError
from skdualcnn.federated import Privacy, epsilon_of_rounds


def test_epsilon_is_close_to_that_of_one_gaussian():
    """Rounds of noise are as one of less; the analytic bound of it is a little lower."""
    accounting = pytest.importorskip("dp_accounting", reason="extra 'federated'")
    exact = accounting.get_epsilon_gaussian(4.0 / np.sqrt(10), 1e-5)
    assert exact <= epsilon_of_rounds(4.0, 10) < 1.2 * exact


def test_more_noise_and_fewer_rounds_spend_less():
    pytest.importorskip("dp_accounting", reason="extra 'federated'")
    assert epsilon_of_rounds(8.0, 10) < epsilon_of_rounds(4.0, 10) < epsilon_of_rounds(4.0, 20)


@pytest.mark.parametrize(
    "settings", [(0.0, 1.0), (1.0, 0.0), (1.0, 1.0, 1.0), (float("nan"), 1.0), (1.0, float("inf"))]
)
def test_settings_that_promise_nothing_are_refused(settings):
    with pytest.raises(FederationError, match="expected finite noise and norm above 0"):
        Privacy(*settings)


@pytest.mark.parametrize(
    ("noise", "rounds", "delta"),
    [(float("nan"), 1, 1e-5), (0.0, 1, 1e-5), (float("inf"), 1, 1e-5), (1.0, 0, 1e-5), (1.0, 1, 1)],
)
def test_no_epsilon_of_what_promises_nothing(noise, rounds, delta):
    with pytest.raises(FederationError, match="expected finite noise above 0, 1 round or more"):
        epsilon_of_rounds(noise, rounds, delta=delta)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "dp_accounting", None)
    with pytest.raises(MissingPackageError, match=r"skdualcnn\[federated\]"):
        epsilon_of_rounds(1.0, 1)
