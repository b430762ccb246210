"""A compiled answer is that of the torch modules, and the same in any company."""

import gc
import weakref
from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn.utils import parametrize

from skdualcnn._compiler import find_compiler
from skdualcnn.network import DualPathNetwork, _compiled_answer
from skdualcnn.network._answer import CHUNK, make_answer
from skdualcnn.network._blocks import GlobalPooling
from skdualcnn.network._compiled_answer import compile_network

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="there is no C compiler")

SHAPES = {
    "paper": (1, 68, {}),
    "windows": (24, 16, {"conv_channels": (64, 32), "activation": "relu"}),
    "residual": (3, 17, {"residual_blocks": 2, "kernel_size": 5, "pool_size": 3}),
    "global pooling": (3, 24, {"global_pooling": True}),
    "residual, global pooling": (3, 7, {"residual_blocks": 1, "global_pooling": True}),
    "one step, global pooling": (
        *(2, 1),
        {"kernel_size": 1, "pool_size": 1, "conv_channels": (3, 5), "global_pooling": True},
    ),
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
    found = compile_network(network)(network.signals)
    with torch.inference_mode():
        expected = torch.cat(network(network.signals), dim=1).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("n", [1, 2, 3, 5, 15, 64])
def test_the_same_bits_for_any_number_of_rows(network, n):
    answer = make_answer(network)
    apart = [answer(part) for part in network.signals.split(n)]
    np.testing.assert_array_equal(np.concatenate(apart), answer(network.signals))


def test_signals_need_not_be_contiguous(network):
    turned = network.signals.transpose(1, 2).contiguous().transpose(1, 2)
    answer = compile_network(network)
    np.testing.assert_array_equal(answer(turned), answer(network.signals))


def test_no_row_is_answered_by_no_row(network):
    assert compile_network(network)(network.signals[:0]).shape == (0, 10)


def test_signals_of_another_length_are_refused(network):
    wrong = 0 if isinstance(network.pooling, GlobalPooling) else 100
    with pytest.raises(ValueError, match="do not fit the network"):
        compile_network(network)(torch.zeros(1, network.signals.shape[1], wrong))


def test_a_network_that_has_changed_answers_as_it_is_now(network):
    first = make_answer(network)(network.signals)
    with torch.no_grad():
        network.dense.weight.mul_(-1)  # in place, as training does
    second = make_answer(network)(network.signals)
    assert not np.array_equal(first, second)
    network.dense.weight = torch.nn.Parameter(-network.dense.weight.detach())
    np.testing.assert_array_equal(make_answer(network)(network.signals), first)
    network.heads[0] = torch.nn.Linear(network.dense.out_features, 2).eval()
    assert not np.array_equal(make_answer(network)(network.signals), first)


def test_what_is_compiled_does_not_keep_a_network(network):
    make_answer(network)(network.signals)
    copy = deepcopy(network)
    make_answer(copy)
    gone = weakref.ref(copy)
    del copy
    gc.collect()
    assert gone() is None


def test_what_somebody_listens_to_or_has_changed_is_left_to_torch(network):
    def left_to_torch():
        return compile_network(network) is None

    assert not left_to_torch()
    for part in (network, network.blocks, network.blocks[0], network.pooling, network.dense):
        listener = part.register_forward_hook(lambda *_: None)
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
    assert compile_network(network.double()) is None


def test_a_network_without_blocks_is_left_to_torch():
    network = DualPathNetwork(2, 5, [2], conv_channels=(), dense_units=4).eval()
    assert compile_network(network) is None
    assert make_answer(network)(torch.rand(3, 2, 5)).shape == (3, 2)


def test_without_kernels_torch_answers(network, monkeypatch):
    expected = make_answer(network)(network.signals)
    monkeypatch.setattr(_compiled_answer, "load_kernels", lambda: None)
    found = make_answer(network)(network.signals)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())
