import pickle

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler


def test_parameters_through_a_pipeline(classifier, X, y):
    pipe = make_pipeline(MinMaxScaler(), classifier())
    pipe.set_params(dualpathcnnclassifier__lr=0.02, dualpathcnnclassifier__conv_channels=(2, 3))
    assert clone(pipe).get_params()["dualpathcnnclassifier__lr"] == 0.02
    fitted = clone(pipe).fit(X, y)
    assert len(fitted[-1].net_.module_.blocks) == 2
    assert [len(one) for one in fitted.classes_] == [2, 3]


@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize("dump", [pickle, joblib], ids=["pickle", "joblib"])
def test_a_pickle_answers_the_same_and_trains_on(
    classifier, assert_same_model, X, y, tmp_path, sharing, dump
):
    clf = classifier(sharing=sharing, warm_start=True, early_stopping=True).fit(X, y)
    if dump is pickle:
        again = pickle.loads(pickle.dumps(clf))
    else:
        joblib.dump(clf, tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
    assert_same_model(clf, again, X)
    pd.testing.assert_frame_equal(clf.history_, again.history_)
    assert_same_model(clf.fit(X, y), again.fit(X, y), X)


def test_search_and_cross_validation_by_groups(classifier, X, y):
    groups = np.arange(len(X)) // 6
    pipe = make_pipeline(MinMaxScaler(), classifier(max_epochs=1))
    cv = GroupKFold(n_splits=2)
    scores = cross_val_score(pipe, X, y, cv=cv, groups=groups)
    assert scores.shape == (2,)
    assert ((scores >= 0) & (scores <= 1)).all()
    grid = {"dualpathcnnclassifier__lr": [1e-3, 1e-2]}
    search = GridSearchCV(pipe, grid, cv=cv).fit(X, y, groups=groups)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (len(X), 2)


def test_an_unfitted_classifier_says_so(classifier, X):
    with pytest.raises(NotFittedError):
        classifier().predict(X)
    with pytest.raises(NotFittedError):
        classifier().predict_proba(X)
