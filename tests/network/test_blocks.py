import pytest
import torch
from torch import nn

from skdualcnn.network import ConvBlock, ResidualBlock
from skdualcnn.network._blocks import NEGATIVE_SLOPE, GlobalPooling, make_activation


def conv_block(**changed):
    parameters = {"kernel_size": 3, "activation": "relu", "pool_size": 2, "dropout": 0.0}
    return ConvBlock(2, 4, **{**parameters, **changed})


@pytest.mark.parametrize("kernel_size", [1, 3, 5])
@pytest.mark.parametrize(("pool_size", "length"), [(1, 7), (2, 3), (3, 2), (7, 1)])
def test_conv_block_pools_and_keeps_the_length_otherwise(kernel_size, pool_size, length):
    block = conv_block(kernel_size=kernel_size, pool_size=pool_size).eval()
    assert block(torch.rand(5, 2, 7)).shape == (5, 4, length)


def test_conv_block_applies_its_parts_in_the_papers_order():
    block = conv_block(activation="leaky_relu", dropout=0.3).eval()
    signal = torch.randn(5, 2, 8)
    by_hand = block.pool(block.norm(block.activation(block.conv(signal))))
    torch.testing.assert_close(block(signal), by_hand, rtol=0, atol=0)
    assert isinstance(block.conv, nn.Conv1d)
    assert isinstance(block.norm, nn.BatchNorm1d)
    assert isinstance(block.pool, nn.MaxPool1d)


def test_pool_size_1_is_no_pooling():
    assert isinstance(conv_block(pool_size=1).pool, nn.Identity)


def test_dropout_works_while_training_only():
    block = conv_block(dropout=0.5)
    signal = torch.randn(50, 2, 8)
    assert (block.train()(signal) == 0).float().mean() > 0.3
    assert (block.eval()(signal) == 0).float().mean() == 0


def test_residual_block_adds_its_input():
    block = ResidualBlock(3, kernel_size=3, activation="relu", dropout=0.0).eval()
    signal = torch.randn(5, 3, 8)
    torch.testing.assert_close(block(signal), signal + block.units(signal), rtol=0, atol=0)
    for unit in block.units:
        assert isinstance(unit.pool, nn.Identity)
        nn.init.zeros_(unit.norm.weight)
    torch.testing.assert_close(block(signal), signal, rtol=0, atol=0)


def test_global_pooling_gives_means_then_maxima():
    signal = torch.tensor([[[1.0, 2.0, 6.0], [-4.0, -1.0, -1.0]]])
    torch.testing.assert_close(GlobalPooling()(signal), torch.tensor([[3.0, -2.0, 6.0, -1.0]]))


@pytest.mark.parametrize(("name", "below_zero"), [("relu", 0.0), ("leaky_relu", -NEGATIVE_SLOPE)])
def test_activation(name, below_zero):
    values = make_activation(name)(torch.tensor([-1.0, 2.0]))
    torch.testing.assert_close(values, torch.tensor([below_zero, 2.0]))
