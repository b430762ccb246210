"""skorch callbacks: accuracy of each head, divergence, learning rate, and the progress bar."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from skorch import NeuralNet
from skorch.callbacks import Callback

from skdualcnn.exceptions import DivergenceError
from skdualcnn.network._loss import MISSING


class HeadAccuracy(Callback):
    """Record the accuracy of each head, on training and validation batches alike.

    Training accuracy is that of the batches as they were trained on, dropout
    included. A head without a label in an epoch is recorded as not a number.
    """

    def __init__(self, head_names: Sequence[str]) -> None:
        self.head_names = head_names

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Forget the last epoch's counts."""
        self.hits_ = {part: torch.zeros(len(self.head_names)) for part in ("train", "valid")}
        self.labelled_ = {part: torch.zeros(len(self.head_names)) for part in ("train", "valid")}

    def on_batch_end(
        self, net: NeuralNet, batch: Any, training: bool, y_pred: Any = None, **kwargs: Any
    ) -> None:
        """Count the hits of one batch."""
        part = "train" if training else "valid"
        codes = batch[1][0]
        predicted = torch.stack([logits.argmax(1) for logits in y_pred], dim=1).to(codes.device)
        self.hits_[part] += (predicted == codes).sum(0).cpu()
        self.labelled_[part] += (codes != MISSING).sum(0).cpu()

    def on_epoch_end(self, net: NeuralNet, dataset_valid: Any = None, **kwargs: Any) -> None:
        """Write the epoch's accuracies into the history."""
        for part in ("train", "valid") if dataset_valid is not None else ("train",):
            accuracy = (self.hits_[part] / self.labelled_[part]).tolist()
            for name, value in zip(self.head_names, accuracy, strict=True):
                net.history.record(f"{part}_accuracy_{name}", value)


class StopOnDivergence(Callback):
    """Raise as soon as an epoch's training loss is infinite or not a number."""

    def on_epoch_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Check the loss of the epoch that has just ended."""
        epoch, loss = net.history[-1, ("epoch", "train_loss")]
        if not math.isfinite(loss):
            raise DivergenceError(
                f"The training loss is {loss} in epoch {epoch}, expected a finite number. "
                f"Try a smaller lr (now {net.lr:g}) and scale every feature to [0, 1], "
                "as make_fusion_preprocessor does."
            )


class LearningRateSchedule(Callback):
    """Keep the learning rate "constant", or let it fall along half a "cosine".

    The epochs of one run start at the net's `lr` and end near 0 [1]_, eq. 5, without
    restarts.

    References
    ----------
    .. [1] Loshchilov, I. & Hutter, F. (2017). SGDR: stochastic gradient descent with warm
       restarts.
    """

    def __init__(self, schedule: str) -> None:
        self.schedule = schedule

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Note the epochs of earlier runs."""
        self.before_ = len(net.history)

    def on_epoch_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Set the epoch's learning rate."""
        if self.schedule == "cosine":
            done = (len(net.history) - 1 - self.before_) / net.max_epochs
            for group in net.optimizer_.param_groups:
                group["lr"] = net.lr * (1 + math.cos(math.pi * done)) / 2


class ProgressBar(Callback):
    """A bar over all batches of all epochs, with the losses and the time left."""

    def __init__(self, description: str) -> None:
        self.description = description

    def on_train_begin(self, net: NeuralNet, **kwargs: Any) -> None:
        """Open the bar."""
        self.progress_ = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("epochs"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[losses]}"),
            console=Console(stderr=True),
        )
        self.task_ = self.progress_.add_task(self.description, total=net.max_epochs, losses="")
        self.progress_.start()

    def on_epoch_end(self, net: NeuralNet, dataset_valid: Any = None, **kwargs: Any) -> None:
        """Advance by one epoch."""
        losses = f"train loss {net.history[-1, 'train_loss']:.4f}"
        if dataset_valid is not None:
            losses += f", validation loss {net.history[-1, 'valid_loss']:.4f}"
        self.progress_.update(self.task_, advance=1, losses=losses)

    def on_train_end(self, net: NeuralNet, **kwargs: Any) -> None:
        """Close the bar and drop it: it cannot be pickled."""
        self.progress_.stop()
        del self.progress_
