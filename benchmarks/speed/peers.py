"""The paper's network as users of plain PyTorch and of skorch write it."""

from typing import Any

import torch
from skorch import NeuralNet
from torch import Tensor, nn

from benchmarks.speed.foreign.simulated import N_CLASSES


class PaperNet(nn.Module):
    def __init__(self, channels: int = 1, steps: int = 68) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            *(nn.Conv1d(channels, 64, 3, padding=1), nn.LeakyReLU(), nn.BatchNorm1d(64)),
            *(nn.MaxPool1d(2), nn.Dropout(0.3), nn.Flatten()),
            *(nn.Linear(64 * (steps // 2), 128), nn.LeakyReLU(), nn.Dropout(0.5)),
        )
        self.heads = nn.ModuleList(nn.Linear(128, k) for k in N_CLASSES)

    def forward(self, signal: Tensor) -> list[Tensor]:
        features = self.trunk(signal)
        return [head(features) for head in self.heads]


class SumOfLosses(nn.Module):
    def forward(self, logits: list[Tensor], codes: Tensor) -> Tensor:
        losses = [nn.functional.cross_entropy(one, codes[:, i]) for i, one in enumerate(logits)]
        return torch.stack(losses).sum()


def as_signals(X: Any) -> Tensor:
    """Return (n, channels, steps)."""
    tensor = torch.from_numpy(X)
    return tensor[:, None] if X.ndim == 2 else tensor.transpose(1, 2)


def train_plain_loop(X: Any, codes: Any, batch_size: int, device: str = "cpu") -> None:
    """Train for one epoch by slicing tensors that are all on the device."""
    signals, labels = as_signals(X).to(device), torch.from_numpy(codes).to(device)
    network, loss = PaperNet(*signals.shape[1:]).to(device), SumOfLosses()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    order = torch.randperm(len(X), device=device)
    for start in range(0, len(X), batch_size):
        rows = order[start : start + batch_size]
        optimizer.zero_grad()
        loss(network(signals[rows]), labels[rows]).backward()
        optimizer.step()
    if device != "cpu":
        torch.cuda.synchronize(device)  # the time is that of work that is done


def train_skorch(X: Any, codes: Any, batch_size: int) -> None:
    """Train for one epoch with what skorch does by itself."""
    signals = as_signals(X)
    net = NeuralNet(
        PaperNet,
        module__channels=signals.shape[1],
        module__steps=signals.shape[2],
        criterion=SumOfLosses,
        optimizer=torch.optim.Adam,
        lr=1e-4,
        batch_size=batch_size,
        max_epochs=1,
        train_split=None,
        verbose=0,
    )
    net.fit(signals, torch.from_numpy(codes))
