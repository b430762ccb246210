import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
)

from skdualcnn import DualPathCNNClassifier
from skdualcnn.network import ARCHITECTURES, DualPathNetwork
from skdualcnn.network._architectures import SHAPE_PARAMETERS

PAPER = {name: getattr(ARCHITECTURES["paper"], name) for name in SHAPE_PARAMETERS}


def test_the_papers_network_has_280201_parameters():
    rng = np.random.default_rng(0)
    y = np.column_stack([np.arange(40) % 4, np.arange(40) % 5])
    clf = DualPathCNNClassifier(max_epochs=1, random_state=0).fit(rng.random((40, 68)), y)
    assert isinstance(clf.net_.module_, DualPathNetwork)
    assert sum(one.numel() for one in clf.net_.module_.parameters()) == 280_201
    assert clf.input_shape_ == (1, 68)


def test_the_parameters_reach_the_network(classifier, X, y):
    clf = classifier(
        conv_channels=[3, 5],
        kernel_size=5,
        residual_blocks=1,
        activation="relu",
        pool_size=1,
        global_pooling=True,
        conv_dropout=0.1,
        dense_units=7,
        dense_dropout=0.2,
        lr_schedule="constant",
        weight_decay=0.125,
        batch_size=16,
    ).fit(X, y)
    module = clf.net_.module_
    assert [block.conv.out_channels for block in module.blocks[:2]] == [3, 5]
    assert module.blocks[0].conv.kernel_size == (5,)
    assert isinstance(module.activation, torch.nn.ReLU)
    assert module.blocks[0].dropout.p == 0.1
    assert module.dense.in_features == 5 * 2
    assert (module.dense.out_features, module.dropout.p) == (7, 0.2)
    assert clf.net_.optimizer_.param_groups[0]["weight_decay"] == 0.125
    assert clf.net_.optimizer_.param_groups[0]["lr"] == 0.01
    assert [len(batches) for batches in clf.net_.history[:, "batches"]] == [4, 4]


def test_an_architecture_gives_what_is_not_given(classifier, X, y):
    compact = ARCHITECTURES["compact"]
    clf = classifier(architecture="compact", conv_channels=None, dense_units=None).fit(X, y)
    module = clf.net_.module_
    assert [block.conv.out_channels for block in module.blocks] == list(compact.conv_channels)
    inputs = module.dense.in_features
    assert module.dense.out_features == min(compact.dense_weights // inputs // 8 * 8, 128)
    assert module.dropout.p == compact.dense_dropout
    assert clone(clf).architecture == "compact"
    clf.set_params(dense_units=7, conv_dropout=0.0, architecture="paper").fit(X, y)
    assert [block.conv.out_channels for block in clf.net_.module_.blocks] == [64]
    assert clf.net_.module_.dense.out_features == 7
    assert clf.net_.module_.blocks[0].dropout.p == 0.0


@pytest.mark.parametrize("shape", [(8,), (24, 3), (7, 2)])
def test_global_pooling(classifier, assert_same_model, health, shape):
    X = np.random.default_rng(0).random((60, *shape)).astype(np.float32)
    clf = classifier(global_pooling=True, residual_blocks=1).fit(X, health)
    assert clf.net_.module_.dense.in_features == 8
    assert_same_model(clf, clone(clf).fit(X, health), X)
    flat = classifier(global_pooling=False, residual_blocks=1).fit(X, health)
    assert (flat.predict_proba(X) != clf.predict_proba(X)).any()


def test_the_papers_numbers_by_name_or_one_by_one_are_the_same_model(
    classifier, assert_same_model, X, y
):
    by_name = classifier(conv_channels=None, dense_units=None).fit(X, y)
    one_by_one = classifier(**PAPER).fit(X, y)
    assert_same_model(by_name, one_by_one, X)


def test_a_grid_search_over_architectures(classifier, X, health):
    unset = classifier(conv_channels=None, dense_units=None)
    search = GridSearchCV(unset, {"architecture": list(ARCHITECTURES)}, cv=2).fit(X, health)
    best = ARCHITECTURES[search.best_params_["architecture"]]
    blocks = search.best_estimator_.net_.module_.blocks
    assert [block.conv.out_channels for block in blocks] == list(best.conv_channels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
