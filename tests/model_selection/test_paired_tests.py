import numpy as np
import pytest

from skdualcnn.model_selection import combine_dependent_p_values, holm_adjust, mcnemar_test


def answers(only_first, only_second, both=5):
    first = [1] * both + [1] * only_first + [0] * only_second
    second = [1] * both + [0] * only_first + [1] * only_second
    return [1] * len(first), first, second


def test_by_hand():
    test = mcnemar_test(*answers(10, 2))
    assert (test.only_first, test.only_second) == (10, 2)
    # 2 * (C(12,0) + C(12,1) + C(12,2)) / 2^12
    assert test.p_exact == pytest.approx(2 * (1 + 12 + 66) / 4096)
    assert test.statistic == pytest.approx(7**2 / 12)
    assert test.p_corrected == pytest.approx(0.0433, abs=5e-5)  # chi-squared 4.083
    assert test.p_groups is None


def test_agresti():
    # A. Agresti, Categorical Data Analysis, table 10.1: 150 and 86 approve at one time only.
    test = mcnemar_test(*answers(150, 86))
    assert test.statistic == pytest.approx((150 - 86 - 1) ** 2 / 236)
    assert test.p_exact == pytest.approx(3.7e-5, rel=0.02)


def test_the_same_answers_do_not_differ():
    test = mcnemar_test(["a", "b"], ["a", "a"], ["a", "c"], groups=[1, 2])
    assert (test.p_exact, test.statistic, test.p_corrected, test.p_groups) == (1, 0, 1, 1)


def test_one_row_on_each_side():
    test = mcnemar_test(*answers(1, 1))
    assert (test.p_exact, test.statistic) == (1, 0)


def test_groups_by_hand():
    true, first, second = answers(3, 1, both=0)
    # Differences of the groups: 2, 1 and -1; their sum over the root of their squares.
    test = mcnemar_test(true, first, second, groups=["a", "a", "b", "c"])
    assert test.p_groups == pytest.approx(0.4142, abs=5e-5)  # z = 2 / sqrt(6)


def test_copies_tell_no_more_as_groups():
    rows = [np.repeat(one, 20) for one in answers(6, 1, both=0)]
    test = mcnemar_test(*rows, groups=np.repeat(np.arange(7), 20))
    assert test.p_exact < 1e-10
    assert test.p_groups == pytest.approx(0.0588, abs=5e-5)  # z = 5 / sqrt(7)


def test_holm_by_hand():
    # 4 * .005; 3 * .01; 2 * .03; 1 * .04, which may not be below the one before.
    adjusted = holm_adjust([0.01, 0.04, 0.03, 0.005])
    np.testing.assert_allclose(adjusted, [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_array_equal(holm_adjust([0.7, 0.9]), [1, 1])
    assert holm_adjust([]).shape == (0,)


def test_combined_by_hand():
    assert combine_dependent_p_values([0.3]) == 0.3
    assert combine_dependent_p_values([0.02, 0.04]) == pytest.approx(0.06)
    assert combine_dependent_p_values([0.02, 0.9, 0.8]) == 1
    with pytest.raises(ValueError, match="at least one"):
        combine_dependent_p_values([])


def test_errors():
    with pytest.raises(ValueError, match="inconsistent"):
        mcnemar_test([1, 0], [1, 0], [1])
    with pytest.raises(ValueError, match="inconsistent"):
        mcnemar_test([1, 0], [1, 0], [1, 1], groups=[1])
    for function in (holm_adjust, combine_dependent_p_values):
        with pytest.raises(ValueError, match="numbers in"):
            function([0.5, np.nan])
