"""What skorch is given: module, loss, batches, callbacks; and the state around a run."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import RLock
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from skorch import NeuralNet
from skorch.callbacks import EarlyStopping
from skorch.helper import predefined_split

from skdualcnn.exceptions import DeviceError
from skdualcnn.network._answer import CHUNK, DEVICE_CHUNK, make_answer, split_heads
from skdualcnn.network._batches import BatchIterator, LabelledSignals, Signals
from skdualcnn.network._callbacks import (
    HeadAccuracy,
    LearningRateSchedule,
    ProgressBar,
    StopOnDivergence,
)
from skdualcnn.network._dual_path import DualPathNetwork
from skdualcnn.network._loss import MultiHeadCrossEntropy

# Torch has one generator and one number of threads per process, whatever thread asks.
_TORCH_STATE = RLock()

# The classifier's parameters of training; those of the network are SHAPE_PARAMETERS.
TRAINING_PARAMETERS = (
    "lr",
    "lr_schedule",
    "weight_decay",
    "batch_size",
    "max_epochs",
    "device",
    "callbacks",
    "verbose",
)
# Those of them that a net that goes on training may be given anew, by `adjust`.
ADJUSTABLE_PARAMETERS = ("lr", "lr_schedule", "weight_decay", "batch_size")


def make_net(
    *,
    module: Mapping[str, Any],
    head_names: Sequence[str],
    lr: float,
    weight_decay: float,
    batch_size: int,
    max_epochs: int,
    device: str,
    seed: int,
    callbacks: Sequence[Any] | None,
    verbose: int,
    lr_schedule: str = "constant",
) -> NeuralNet:
    """Return an initialised skorch net around a new :class:`DualPathNetwork`.

    The weights depend on `seed` alone, not on torch's global generator. Model files of
    early versions have no `lr_schedule`.
    """
    own = [
        ("accuracy", HeadAccuracy(head_names)),
        ("divergence", StopOnDivergence()),
        ("lr_schedule", LearningRateSchedule(lr_schedule)),
    ]
    if verbose:
        own.append(("progress", ProgressBar(" + ".join(head_names))))
    net = NeuralNet(
        DualPathNetwork,
        **{f"module__{name}": value for name, value in module.items()},
        criterion=MultiHeadCrossEntropy,
        optimizer=torch.optim.Adam,
        optimizer__weight_decay=weight_decay,
        optimizer__fused=True,
        lr=lr,
        max_epochs=max_epochs,
        batch_size=batch_size,
        iterator_train=BatchIterator,
        iterator_train__seed=seed,
        iterator_valid=BatchIterator,
        train_split=None,
        callbacks=[*own, *(callbacks or [])],
        callbacks__print_log=None,
        use_caching=False,  # scoring callbacks cannot join batches of targets that are pairs
        device=resolve_device(device),
        verbose=0,
    )
    with isolated(seed):
        return net.initialize()


def adjust(
    net: NeuralNet, *, lr: float, lr_schedule: str, weight_decay: float, batch_size: int
) -> None:
    """Give a net that goes on training the parameters that may have changed meanwhile."""
    dict(net.callbacks_)["lr_schedule"].schedule = lr_schedule
    net.lr, net.batch_size = lr, batch_size
    for group in net.optimizer_.param_groups:
        group.update(lr=lr, weight_decay=weight_decay)


def train(
    net: NeuralNet,
    training: LabelledSignals,
    validation: LabelledSignals | None,
    *,
    epochs: int,
    patience: int,
    tol: float,
    seed: int,
) -> bool:
    """Train `net` in place; return False if the keyboard interrupted it.

    With a validation set, training stops after `patience` epochs in which its loss
    fell by less than `tol`, and the weights of the best epoch are restored.
    """
    net.max_epochs = epochs
    net.iterator_train__seed = seed
    if torch.device(net.device).type == "cuda":
        for rows in (training, validation):
            if rows is not None:
                rows.move_to(net.device, torch.cuda.mem_get_info(net.device)[0])
    net.train_split = None if validation is None else predefined_split(validation)
    stopper = EarlyStopping(
        monitor="valid_loss",
        patience=patience,
        threshold=tol,
        threshold_mode="abs",
        load_best=True,
        sink=_silent,
    )
    chosen = net.callbacks_
    if validation is not None:
        net.callbacks_ = [*chosen, ("early_stopping", stopper)]
    before = len(net.history)
    try:
        with isolated(seed):
            net.partial_fit(training)
    finally:
        net.callbacks_ = chosen
        net.train_split = None
        if len(net.history) > before and "train_loss" not in net.history[-1]:
            del net.history[-1]  # an epoch that the keyboard cut short
    stopped_early = validation is not None and stopper.misses_ >= patience
    return stopped_early or len(net.history) - before == epochs


def predict_logits(net: NeuralNet, signals: Signals) -> list[NDArray[np.float64]]:
    """Return each head's logits, (n, n_classes) of dtype float64, for signals (n, c, t)."""
    module = net.module_
    if module.training:
        module.eval()
    answer, on_cpu = make_answer(module), module.dense.weight.device.type == "cpu"
    step = CHUNK if on_cpu else DEVICE_CHUNK
    chunks = [slice(start, start + step) for start in range(0, len(signals), step)]
    # In place from the start: small results left between the large tensors of the chunks
    # would keep the next ones from taking the same memory.
    logits = np.empty((len(signals), sum(head.out_features for head in module.heads)))

    def forward(chunk: slice) -> None:
        logits[chunk] = answer(signals[chunk])

    with one_thread() as granted:
        workers = min(granted, len(chunks)) if on_cpu else 1
        if workers > 1:
            with ThreadPoolExecutor(workers) as pool:
                list(pool.map(forward, chunks))
        else:
            for chunk in chunks:
                forward(chunk)
    return split_heads(module, logits)


@contextmanager
def one_thread() -> Iterator[int]:
    """Let each operation of torch run on one thread; give the number there was.

    Sums are ordered by the number of threads of an operation, so the cores are better
    used by several chunks at once: bits then do not depend on how many cores there are.
    """
    with _TORCH_STATE:
        threads = torch.get_num_threads()
        if threads == 1:
            yield threads
            return
        torch.set_num_threads(1)
        try:
            yield threads
        finally:
            torch.set_num_threads(threads)


def read_history(nets: Sequence[NeuralNet], head_names: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Return a row per epoch of each net: losses, accuracies, and the heads of the net."""
    parts = []
    for net, names in zip(nets, head_names, strict=True):
        epochs = [
            {key: value for key, value in epoch.items() if _is_curve(key)}
            for epoch in net.history.to_list()
        ]
        parts.append(pd.DataFrame(epochs).assign(path=" + ".join(names)))
    return pd.concat(parts, ignore_index=True)


@contextmanager
def isolated(seed: int) -> Iterator[None]:
    """Run on one thread from `seed`, and leave torch's global state as it was.

    Sums are ordered by the number of threads, so one thread is what makes the same
    seed give the same model in a worker process and in the main one; it is also safe
    beside other workers, where spinning threads cost several times the time. Threads of
    one process take turns: on one generator they would mix up each other's numbers.
    """
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    with one_thread(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield


def resolve_device(device: str) -> str:
    """Return the torch device for "auto" or a name, or raise if it is not there."""
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.device(device)
    except RuntimeError as error:
        raise DeviceError(
            f'device={device!r} is not a torch device; expected "cpu", "cuda", "cuda:0", ... '
            'or "auto".'
        ) from error
    try:
        torch.zeros(1, device=device).cpu()
    except (AssertionError, RuntimeError) as error:
        raise DeviceError(
            f"device={device!r} was asked for, but torch cannot use it on this machine: "
            f"{str(error).splitlines()[0]} "
            'Use device="cpu", or device="auto" to take a GPU only where there is one.'
        ) from error
    return device


def _silent(*_: object, **__: object) -> None:
    """Swallow what skorch's early stopping would print."""


def _is_curve(key: str) -> bool:
    """Return whether skorch's history entry is a figure of the epoch worth showing."""
    return key in {"epoch", "train_loss", "valid_loss"} or "_accuracy_" in key
