import numpy as np
import pytest
import torch

from skdualcnn._fitting import Rows, as_signals, split_for_early_stopping


@pytest.fixture
def rows():
    X = np.arange(24, dtype=np.float32).reshape(12, 2)
    codes = np.column_stack([np.arange(12) % 2, np.arange(12) % 3])
    codes[:3, 1] = -1
    return Rows(X, codes, np.where(codes >= 0, 1.0, 0.0))


def ones(*sizes):
    return [np.ones(size) for size in sizes]


def test_the_rows_of_some_heads(rows):
    cyber = rows.of_heads([1])
    assert cyber.X is rows.X
    np.testing.assert_array_equal(cyber.codes[:, 0], rows.codes[:, 1])
    np.testing.assert_array_equal(cyber.weights[:, 0], rows.weights[:, 1])
    assert 0 not in cyber.plan(ones(3)).rows


def test_class_weights_multiply_the_weights_and_leave_missing_labels_at_zero(rows):
    plain = rows.plan(ones(2, 3))
    weighted = rows.plan([np.array([1.0, 5.0]), np.array([2.0, 3.0, 4.0])])
    np.testing.assert_array_equal(plain.rows, weighted.rows)
    for row, weight in zip(weighted.rows, weighted.weights, strict=True):
        health, cyber = rows.codes[row]
        assert weight.tolist() == [[1, 5][health], 0 if cyber < 0 else [2, 3, 4][cyber]]
    assert weighted.weights.dtype == np.float32


def test_the_data_set_shares_memory_with_X(rows):
    data = rows.dataset(rows.plan(ones(2, 3)))
    assert data.signals.data_ptr() == rows.X.__array_interface__["data"][0]
    assert data.signals.shape == (12, 1, 2)


def test_signals_of_rows_and_of_windows():
    X = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    assert as_signals(X).shape == (2, 3, 4)
    assert torch.equal(as_signals(X)[0, 2], torch.from_numpy(X[0, :, 2]))
    assert as_signals(X[:, :, 0]).shape == (2, 1, 4)
    X.flags.writeable = False
    assert as_signals(X).data_ptr() == X.__array_interface__["data"][0]


def test_the_split_is_stratified_by_the_labels(rows):
    copies = np.repeat(np.arange(10, dtype=np.float32), 12)[:, None]
    big = Rows(
        np.tile(rows.X, (10, 1)) + copies / 16,
        np.tile(rows.codes, (10, 1)),
        np.tile(rows.weights, (10, 1)),
    )
    visits = big.plan(ones(2, 3))
    train, held = split_for_early_stopping(big, visits, None, 0.3, np.random.RandomState(0))
    assert len(train.rows) + len(held.rows) == len(visits.rows)
    assert not set(map(bytes, big.X[train.rows])) & set(map(bytes, big.X[held.rows]))
    _, strata = np.unique(big.codes, axis=0, return_inverse=True)
    share = np.bincount(strata.ravel()[held.rows]) / np.bincount(strata.ravel()[visits.rows])
    np.testing.assert_allclose(share, 0.3, atol=0.12)


def test_the_split_keeps_groups_whole(rows):
    visits = rows.plan(ones(2, 3))
    groups = np.repeat(["a", "b", "c", "d"], 3)
    train, held = split_for_early_stopping(rows, visits, groups, 0.25, np.random.RandomState(0))
    assert len(set(groups[held.rows])) == 1
    assert not set(groups[held.rows]) & set(groups[train.rows])
    np.testing.assert_array_equal(np.sort(np.r_[train.rows, held.rows]), np.arange(12))


def test_groups_are_one_per_row(rows):
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        split_for_early_stopping(
            rows, rows.plan(ones(2, 3)), np.arange(5), 0.2, np.random.RandomState(0)
        )
