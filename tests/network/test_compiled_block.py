"""The compiled training step computes what the torch modules compute."""

import copy

import numpy as np
import pytest
import torch

from skdualcnn import DualPathCNNClassifier
from skdualcnn._compiler import find_compiler
from skdualcnn.network import ConvBlock, _compiled_block
from skdualcnn.network._compiled_block import train_compiled
from skdualcnn.network._dropout import WordDropout

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")


@pytest.fixture(params=["0", "1"])
def switch(request, monkeypatch):
    monkeypatch.setenv("SKDUALCNN_COMPILE", request.param)
    return request.param


def make_block(in_channels=2, channels=9, kernel=3, pool=2, activation="leaky_relu", dropout=0.3):
    torch.manual_seed(0)
    block = ConvBlock(
        in_channels,
        channels,
        kernel_size=kernel,
        activation=activation,
        pool_size=pool,
        dropout=dropout,
    )
    with torch.no_grad():  # of both signs, so that some maxima become minima
        block.norm.weight.normal_()
        block.norm.bias.normal_()
    return block


def step(block, signal, gradient):
    """Return output, gradients and statistics after one training step of a copy."""
    block, signal = copy.deepcopy(block).train(), signal.clone()
    signal.requires_grad_(signal.shape[1] > 3)
    torch.manual_seed(3)
    output = block(signal)
    inputs = [*block.parameters(), *([signal] if signal.requires_grad else [])]
    found = [output.detach(), *torch.autograd.grad(output, inputs, gradient)]
    return [*found, *block.norm.buffers()]


@pytest.mark.parametrize(
    ("rows", "in_channels", "length", "changed"),
    [
        (32, 1, 68, {"channels": 64}),
        (7, 3, 17, {"kernel": 5, "pool": 3, "activation": "relu", "dropout": 0.5}),
        (5, 4, 7, {"pool": 1, "dropout": 0.0}),
        (9, 24, 33, {"channels": 8}),
        (2, 2, 1, {"kernel": 1, "pool": 1}),
        (3, 50, 16, {}),  # left to torch's convolution: many values for each output
    ],
)
def test_output_gradients_and_statistics_are_those_of_autograd(
    rows, in_channels, length, changed, monkeypatch
):
    block = make_block(in_channels, **changed)
    signal = torch.randn(rows, in_channels, length) + 3
    gradient = torch.randn(rows, block.conv.out_channels, length // changed.get("pool", 2))
    monkeypatch.setenv("SKDUALCNN_COMPILE", "0")
    expected = step(block, signal, gradient)
    monkeypatch.setenv("SKDUALCNN_COMPILE", "1")
    for found, wanted in zip(step(block, signal, gradient), expected, strict=True):
        scale = float(wanted.abs().max()) + 1
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5 * scale)


@pytest.mark.parametrize("shape", [{}, {"architecture": "compact", "residual_blocks": 1}])
def test_the_same_seed_gives_the_same_loss_curve(shape, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.random((300, 20))
    y = np.column_stack([X[:, 2] > 0.5, X[:, 9] > 0.3]).astype(int)
    curves = []
    for switch in ("0", "1"):
        monkeypatch.setenv("SKDUALCNN_COMPILE", switch)
        network = DualPathCNNClassifier(lr=1e-4, max_epochs=20, random_state=0, **shape).fit(X, y)
        curves.append(network.history_["train_loss"])
        # Nothing of the step stays: what has been trained can be copied.
        copy.deepcopy(network).predict_proba(X)
    np.testing.assert_allclose(*(curve[:5] for curve in curves), rtol=1e-4)
    np.testing.assert_allclose(*curves, rtol=1e-3)  # rounding adds up
    assert curves[0].iloc[-1] < curves[0].iloc[0]


@pytest.mark.parametrize("part", ["conv", "activation", "norm", "pool", "dropout"])
def test_a_part_with_a_hook_is_called(part, switch):
    block, seen = make_block(), []
    getattr(block, part).register_forward_hook(lambda *_: seen.append(part))
    block.train()(torch.randn(4, 2, 8))
    assert seen == [part]


def test_a_part_that_does_not_train_is_left_alone(switch):
    block = make_block().train()
    block.norm.eval()
    before = block.norm.running_mean.clone()
    block(torch.randn(4, 2, 8))
    assert torch.equal(block.norm.running_mean, before)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_only_float32_is_compiled(dtype):
    block = make_block().train().to(dtype)
    compiled = train_compiled(block, torch.randn(4, 2, 8, dtype=dtype))
    assert (compiled is None) == (dtype == torch.float64)


def test_one_value_for_each_channel_is_refused_as_torch_does(switch):
    block = make_block(kernel=1, pool=1).train()
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        block(torch.randn(1, 2, 1))


def test_predictions_do_not_ask_for_kernels(monkeypatch):
    def refuse():
        raise AssertionError("a prediction asked for the kernels")

    monkeypatch.setattr(_compiled_block, "load_kernels", refuse)
    block = make_block().eval()
    block(torch.randn(4, 2, 8))
    with pytest.raises(AssertionError, match="asked for"):
        block.train()(torch.randn(4, 2, 8))


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.99999])
def test_dropout_drops_its_share_and_keeps_the_mean(share):
    torch.manual_seed(0)
    dropout, ones = WordDropout(share), torch.ones(400_001)
    dropped = dropout(ones)
    kept = dropped != 0
    assert float(kept.float().mean()) == pytest.approx(1 - share, abs=0.005)
    if share < 0.9:
        assert float(dropped.mean()) == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(dropped[kept], torch.full((int(kept.sum()),), dropout.scale))
    assert dropout.eval()(ones) is ones
