import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from skdualcnn.network import ARCHITECTURES, DualPathNetwork
from skdualcnn.network._architectures import SHAPE_PARAMETERS, describe_shape

# Channels, steps and classes of each head, as the public data sets and the ward give them.
INPUTS = {
    "wustl_ehms": (29, 8, [3]),
    "ward": (1, 56, [4, 5]),
    "the paper's": (1, 68, [4, 5]),
    "nsl_kdd": (1, 118, [5]),
    "physionet2012": (1, 490, [2]),
}
SIZES = {
    "paper": {
        "wustl_ehms": 39_043,
        "ward": 231_049,
        "the paper's": 280_201,
        "nsl_kdd": 484_485,
        "physionet2012": 2_007_810,
    },
    "compact": {
        "wustl_ehms": 12_555,
        "ward": 18_369,
        "the paper's": 20_989,
        "nsl_kdd": 20_137,
        "physionet2012": 23_198,
    },
}


def shape(name, length, **given):
    return describe_shape(name, {**dict.fromkeys(SHAPE_PARAMETERS), **given}, length)


def n_parameters(name, channels, length, n_classes):
    network = DualPathNetwork(channels, length, n_classes, **shape(name, length))
    return sum(one.numel() for one in network.parameters())


@pytest.mark.parametrize(("name", "data"), [(name, data) for name in SIZES for data in SIZES[name]])
def test_parameters_on_each_data_set(name, data):
    assert n_parameters(name, *INPUTS[data]) == SIZES[name][data]


@given(st.integers(2, 4_000))
@example(2111)  # 64 steps after the most blocks
def test_compact_has_less_than_30_000_parameters_on_up_to_4_000_columns(length):
    channels = shape("compact", length)["conv_channels"]
    left = length // 2 ** len(channels)
    assert left <= 32
    assert len(channels) == 1 or 2 * left + 1 > 32  # no block more than it takes
    assert n_parameters("compact", 1, length, [5, 5]) < 30_000


def test_a_network_is_the_papers_unless_told_otherwise():
    by_default = DualPathNetwork(1, 68, [4, 5]).state_dict()
    named = DualPathNetwork(1, 68, [4, 5], **shape("paper", 68)).state_dict()
    assert {k: v.shape for k, v in by_default.items()} == {k: v.shape for k, v in named.items()}


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_what_is_given_overrides(name):
    for parameter, value in {"dense_units": 7, "residual_blocks": 0, "conv_dropout": 0.0}.items():
        assert shape(name, 20, **{parameter: value}) == {**shape(name, 20), parameter: value}


@given(st.integers(2, 4_000))
def test_compact_has_as_many_units_as_its_weights_allow(length):
    found = shape("compact", length)
    inputs = 20 * (length // 2 ** len(found["conv_channels"]))
    assert found["dense_units"] == 128 or inputs * (found["dense_units"] + 8) > 20_480
    assert found["dense_units"] in range(32, 129, 8)


@given(st.integers(2, 4_000))
def test_with_global_pooling_the_steps_do_not_count(length):
    found = shape("compact", length, global_pooling=True)
    assert found["dense_units"] == 128  # of 40 inputs, however many steps are left
    assert found["conv_channels"] == shape("compact", length)["conv_channels"]


def test_given_blocks_are_not_repeated():
    assert shape("compact", 490)["conv_channels"] == (20, 20, 20, 20)
    assert shape("compact", 490, pool_size=4)["conv_channels"] == (20, 20)
    assert shape("compact", 490, pool_size=1)["conv_channels"] == (20,)
    assert shape("compact", 490, conv_channels=[8])["conv_channels"] == [8]
    channels = shape("compact", 490, conv_channels=np.array([2, 3]))["conv_channels"]
    assert [int(one) for one in channels] == [2, 3]
