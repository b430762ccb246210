"""The loss: cross-entropy of every head, added up (eq. 8-10)."""

import torch
from torch import Tensor, nn
from torch.nn import functional

MISSING = -1  # the code of a missing label


class MultiHeadCrossEntropy(nn.Module):
    """Sum over heads of the weighted mean cross-entropy on the rows with a label.

    References
    ----------
    Eq. 8-10 of the paper, with a mask per head: a head learns from the rows that
    carry its label and from no others. Against probabilities in place of labels it is
    the loss of Hinton, G., Vinyals, O. & Dean, J. (2015). Distilling the knowledge in a
    neural network.
    """

    def __init__(self) -> None:
        super().__init__()

    def forward(self, logits: list[Tensor], target: tuple[Tensor, ...]) -> Tensor:
        """Return the loss of a batch.

        Parameters
        ----------
        logits : list of Tensor of shape (n, n_classes) and dtype float32
            One entry per head.
        target : tuple of Tensor
            Class codes (n, n_heads) of dtype int64, -1 where the label is missing,
            and row weights (n, n_heads) of dtype float32, 0 where it is missing. If more
            follow, they are probabilities to learn in place of the codes, (n, n_classes)
            of dtype float32 for each head.

        Returns
        -------
        Tensor of shape () and dtype float32
            The sum over heads, in nats.
        """
        codes, weights, *probabilities = target
        total = weights.new_zeros(())
        for head, head_logits in enumerate(logits):
            wanted = probabilities[head] if probabilities else codes[:, head]
            losses = functional.cross_entropy(
                head_logits, wanted, ignore_index=MISSING, reduction="none"
            )
            weight = weights[:, head]
            # A batch without a label of this head adds nothing, rather than 0 / 0.
            total = total + torch.dot(losses, weight) / weight.sum().clamp_min(1e-12)
        return total
