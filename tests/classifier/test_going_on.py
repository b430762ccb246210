import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from skdualcnn.exceptions import ArchitectureError, HeadError
from skdualcnn.network import ARCHITECTURES


def test_warm_start_goes_on(classifier, probabilities, X, y):
    warm = classifier(warm_start=True).fit(X, y)
    first = probabilities(warm, X)
    net = warm.net_
    warm.fit(X, y)
    assert warm.net_ is net
    assert warm.history_["epoch"].tolist() == [1, 2, 3, 4]
    assert (probabilities(warm, X) != first).any()
    cold = classifier().fit(X, y).fit(X, y)
    assert cold.history_["epoch"].tolist() == [1, 2]
    np.testing.assert_array_equal(probabilities(cold, X), first)
    with pytest.raises(HeadError, match="not among its classes"):
        warm.fit(X, np.where(y == "dos", "flood", y))


def test_warm_start_takes_changed_parameters(classifier, X, health):
    fitted = classifier(warm_start=True).fit(X, health)
    fitted.set_params(lr=1e-12).fit(X, health)
    before = [weights.detach().clone() for weights in fitted.net_.module_.parameters()]
    fitted.fit(X, health)
    after = [weights.detach() for weights in fitted.net_.module_.parameters()]
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9)


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_partial_fit_in_parts(classifier, X, y, sharing):
    clf = classifier(sharing=sharing)
    classes = [["hypoxia", "normal", "sepsis"], ["dos", "normal", "spoofing"]]
    for start in range(0, len(X), 20):
        part = slice(start, start + 20)
        clf.partial_fit(X[part], y[part], classes=classes)
    assert [one.tolist() for one in clf.classes_] == classes
    assert clf.history_.groupby("path")["epoch"].apply(list).tolist() == [[1, 2, 3]] * (
        1 if sharing == "trunk" else 2
    )
    assert clf.predict_proba(X)[0].shape == (len(X), 3)
    with pytest.raises(HeadError, match=r"label\(s\) \['stroke'\] that are not among"):
        clf.partial_fit(X[:1], [["stroke", "dos"]])


def test_partial_fit_goes_on_after_fit_and_needs_classes_once(classifier, assert_same_model, X, y):
    clf = classifier().fit(X, y)
    clf.partial_fit(X[:3], y[:3])
    assert clf.history_["epoch"].tolist() == [1, 2, 3]
    whole = classifier().partial_fit(X, y)
    assert_same_model(whole, classifier(max_epochs=1).fit(X, y), X)


def test_partial_fit_refuses_other_classes_later(classifier, X, health):
    fitted = classifier().partial_fit(X, health, classes=["normal", "hypoxia"])
    with pytest.raises(HeadError, match="as at the first call"):
        fitted.partial_fit(X, health, classes=["normal", "hypoxia", "sepsis"])


@pytest.mark.parametrize("sharing", ["trunk", "none"])
def test_a_part_without_labels_of_a_head_teaches_that_head_nothing(classifier, X, y, sharing):
    clf = classifier(sharing=sharing).partial_fit(X[:30], y[:30])
    before = clf.predict_proba(X)
    unlabelled = y[30:].astype(object)
    unlabelled[:, 1] = None
    clf.partial_fit(X[30:], unlabelled)
    after = clf.predict_proba(X)
    assert (before[0] != after[0]).any()
    if sharing == "none":
        np.testing.assert_array_equal(before[1], after[1])
    unlabelled[:, 0] = None
    clf.partial_fit(X[30:], unlabelled)
    np.testing.assert_array_equal(clf.predict_proba(X)[0], after[0])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sharing": "none"}, "changed: sharing to 'none'; expected the same"),
        ({"global_pooling": True}, "changed: global_pooling from False to True; .* warm_start"),
        ({"dense_units": 9}, "changed: dense_units from 6 to 9; .* with warm_start=False"),
        ({"conv_channels": [4, 4]}, r"changed: conv_channels from \(4,\) to \[4, 4\]"),
        ({"conv_dropout": 0.5, "architecture": "compact"}, "conv_dropout from .* to 0.5"),
    ],
)
def test_networks_that_are_built_go_on_only_as_they_are(
    classifier, probabilities, assert_same_model, X, y, changed, message
):
    fitted = classifier(warm_start=True).fit(X, y).set_params(**changed)
    before = probabilities(fitted, X)
    for go_on in (fitted.fit, fitted.partial_fit):
        with pytest.raises(ArchitectureError, match=message):
            go_on(X, y)
    np.testing.assert_array_equal(probabilities(fitted, X), before)
    new = fitted.set_params(warm_start=False).fit(X, y)
    assert_same_model(new, classifier(**changed).fit(X, y), X)


def test_one_head_goes_on_with_any_sharing_and_the_same_shape_in_other_words(classifier, X, health):
    fitted = classifier(warm_start=True).fit(X, health)
    fitted.set_params(
        sharing="none", conv_channels=[4], kernel_size=ARCHITECTURES["paper"].kernel_size
    )
    assert fitted.fit(X, health).history_["epoch"].tolist() == [1, 2, 3, 4]


def test_a_failed_first_part_can_be_given_again(classifier, X, y):
    clf, classes = classifier(), [["hypoxia", "normal"], ["dos", "normal", "spoofing"]]
    with pytest.raises(HeadError, match="not among its classes"):
        clf.partial_fit(X, y, classes=[classes[0], ["normal", "DOS"]])
    with pytest.raises(NotFittedError):
        clf.predict(X)
    clf.partial_fit(X, y, classes=[[*classes[0], "sepsis"], classes[1]])
