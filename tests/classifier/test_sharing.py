import numpy as np
import pandas as pd
import pytest
import torch


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"early_stopping": True, "max_epochs": 4, "validation_fraction": 0.2},
        {"class_weight": "balanced"},
    ],
    ids=["plain", "early stopping", "class weights"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_unshared_heads_are_separate_classifiers_bit_for_bit(
    classifier, X, y_with_gaps, changed, weighted
):
    weights = np.random.default_rng(3).integers(0, 4, (len(X), 2)) if weighted else None
    both = classifier(sharing="none", **changed).fit(X, y_with_gaps, sample_weight=weights)
    for head in range(2):
        labels = y_with_gaps[:, head]
        own = None if weights is None else weights[:, head]
        known = ~pd.isna(labels)
        alone = classifier(**changed).fit(X, labels, sample_weight=own)
        labelled = classifier(**changed).fit(
            X[known], labels[known], sample_weight=None if own is None else own[known]
        )
        for one in (alone, labelled):
            np.testing.assert_array_equal(both.predict_proba(X)[head], one.predict_proba(X))
        for mine, other in zip(
            both.nets_[head].module_.state_dict().values(),
            alone.net_.module_.state_dict().values(),
            strict=True,
        ):
            assert torch.equal(mine, other)
        path = both.history_[both.history_["path"] == f"head_{head}"]
        assert path["train_loss"].tolist() == alone.history_["train_loss"].tolist()


def test_unshared_heads_with_groups_held_out(classifier, X, y_with_gaps):
    groups = np.arange(len(X)) // 4
    parameters = {"early_stopping": True, "max_epochs": 3}
    both = classifier(sharing="none", **parameters).fit(X, y_with_gaps, groups=groups)
    alone = classifier(**parameters).fit(X, y_with_gaps[:, 1], groups=groups)
    np.testing.assert_array_equal(both.predict_proba(X)[1], alone.predict_proba(X))


def test_unshared_heads_have_no_single_net(classifier, X, y):
    clf = classifier(sharing="none").fit(X, y)
    assert not hasattr(clf, "net_")
    assert [len(net.module_.heads) for net in clf.nets_] == [1, 1]
    with pytest.raises(AttributeError, match="use nets_ instead"):
        _ = clf.net_
