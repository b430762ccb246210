import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skdualcnn.network._batches import (
    MAX_MEAN_VISITS,
    BatchIterator,
    LabelledSignals,
    Visits,
    content_hash,
    plan_visits,
)

# Few distinct values, so that rows are often equal.
rows = st.integers(1, 12).flatmap(
    lambda n: st.tuples(
        arrays(np.float32, (n, 2), elements=st.sampled_from([0.0, 0.5, 1.0])),
        arrays(np.int64, (n, 2), elements=st.integers(0, 1)),
        arrays(np.float64, (n, 2), elements=st.integers(0, 4).map(float)),
    )
)
fractions = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1.0, 1.7])
thorough = settings(derandomize=True, deadline=None, max_examples=150)


def described(X, codes, weights):
    """Return what an epoch sees, in its order: values, labels and weights of each visit."""
    codes = np.where(weights > 0, codes, -1)
    visits = plan_visits(X, codes, weights)
    return X[visits.rows], codes[visits.rows], visits.weights


@thorough
@given(rows)
def test_a_whole_number_weight_is_repetition(data):
    X, codes, weights = data
    weights = np.repeat(weights.max(axis=1, keepdims=True), 2, axis=1)
    times = weights[:, 0].astype(int)
    repeated = [np.repeat(one, times, axis=0) for one in (X, codes, np.ones_like(weights))]
    for once, often in zip(described(X, codes, weights), described(*repeated), strict=True):
        np.testing.assert_array_equal(once, often)


@thorough
@given(rows)
def test_a_weight_per_head_is_repetition_of_its_labels(data):
    X, codes, weights = data
    times = weights.max(axis=1).astype(int)
    copies = np.concatenate([np.arange(n) for n in times]) if len(times) else times
    repeated = [np.repeat(one, times, axis=0) for one in (X, codes, weights)]
    # Of n copies of a row, the first w carry a label that has weight w.
    repeated[2] = (copies[:, None] < repeated[2]).astype(float)
    X_once, _, once = described(X, codes, weights)
    X_often, _, often = described(*repeated)
    for row in np.unique(X, axis=0):
        here, there = (X_once == row).all(axis=1), (X_often == row).all(axis=1)
        np.testing.assert_allclose(once[here].sum(0), often[there].sum(0), rtol=1e-6)


@thorough
@given(rows, st.data())
def test_the_order_of_the_rows_does_not_matter(data, draw):
    X, codes, _ = data
    weights = draw.draw(arrays(np.float64, (len(X), 2), elements=fractions))
    order = np.array(draw.draw(st.permutations(range(len(X)))))
    one = described(X, codes, weights)
    other = described(X[order], codes[order], weights[order])
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@thorough
@given(rows)
def test_the_weight_of_every_row_is_spent(data):
    X, codes, weights = data
    visits = plan_visits(X, codes, weights)
    np.testing.assert_allclose(visits.weights.sum(axis=0), weights.sum(axis=0), rtol=1e-6)
    assert (visits.weights <= 1).all()
    assert (weights[visits.rows].max(axis=1) > 0).all()


def test_sums_of_fractions_do_not_depend_on_the_order():
    X, codes = np.ones((3, 1), dtype=np.float32), np.zeros((3, 1), dtype=np.int64)
    weights = np.array([[0.7], [0.2], [0.1]])
    forwards, backwards = plan_visits(X, codes, weights), plan_visits(X, codes, weights[::-1])
    np.testing.assert_array_equal(forwards.weights, backwards.weights)


def test_large_weights_do_not_make_an_epoch_longer():
    X = np.arange(4, dtype=np.float32)[:, None]
    weights = np.full((4, 1), 5000.0)
    visits = plan_visits(X, np.zeros((4, 1), dtype=np.int64), weights)
    assert len(visits.rows) == 4 * MAX_MEAN_VISITS
    np.testing.assert_allclose(visits.weights, 1)


def test_equal_rows_and_no_others_have_equal_hashes():
    rng = np.random.default_rng(0)
    X = rng.random((20_000, 3)).astype(np.float32)
    X[10_000:] = X[:10_000]
    codes = np.zeros((20_000, 1), dtype=np.int64)
    hashes = content_hash(X, codes)
    np.testing.assert_array_equal(hashes[:10_000], hashes[10_000:])
    assert len(np.unique(hashes)) == len(np.unique(X, axis=0))
    assert not np.isin(content_hash(X, codes + 1), hashes).any()
    assert not np.isin(content_hash(X, codes - 1), hashes).any()
    assert not np.isin(content_hash(X[:, ::-1], codes), hashes).any()


def test_minus_zero_is_zero():
    codes = np.zeros((1, 1), dtype=np.int64)
    zero = np.zeros((1, 2), dtype=np.float32)
    np.testing.assert_array_equal(content_hash(zero, codes), content_hash(-zero, codes))


def dataset(n):
    signals = torch.arange(n, dtype=torch.float32)[:, None, None]
    codes = torch.arange(n)[:, None] % 2
    visits = Visits(np.arange(n), np.ones((n, 1), dtype=np.float32))
    return LabelledSignals(signals, codes, visits)


@pytest.mark.parametrize(
    ("n", "sizes"),
    [(1, [1]), (4, [4]), (5, [5]), (6, [4, 2]), (8, [4, 4]), (9, [4, 5]), (10, [4, 4, 2])],
)
def test_no_batch_of_one_row_but_the_only_one(n, sizes):
    batches = BatchIterator(dataset(n), 4, seed=0)
    assert len(batches) == len(sizes)
    assert [len(signals) for signals, _ in batches] == sizes


def test_batches_cover_the_rows_in_a_new_order_each_epoch():
    batches = BatchIterator(dataset(20), 6, seed=3)
    epochs = [torch.cat([signals.ravel() for signals, _ in batches]) for _ in range(2)]
    for epoch in epochs:
        assert torch.equal(epoch.sort().values, torch.arange(20.0))
    assert not torch.equal(*epochs)
    again = torch.cat([signals.ravel() for signals, _ in BatchIterator(dataset(20), 6, seed=3)])
    assert torch.equal(again, epochs[0])


def test_without_a_seed_the_order_is_kept():
    signals = torch.cat([signals.ravel() for signals, _ in BatchIterator(dataset(9), 4)])
    assert torch.equal(signals, torch.arange(9.0))


def test_a_visit_has_the_signal_labels_and_weights_of_its_row():
    visits = Visits(np.array([2, 0, 2]), np.array([[0.5], [1], [0.25]], dtype=np.float32))
    three = dataset(3)
    data = LabelledSignals(three.signals, three.codes, visits)
    assert len(data) == 3
    signal, (codes, weights) = data[torch.tensor([0, 1])]
    assert signal.ravel().tolist() == [2.0, 0.0]
    assert codes.ravel().tolist() == [0, 0]
    assert weights.ravel().tolist() == [0.5, 1.0]


def test_rows_move_to_a_device_that_has_room_for_them():
    rows = dataset(10)  # 4 bytes of signal, 8 of code, 8 of row, 4 of weight each
    rows.move_to("meta", free_bytes=2 * 10 * 24 - 1)
    assert rows.signals.device.type == "cpu"
    rows.move_to("meta", free_bytes=2 * 10 * 24)
    signals, (codes, weights) = next(iter(BatchIterator(rows, 4, seed=0)))
    assert {one.device.type for one in (signals, codes, weights)} == {"meta"}
    assert signals.shape == (4, 1, 1)
