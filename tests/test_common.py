"""The common checks of scikit-learn on everything that calls itself an estimator.

Four estimators cannot pass every one of them; each check that is expected to fail has
the reason beside it. `python -m benchmarks conformance` prints the counts.
"""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from benchmarks.conformance import estimators, expected_failures


@pytest.mark.slow
@parametrize_with_checks(list(estimators().values()), expected_failed_checks=expected_failures)
def test_scikit_learn_accepts(estimator, check):
    check(estimator)
