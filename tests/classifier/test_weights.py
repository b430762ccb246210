import numpy as np
import pytest


@pytest.mark.parametrize("columns", [1, 2])
def test_a_whole_number_weight_is_repetition(
    classifier, assert_same_model, X, y_with_gaps, columns
):
    times = np.random.default_rng(0).integers(0, 4, len(X))
    weight = times if columns == 1 else np.column_stack([times, times])
    weighted = classifier().fit(X, y_with_gaps, sample_weight=weight)
    repeated = classifier().fit(np.repeat(X, times, axis=0), np.repeat(y_with_gaps, times, axis=0))
    assert_same_model(weighted, repeated, X)


def test_a_label_of_weight_zero_is_missing(classifier, assert_same_model, X, y):
    weight = np.random.default_rng(0).integers(0, 2, (len(X), 2))
    gaps = np.where(weight > 0, y.astype(object), None)
    assert_same_model(classifier().fit(X, y, sample_weight=weight), classifier().fit(X, gaps), X)


def test_a_weight_per_head_reaches_that_head_alone(classifier, X, y):
    weight = np.ones((len(X), 2))
    weight[:, 1] = np.random.default_rng(0).integers(1, 5, len(X))
    plain, weighted = (
        classifier(sharing="none").fit(X, y, sample_weight=one) for one in (None, weight)
    )
    np.testing.assert_array_equal(plain.predict_proba(X)[0], weighted.predict_proba(X)[0])
    assert (plain.predict_proba(X)[1] != weighted.predict_proba(X)[1]).any()


@pytest.mark.parametrize(
    ("class_weight", "same_as"),
    [
        ({"normal": 1, "hypoxia": 1}, None),
        ([{"normal": 2, "hypoxia": 3}], {"normal": 2, "hypoxia": 3}),
        (("balanced",), "balanced"),
    ],
)
def test_forms_of_class_weight(classifier, assert_same_model, X, health, class_weight, same_as):
    one, other = (classifier(class_weight=form).fit(X, health) for form in (class_weight, same_as))
    assert_same_model(one, other, X)


def test_a_heavy_class_is_predicted_more_often(classifier, X, health):
    light, heavy = (
        classifier(class_weight={"normal": weight, "hypoxia": 1}, max_epochs=10).fit(X, health)
        for weight in (0.01, 100)
    )
    assert (heavy.predict_proba(X)[:, 1] > light.predict_proba(X)[:, 1]).all()


def test_class_weights_per_head(classifier, X, y):
    per_head = [None, {"normal": 1, "dos": 5, "spoofing": 2}]
    plain, weighted = (
        classifier(sharing="none", class_weight=one).fit(X, y) for one in (None, per_head)
    )
    np.testing.assert_array_equal(plain.predict_proba(X)[0], weighted.predict_proba(X)[0])
    assert (plain.predict_proba(X)[1] != weighted.predict_proba(X)[1]).any()
