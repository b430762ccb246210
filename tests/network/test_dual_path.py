import pytest
import torch

from skdualcnn.exceptions import ArchitectureError
from skdualcnn.network import ConvBlock, DualPathNetwork, ResidualBlock


def n_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_papers_network_has_280201_parameters():
    # 64 * 3 + 64 convolution, 2 * 64 batch norm, 64 * 34 * 128 + 128 dense, 129 * (4 + 5) heads
    assert n_parameters(DualPathNetwork(1, 68, [4, 5])) == 280_201


@pytest.mark.parametrize("n_classes", [[2], [4, 5], [2, 3, 4]])
def test_one_tensor_of_logits_per_head(n_classes):
    network = DualPathNetwork(3, 20, n_classes, conv_channels=(4, 6), dense_units=5).eval()
    logits = network(torch.rand(7, 3, 20))
    assert [one.shape for one in logits] == [(7, k) for k in n_classes]
    assert network.dense.in_features == 6 * 5


def test_blocks_follow_the_parameters():
    network = DualPathNetwork(1, 16, [2], conv_channels=(4, 8), residual_blocks=2, dense_units=3)
    assert [type(block) for block in network.blocks] == [ConvBlock] * 2 + [ResidualBlock] * 2
    assert network.dense.in_features == 8 * 4


def test_the_dense_layer_reads_channel_by_channel():
    network = DualPathNetwork(1, 8, [2], conv_channels=(3,), dense_units=4).eval()
    signal = torch.rand(2, 1, 8)
    maps = network.blocks(signal)
    flat = torch.stack([maps[:, i // 4, i % 4] for i in range(12)], dim=1)
    by_hand = network.heads[0](network.activation(network.dense(flat)))
    torch.testing.assert_close(network(signal)[0], by_hand)


@pytest.mark.parametrize(
    "shape", [{}, {"pool_size": 1}, {"residual_blocks": 1}, {"conv_channels": (2, 3)}]
)
def test_with_global_pooling_the_dense_layer_reads_means_then_maxima(shape):
    network = DualPathNetwork(
        1, 24, [2], **{"conv_channels": (3,), **shape}, global_pooling=True
    ).eval()
    signal = torch.rand(2, 1, 24)
    maps = network.blocks(signal)
    pooled = torch.cat([maps.mean(2), maps.amax(2)], dim=1)
    by_hand = network.heads[0](network.activation(network.dense(pooled)))
    torch.testing.assert_close(network(signal)[0], by_hand)
    assert network.dense.in_features == 6


def test_channels_are_dropped_whole_while_training():
    network = DualPathNetwork(10, 6, [2], channel_dropout=0.25)
    seen = []
    network.blocks.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    signal = torch.rand(400, 10, 6) + 0.5
    network(signal)
    network.eval()(signal)
    trained, used = seen
    torch.testing.assert_close(used, signal)
    kept = trained[:, :, 0] != 0
    assert 0.7 < kept.float().mean() < 0.8
    assert (kept.any(0) & ~kept.all(0)).all()  # other channels in other rows
    torch.testing.assert_close(trained, signal * kept[:, :, None] / 0.75)


def test_the_only_channel_is_not_dropped():
    with pytest.raises(ArchitectureError, match=r"channel_dropout=0.1 .* one channel"):
        DualPathNetwork(1, 6, [2], channel_dropout=0.1)


def test_no_blocks_is_a_dense_network():
    network = DualPathNetwork(2, 5, [2], conv_channels=(), dense_units=4).eval()
    assert network.dense.in_features == 10
    assert network(torch.rand(3, 2, 5))[0].shape == (3, 2)


@pytest.mark.parametrize(
    ("parameters", "length", "message"),
    [
        ({"kernel_size": 4}, 10, "kernel_size=4 is even.*Use 3 or 5"),
        ({"kernel_size": 2}, 10, "kernel_size=2 is even.*Use 1 or 3"),
        ({"kernel_size": 7}, 5, "kernel_size=7 is longer than the signal of 5 step"),
        ({"pool_size": 6}, 5, "pool_size=6 is longer than the signal of 5 step"),
        ({"conv_channels": (4,) * 4}, 8, "longer than the signal of 1 step"),
        ({"residual_blocks": 1, "pool_size": 5}, 5, "longer than the signal of 1 step"),
        ({"conv_channels": (4, 0)}, 8, r"conv_channels=\(4, 0\), expected whole numbers"),
        ({"conv_channels": (-4,)}, 8, "expected whole numbers of 1 or more"),
        ({"conv_channels": (4.5,)}, 8, "expected whole numbers of 1 or more"),
    ],
)
def test_what_cannot_be_built_is_refused(parameters, length, message):
    with pytest.raises(ArchitectureError, match=message):
        DualPathNetwork(1, length, [2], **parameters)


def test_a_kernel_one_step_longer_than_the_signal_is_built():
    network = DualPathNetwork(1, 2, [2], conv_channels=(2,), kernel_size=3).eval()
    assert network(torch.rand(1, 1, 2))[0].shape == (1, 2)
