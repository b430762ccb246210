"""A compiled answer is that of the torch modules, and the same in any company."""

import pytest
import torch
from torch.nn.utils import parametrize

from skdualcnn._compiler import find_compiler
from skdualcnn.network import DualPathNetwork, _compiled_answer
from skdualcnn.network._answer import CHUNK, answer
from skdualcnn.network._compiled_answer import answer_compiled

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")

SHAPES = {
    "paper": (1, 68, {}),
    "windows": (24, 16, {"conv_channels": (64, 32), "activation": "relu"}),
    "residual": (3, 17, {"residual_blocks": 2, "kernel_size": 5, "pool_size": 3}),
    "narrow": (1, 1, {"kernel_size": 1, "pool_size": 1, "conv_channels": (1,), "dense_units": 3}),
}


@pytest.fixture(params=SHAPES)
def network(request):
    in_channels, length, shape = SHAPES[request.param]
    torch.manual_seed(0)
    network = DualPathNetwork(in_channels, length, (2, 5, 3), **shape)
    with torch.no_grad():  # as after training: of both signs, and no two alike
        for tensor in network.state_dict().values():
            if tensor.dtype == torch.float32:
                tensor.add_(torch.rand_like(tensor) - 0.3).abs_() if tensor.min() > 0 else (
                    tensor.add_(torch.rand_like(tensor) - 0.5)
                )
    network.signals = torch.randn(CHUNK, in_channels, length) + 0.5
    return network.eval()


def test_equal_to_torch_up_to_rounding(network):
    found = answer_compiled(network, network.signals)
    with torch.inference_mode():
        expected = network(network.signals)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))


@pytest.mark.parametrize("n", [1, 2, 3, 5, 15, 64])
def test_the_same_bits_for_any_number_of_rows(network, n):
    together = answer(network, network.signals)
    apart = [answer(network, part) for part in network.signals.split(n)]
    for head, whole in enumerate(together):
        assert torch.equal(torch.cat([part[head] for part in apart]), whole)


def test_signals_need_not_be_contiguous(network):
    turned = network.signals.transpose(1, 2).contiguous().transpose(1, 2)
    for one, other in zip(
        answer_compiled(network, turned), answer_compiled(network, network.signals), strict=True
    ):
        assert torch.equal(one, other)


def test_no_row_is_answered_by_no_row(network):
    assert [len(head) for head in answer_compiled(network, network.signals[:0])] == [0, 0, 0]


def test_what_somebody_listens_to_or_has_changed_is_left_to_torch(network):
    def left_to_torch():
        return answer_compiled(network, network.signals) is None

    assert not left_to_torch()
    listener = network.dense.register_forward_hook(lambda *_: None)
    assert left_to_torch()
    listener.remove()
    assert not left_to_torch()
    activation, network.activation = network.activation, torch.nn.GELU().eval()
    assert left_to_torch()
    network.activation = activation
    network.blocks[0].dropout.train()
    assert left_to_torch()
    network.eval()
    parametrize.register_parametrization(network.heads[0], "weight", torch.nn.Identity())
    assert left_to_torch()


def test_other_types_are_left_to_torch(network):
    assert answer_compiled(network.double(), network.signals.double()) is None


def test_without_kernels_torch_answers(network, monkeypatch):
    expected = answer(network, network.signals)
    monkeypatch.setattr(_compiled_answer, "load_kernels", lambda: None)
    for one, other in zip(answer(network, network.signals), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5 * float(other.abs().max()))
