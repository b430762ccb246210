import numpy as np
import pytest

from skdualcnn.exceptions import FederationError, ModelFileError
from skdualcnn.federated._agreement import agree, network_of
from skdualcnn.federated._model_bytes import pack, unpack
from skdualcnn.federated._weights import check_arrays, list_arrays, read_arrays, replace_arrays
from skdualcnn.preprocessing import QuantileScaler


def test_every_array_is_listed_with_its_head(decider):
    network = network_of(decider)
    listed, arrays = list_arrays(network), read_arrays(network)
    check_arrays(listed, arrays, "A site")
    heads = {one.name.split(": ")[1]: one.head for one in listed}
    assert heads["heads.0.weight"] == "health"
    assert heads["heads.1.bias"] == "cyber"
    assert heads["dense.weight"] is None
    assert {"blocks.0.norm.running_mean", "blocks.0.norm.running_var"} <= set(heads)
    assert not any("num_batches" in name for name in heads)


def test_weights_that_were_read_are_put_back(decider, ward):
    network = network_of(decider)
    before, arrays = decider.predict_proba(ward.data), read_arrays(network)
    replace_arrays(network, [array + 0.5 for array in arrays])
    assert not np.allclose(decider.predict_proba(ward.data)[0], before[0])
    replace_arrays(network, arrays)
    np.testing.assert_array_equal(decider.predict_proba(ward.data)[0], before[0])


def test_noise_below_zero_in_a_variance_is_no_nan(decider, ward):
    network = network_of(decider)
    replace_arrays(network, [array - 5 for array in read_arrays(network)])
    assert all(np.isfinite(one).all() for one in decider.predict_proba(ward.data))


def test_separate_networks_belong_to_their_heads(summaries, classifier):
    network = network_of(agree(summaries, classifier.set_params(sharing="none")))
    assert {one.head for one in list_arrays(network)} == {"health", "cyber"}


def test_weights_of_another_architecture_are_refused(decider):
    network = network_of(decider)
    listed, arrays = list_arrays(network), read_arrays(network)
    with pytest.raises(FederationError, match=r"Site 'a' sent 11 arrays of weights, expected 12"):
        check_arrays(listed, arrays[:-1], "Site 'a'")
    with pytest.raises(FederationError, match=r"float32 of shape \(2, 48\), expected float32 of"):
        check_arrays(listed, [*arrays[:8], arrays[8][:2], *arrays[9:]], "Site 'a'")
    with pytest.raises(FederationError, match="as float64 of shape"):
        check_arrays(listed, [one.astype(float) for one in arrays], "Site 'a'")
    arrays[6][3, 3] = np.nan
    with pytest.raises(FederationError, match=r"dense\.weight that are not finite"):
        replace_arrays(network, arrays)


def test_a_model_travels_as_the_bytes_of_its_file(decider, ward):
    other = unpack(pack(decider))
    np.testing.assert_array_equal(
        other.decision_function(ward.data), decider.decision_function(ward.data)
    )


def test_what_is_no_such_model_is_refused():
    with pytest.raises(ModelFileError):
        unpack(b"weights")
    with pytest.raises(FederationError, match="Got a QuantileScaler to start from"):
        unpack(pack(QuantileScaler()))
