import numpy as np

from skdualcnn import load, make_fusion_preprocessor, save
from skdualcnn.federated._agreement import agree


def test_all_sites_scale_alike_and_much_as_pooled_rows_would(decider, ward):
    pooled = make_fusion_preprocessor(**ward.modalities).fit_transform(ward.data)
    agreed = decider.estimator_[:-1].transform(ward.data)
    assert agreed.shape == pooled.shape
    assert agreed.min() >= 0
    assert agreed.max() <= 1
    # Fences lie beyond the outermost percents, of which the quantiles know little.
    assert np.median(np.abs(agreed - pooled).mean(axis=0)) < 0.02


def test_the_network_is_not_trained_and_its_seed_decides(decider, summaries, classifier, ward):
    assert decider.estimator_[-1].history_.empty
    again = agree(summaries, classifier)
    other = agree(summaries, classifier.set_params(random_state=1))
    scores = [one.decision_function(ward.data) for one in (decider, again, other)]
    np.testing.assert_array_equal(scores[0], scores[1])
    assert (scores[0] != scores[2]).any()


def test_the_decider_is_one_like_any_other(decider, ward, tmp_path):
    assert decider.head_names_ == ["health", "cyber"]
    assert decider.normal_ == ("normal", "normal")
    loaded = load(save(decider, tmp_path / "model"))
    np.testing.assert_array_equal(loaded.predict(ward.data), decider.predict(ward.data))


def test_one_head_alone(summaries, classifier, ward):
    alone = [{**one, "classes": {"health": one["classes"]["health"]}} for one in summaries]
    decider = agree(alone, classifier)
    assert decider.heads_ == ("health", None)
    assert decider.predict_proba(ward.data).shape == (len(ward.data), 4)
