import copy

import numpy as np
import pytest
import torch
from torch import nn

from skdualcnn.network import DualPathNetwork
from skdualcnn.network._fake_quantization import IntegerSteps, fake_quantised

ROWS = (4, 4, 4, 5, 2, 3)
"""Output channels of the convolution, the residual block's two, the dense layer, the heads."""


@pytest.fixture
def network():
    torch.manual_seed(0)
    network = DualPathNetwork(
        1, 8, [2, 3], conv_channels=(4,), residual_blocks=1, dense_units=5, conv_dropout=0.3
    )
    with torch.no_grad():
        network(torch.rand(20, 1, 8))  # statistics of batch norm
    return network


def steps(weight=0.1, signal=0.25, limit=20):
    return IntegerSteps(tuple(np.full(rows, weight) for rows in ROWS), (signal,) * 6, (limit,) * 6)


def on_grid(values, step):
    return torch.allclose(values / step, (values / step).round(), atol=1e-4)


def test_weights_and_signals_are_whole_numbers_of_steps(network):
    seen = []
    for module in network.modules():
        if isinstance(module, nn.Conv1d | nn.Linear):
            module.register_forward_hook(lambda layer, inputs, _: seen.append((layer, inputs[0])))
    given = torch.linspace(-1, 1, 48).view(6, 1, 8)
    with fake_quantised(network, steps(limit=3)), torch.no_grad():
        network(given)
        assert torch.equal(seen[0][1], (given / 0.25).round().clamp(-3, 3) * 0.25)
        for layer, signal in seen:
            assert on_grid(layer.weight, 0.1)
            assert on_grid(signal, 0.25)
            assert signal.abs().max() <= 0.75
    assert len(seen) == len(ROWS)


def test_what_is_pooled_over_all_steps_is_rounded():
    network = DualPathNetwork(1, 7, [2], conv_channels=(4,), dense_units=5, global_pooling=True)
    seen = []
    network.dense.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    coarse = IntegerSteps(
        tuple(np.full(rows, 0.1) for rows in (4, 5, 2)), (0.25, 0.25, 0.5, 0.25), (20, 20, 3, 20)
    )
    with fake_quantised(network.eval(), coarse), torch.no_grad():
        network(torch.rand(6, 1, 7))
    assert on_grid(seen[0], 0.5)
    assert seen[0].abs().max() <= 1.5


def test_network_is_as_before_in_the_end(network):
    before = copy.deepcopy(network.state_dict())
    parameters = list(network.parameters())
    with fake_quantised(network, steps()):
        network(torch.rand(6, 1, 8))
    assert set(network.state_dict()) == set(before)
    for name, values in network.state_dict().items():
        assert torch.equal(values, before[name]), name
    # The very same objects, in any order: an optimizer holds on to them.
    assert {id(one) for one in network.parameters()} == {id(one) for one in parameters}
    assert not any(module._forward_pre_hooks for module in network.modules())


def test_rounding_is_the_identity_for_the_gradient_and_clipping_is_not(network):
    small = IntegerSteps((np.full(4, 1e-3), *steps().weights[1:]), (0.25,) * 6, (20,) * 6)
    conv = network.blocks[0].conv
    with torch.no_grad():
        conv.weight[0] = 1.0  # far beyond 127 steps
        conv.weight[1:].clamp_(-0.1, 0.1)
    with fake_quantised(network, small):
        sum(logits.square().sum() for logits in network(torch.rand(6, 1, 8))).backward()
    gradient = conv.weight.grad
    assert (gradient[0] == 0).all()
    assert (gradient[1:] != 0).any()
    assert torch.isfinite(gradient).all()


def test_batch_norm_and_dropout_are_out_of_training(network):
    signals = torch.rand(6, 1, 8)
    before = copy.deepcopy(network.state_dict())
    with fake_quantised(network, steps()):
        first = network.train()(signals)
        second = network.train()(signals)
        third = network.eval()(signals)
    for one, two, three in zip(first, second, third, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)
    assert torch.equal(network.blocks[0].norm.running_mean, before["blocks.0.norm.running_mean"])


def test_steps_of_another_network_change_nothing(network):
    wrong = IntegerSteps(steps().weights[:-1], (0.25,) * 6, (20,) * 6)
    with pytest.raises(ValueError, match="zip"), fake_quantised(network, wrong):
        pass
    assert not any(hasattr(module, "parametrizations") for module in network.modules())
    assert not any(module._forward_pre_hooks for module in network.modules())
