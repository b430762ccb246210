import copy

import joblib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import (
    cross_val_predict,
)


@settings(derandomize=True, deadline=None, max_examples=6)
@given(st.permutations(range(60)), st.booleans())
def test_the_order_of_the_rows_does_not_matter(
    classifier, assert_same_model, order, early_stopping
):
    X = np.random.default_rng(0).random((60, 8)).round(1)
    y = np.column_stack([X[:, 1] > 0.5, X[:, 5] > 0.5]).astype(float)
    y[:10, 1] = np.nan
    clf = classifier(early_stopping=early_stopping)
    assert_same_model(clone(clf).fit(X, y), clone(clf).fit(X[order], y[order]), X)


def test_the_seed_decides(classifier, probabilities, assert_same_model, X, y):
    reference = classifier().fit(X, y)
    torch.manual_seed(99)
    np.random.seed(99)  # noqa: NPY002
    assert_same_model(reference, classifier().fit(X, y), X)
    other = classifier(random_state=1).fit(X, y)
    assert (probabilities(reference, X) != probabilities(other, X)).any()
    generator = np.random.RandomState(0)
    assert_same_model(reference, classifier(random_state=generator).fit(X, y), X)


@pytest.mark.slow
def test_worker_processes_train_the_same_models(classifier, X, y):
    alone, together = (
        cross_val_predict(classifier(), X, y, cv=2, method="predict_proba", n_jobs=n_jobs)
        for n_jobs in (1, 2)
    )
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_threads_of_one_process_train_the_same_models(classifier, assert_same_model, X, y):
    models = [classifier(random_state=seed) for seed in range(6)]
    alone = [clone(model).fit(X, y) for model in models]
    together = joblib.Parallel(n_jobs=6, backend="threading")(
        joblib.delayed(clone(model).fit)(X, y) for model in models
    )
    for one, other in zip(alone, together, strict=True):
        assert_same_model(one, other, X)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_a_gpu_trains_and_answers_as_the_processor_does(classifier, X, y):
    there = classifier(device="cuda").fit(X, y)
    assert {one.device.type for one in there.net_.module_.parameters()} == {"cuda"}
    here = copy.deepcopy(there)
    here.net_.module_.cpu()
    here.net_.device = "cpu"
    for one, other in zip(there.predict_proba(X), here.predict_proba(X), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_torch_is_left_as_it_was(classifier, assert_same_model, X, y):
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    try:
        clf = classifier(early_stopping=True).fit(X, y)
        clf.predict_proba(X)
        assert torch.get_num_threads() == 2
        assert torch.equal(torch.get_rng_state(), state)
        torch.set_num_threads(1)
        assert_same_model(clf, classifier(early_stopping=True).fit(X, y), X)
    finally:
        torch.set_num_threads(threads)
