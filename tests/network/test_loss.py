import pytest
import torch
from torch.nn import functional

from skdualcnn.network import MISSING, MultiHeadCrossEntropy


@pytest.fixture
def logits():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(6, k, generator=generator) for k in (3, 2)]


CODES = torch.tensor([[0, 1], [1, 0], [2, 1], [0, 0], [1, 1], [2, 0]])


def test_the_heads_losses_are_added(logits):
    loss = MultiHeadCrossEntropy()(logits, (CODES, torch.ones(6, 2)))
    expected = sum(functional.cross_entropy(logits[i], CODES[:, i]) for i in range(2))
    torch.testing.assert_close(loss, expected)


def test_missing_labels_count_for_nothing(logits):
    codes, weights = CODES.clone(), torch.ones(6, 2)
    codes[2:, 1], weights[2:, 1] = MISSING, 0
    loss = MultiHeadCrossEntropy()(logits, (codes, weights))
    expected = functional.cross_entropy(logits[0], CODES[:, 0])
    expected = expected + functional.cross_entropy(logits[1][:2], CODES[:2, 1])
    torch.testing.assert_close(loss, expected)


def test_a_batch_without_a_label_of_a_head_adds_nothing(logits):
    codes, weights = CODES.clone(), torch.ones(6, 2)
    codes[:, 1], weights[:, 1] = MISSING, 0
    for one in logits:
        one.requires_grad_()
    loss = MultiHeadCrossEntropy()(logits, (codes, weights))
    torch.testing.assert_close(loss, functional.cross_entropy(logits[0], CODES[:, 0]))
    loss.backward()
    assert torch.equal(logits[1].grad, torch.zeros(6, 2))


def test_weights_make_a_weighted_mean(logits):
    weights = torch.tensor([1.0, 0, 2, 0.5, 3, 0])[:, None].expand(6, 2)
    loss = MultiHeadCrossEntropy()(logits, (CODES, weights))
    expected = torch.zeros(())
    for head in range(2):
        each = functional.cross_entropy(logits[head], CODES[:, head], reduction="none")
        expected = expected + (each * weights[:, head]).sum() / weights[:, head].sum()
    torch.testing.assert_close(loss, expected)


def test_certain_probabilities_are_labels():
    logits = [torch.randn(6, 3)]
    codes, weights = torch.tensor([0, 1, 2, 0, 1, -1])[:, None], torch.ones(6, 1)
    weights[5] = 0
    certain = functional.one_hot(codes[:, 0].clamp_min(0), 3).float()
    loss = MultiHeadCrossEntropy()
    torch.testing.assert_close(
        loss(logits, (codes, weights, certain)), loss(logits, (codes, weights))
    )
