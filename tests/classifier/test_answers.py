import numpy as np
import pandas as pd
import pytest


def test_it_learns_both_heads(classifier):
    X = np.random.default_rng(0).random((400, 8))
    y = pd.DataFrame(
        {
            "health": np.where(X[:, 1] > 0.5, "normal", "hypoxia"),
            "cyber": np.where(X[:, 5] > 0.5, 1, 0),
        }
    )
    clf = classifier(conv_channels=(16,), dense_units=32, max_epochs=40, conv_dropout=0.0)
    clf.fit(X[:300], y[:300])
    assert clf.score(X[300:], y[300:]) > 0.8
    assert clf.history_["train_loss"].iloc[-1] < 0.5 * clf.history_["train_loss"].iloc[0]


@pytest.mark.parametrize("sharing", ["trunk", "none"])
@pytest.mark.parametrize("n_heads", [1, 2, 3])
def test_any_number_of_heads(classifier, X, health, cyber, n_heads, sharing):
    columns = [health, cyber, np.arange(len(X)) % 4]
    y = pd.DataFrame({f"h{i}": columns[i] for i in range(n_heads)})
    clf = classifier(sharing=sharing).fit(X, y)
    assert clf.n_heads_ == n_heads
    assert clf.head_names_ == list(y.columns)
    assert len(clf.nets_) == (1 if sharing == "trunk" else n_heads)
    predicted = clf.predict(X)
    found = clf.predict_proba(X)
    if n_heads == 1:
        assert clf.classes_.tolist() == ["hypoxia", "normal"]
        assert predicted.shape == (len(X),)
        found = [found]
        predicted = predicted[:, None]
        classes = [clf.classes_]
    else:
        assert predicted.shape == (len(X), n_heads)
        classes = clf.classes_
    for head in range(n_heads):
        assert found[head].dtype == np.float64
        np.testing.assert_allclose(found[head].sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_array_equal(predicted[:, head], classes[head][found[head].argmax(axis=1)])
    assert 0 <= clf.score(X, y) <= 1
    for name in y:
        assert clf.history_[f"train_accuracy_{name}"].notna().any()


def test_one_column_is_one_head_whatever_its_shape(classifier, assert_same_model, X, health):
    one = classifier().fit(X, health)
    for y in (health[:, None], pd.Series(health, name="health"), pd.DataFrame({"h": health})):
        other = classifier().fit(X, y)
        assert_same_model(one, other, X)
        assert other.predict(X).shape == (len(X),)


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA], ids=repr)
def test_a_missing_label_is_the_same_in_every_form(
    classifier, assert_same_model, X, y_with_gaps, missing
):
    y = y_with_gaps.copy()
    y[pd.isna(y)] = missing
    reference = classifier().fit(X, y_with_gaps)
    frame = pd.DataFrame(y, columns=["health", "cyber"])
    for same in (y, frame, frame.astype("category"), frame.astype("string"), y.tolist()):
        assert_same_model(reference, classifier().fit(X, same), X)


def test_a_polars_frame_is_a_frame(classifier, assert_same_model, X, y_with_gaps):
    polars = pytest.importorskip("polars")
    columns = dict(zip(("health", "cyber"), y_with_gaps.T.tolist(), strict=True))
    reference = classifier().fit(pd.DataFrame(X, columns=list("abcdefgh")), pd.DataFrame(columns))
    frame = polars.DataFrame(X, schema=list("abcdefgh"))
    clf = classifier().fit(frame, polars.DataFrame(columns))
    assert clf.head_names_ == ["health", "cyber"]
    assert clf.feature_names_in_.tolist() == list("abcdefgh")
    assert_same_model(clf, reference, frame)
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame.rename({"a": "z"}))


def test_text_and_numbers_in_one_y(classifier, X, health):
    y = np.column_stack([health.astype(object), (X[:, 5] > 0.5).astype(float)])
    y[:5, 1] = np.nan
    clf = classifier().fit(X, y)
    assert clf.classes_[1].tolist() == [0.0, 1.0]
    assert set(clf.predict(X)[:, 1]) <= {0.0, 1.0}
    assert set(clf.predict(X)[:, 0]) <= {"normal", "hypoxia"}


def test_a_row_without_any_label_changes_nothing(classifier, assert_same_model, X, y):
    half = y.astype(object)
    half[30:] = None
    assert_same_model(classifier().fit(X, half), classifier().fit(X[:30], y[:30]), X)


def test_two_disjoint_data_sets_train_both_heads(classifier, X, health, cyber):
    both = np.full((2 * len(X), 2), None, dtype=object)
    both[: len(X), 0], both[len(X) :, 1] = health, cyber
    clf = classifier(max_epochs=3).fit(np.vstack([X, X[::-1]]), both)
    assert [len(classes) for classes in clf.classes_] == [2, 3]
    assert clf.history_[["train_accuracy_head_0", "train_accuracy_head_1"]].notna().all(axis=None)
    assert 0 <= clf.score(np.vstack([X, X]), both) <= 1


@pytest.mark.parametrize("n", [1, 2, 3, 5, 60])
def test_a_row_gets_the_same_answer_alone_as_among_others(classifier, probabilities, X, y, n):
    clf = classifier().fit(X, y)
    np.testing.assert_allclose(
        probabilities(clf, X[:n]), probabilities(clf, X)[:n], rtol=0, atol=1e-7
    )


def test_swapped_label_columns_score_the_same(classifier, X, health):
    y = pd.DataFrame({"health": health, "cyber": X[:, 2] > 0.5})
    fitted = classifier().fit(X, y)
    assert fitted.score(X, y[["cyber", "health"]]) == fitted.score(X, y)
