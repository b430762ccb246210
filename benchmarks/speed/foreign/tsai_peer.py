"""The paper's network as users of tsai write it, for one label."""

from typing import Any

import torch

try:
    import torchvision  # noqa: F401 - fastai imports it
except RuntimeError:
    # A torchvision of another build than torch's brings none of its operators on images, and
    # fails for want of these two. Series need none of them.
    OPERATORS = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        OPERATORS.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import fastai
import tsai
import tsai.inference  # adds get_X_preds to learners
from torch import Tensor, nn
from tsai.data.core import TSClassification, get_ts_dls
from tsai.learner import ts_learner


def prepare(threads: int) -> dict[str, str]:
    """Keep to the number of threads; return the versions."""
    torch.set_num_threads(threads)
    return {"tsai": tsai.__version__, "fastai": fastai.__version__, "torch": torch.__version__}


class PaperNet(nn.Module):
    def __init__(self, channels: int, n_classes: int, steps: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv1d(channels, 64, 3, padding=1), nn.LeakyReLU(), nn.BatchNorm1d(64)),
            *(nn.MaxPool1d(2), nn.Dropout(0.3), nn.Flatten()),
            *(nn.Linear(64 * (steps // 2), 128), nn.LeakyReLU(), nn.Dropout(0.5)),
            nn.Linear(128, n_classes),
        )

    def forward(self, series: Tensor) -> Tensor:
        return self.layers(series)


class Peer:
    def __init__(self, shape: tuple[int, ...], batch_size: int) -> None:
        self.batch_size = batch_size

    def train(self, X: Any, codes: Any) -> None:
        loaders = get_ts_dls(
            _as_series(X),
            codes[:, 0],
            splits=(list(range(len(X))), []),
            tfms=[None, TSClassification()],
            bs=self.batch_size,
            drop_last=False,
        )
        self.learner = ts_learner(loaders, PaperNet(loaders.vars, loaders.c, loaders.len))
        with self.learner.no_bar(), self.learner.no_logging():
            self.learner.fit(1, 1e-4)

    def predict(self, X: Any) -> None:
        self.learner.get_X_preds(_as_series(X), bs=512)


def _as_series(X: Any) -> Any:
    """Return (n, channels, steps)."""
    return X[:, None] if X.ndim == 2 else X.transpose(0, 2, 1)
