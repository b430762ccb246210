import math

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skdualcnn.exceptions import DeviceError
from skdualcnn.network._answer import CHUNK
from skdualcnn.network._batches import LabelledSignals, Visits
from skdualcnn.network._training import (
    adjust,
    isolated,
    make_net,
    predict_logits,
    resolve_device,
    train,
)

PARAMETERS = {
    "module": {
        "in_channels": 1,
        "length": 6,
        "n_classes": [2, 3],
        "conv_channels": (4,),
        "dense_units": 5,
        "conv_dropout": 0.0,
        "dense_dropout": 0.0,
    },
    "head_names": ["health", "cyber"],
    "lr": 0.01,
    "weight_decay": 0.0,
    "batch_size": 8,
    "max_epochs": 3,
    "device": "cpu",
    "seed": 0,
    "callbacks": None,
    "verbose": 0,
}


def net(**changed):
    return make_net(**{**PARAMETERS, **changed})


def data(n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    signals = torch.rand(n, 1, 6, generator=generator)
    codes = torch.stack([(signals[:, 0, 0] > 0.5).long(), (signals[:, 0, 3] * 3).long()], dim=1)
    return LabelledSignals(signals, codes, Visits(np.arange(n), np.ones((n, 2), np.float32)))


def fit(net, training, validation=None, **changed):
    parameters = {"epochs": 3, "patience": 2, "tol": 1e-4, "seed": 0}
    return train(net, training, validation, **{**parameters, **changed})


def weights(net):
    return torch.cat([parameter.detach().ravel() for parameter in net.module_.parameters()])


class Interrupt(Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_batch_end(self, net, training, **kwargs):
        if training and len(net.history) == self.epoch:
            raise KeyboardInterrupt


def test_the_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    one = net()
    torch.manual_seed(2)
    assert torch.equal(weights(one), weights(net()))
    assert not torch.equal(weights(one), weights(net(seed=1)))


class LearningRates(Callback):
    def __init__(self):
        self.seen = []

    def on_epoch_end(self, net, **kwargs):
        self.seen += [group["lr"] for group in net.optimizer_.param_groups]


def test_the_learning_rate_falls_along_half_a_cosine_in_each_run():
    watched = LearningRates()
    one = net(lr_schedule="cosine", callbacks=[("watched", watched)])
    fit(one, data(20), epochs=4)
    first = [0.01 * (1 + math.cos(math.pi * epoch / 4)) / 2 for epoch in range(4)]
    assert watched.seen == pytest.approx(first)
    adjust(one, lr=0.02, lr_schedule="cosine", weight_decay=0.0, batch_size=8)
    fit(one, data(20), epochs=3)
    assert watched.seen[4:] == pytest.approx([0.02, 0.015, 0.005])
    adjust(one, lr=0.03, lr_schedule="constant", weight_decay=0.0, batch_size=8)
    fit(one, data(20), epochs=2)
    assert watched.seen[7:] == [0.03, 0.03]


def test_training_is_reproducible_and_learns():
    nets = [net(), net()]
    for one in nets:
        assert fit(one, data(60), epochs=20)
    assert torch.equal(*map(weights, nets))
    losses = nets[0].history[:, "train_loss"]
    assert len(losses) == 20
    assert losses[-1] < 0.8 * losses[0]


def test_training_goes_on_where_it_stopped():
    one = net()
    fit(one, data(40))
    before = weights(one)
    fit(one, data(40), epochs=2)
    assert one.history[:, "epoch"] == [1, 2, 3, 4, 5]
    assert not torch.equal(before, weights(one))


def test_early_stopping_restores_the_best_epoch():
    stopped = net(lr=0.3)
    watched = data(30, seed=1)
    assert fit(stopped, data(30), watched, epochs=50, patience=3, tol=0.0)
    losses = stopped.history[:, "valid_loss"]
    assert 4 <= len(losses) < 50
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3
    logits = predict_logits(stopped, watched.signals)
    loss = sum(
        torch.nn.functional.cross_entropy(torch.from_numpy(one), watched.codes[:, head]).item()
        for head, one in enumerate(logits)
    )
    # skorch averages over batches of 8 by their size, the last one of 6 rows included.
    assert loss == pytest.approx(losses[best], rel=1e-5)


def test_patience_counts_only_falls_of_more_than_tol():
    impatient = net()
    assert fit(impatient, data(30), data(30, seed=1), epochs=50, patience=2, tol=10.0)
    assert len(impatient.history) == 3


def test_nothing_of_a_run_stays_in_the_net():
    one = net()
    chosen = list(one.callbacks_)
    fit(one, data(30), data(30, seed=1))
    assert one.callbacks_ == chosen
    assert one.train_split is None
    fit(one, data(30))
    assert "valid_loss" not in one.history[-1]


@pytest.mark.parametrize("watched", [None, data(20, seed=1)])
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_an_interrupted_epoch_leaves_no_trace_in_the_history(epoch, watched):
    one = net(callbacks=[Interrupt(epoch)])
    assert not fit(one, data(30), watched)
    assert [row["epoch"] for row in one.history.to_list()] == list(range(1, epoch))
    assert all("train_loss" in row for row in one.history.to_list())
    assert len(predict_logits(one, torch.rand(2, 1, 6))) == 2


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, CHUNK, CHUNK + 1])
def test_a_row_gets_the_same_answer_alone_as_among_others(n):
    one = net()
    fit(one, data(30))
    signals = torch.rand(CHUNK + 1, 1, 6, generator=torch.Generator().manual_seed(5))
    everything = predict_logits(one, signals)
    for head, logits in enumerate(predict_logits(one, signals[:n])):
        assert logits.shape == (n, (2, 3)[head])
        assert logits.dtype == np.float64
        np.testing.assert_allclose(logits, everything[head][:n], rtol=0, atol=1e-6)
    alone = [predict_logits(one, row[None]) for row in signals[:4]]
    np.testing.assert_array_equal(
        np.concatenate([logits[0] for logits in alone]), predict_logits(one, signals[:4])[0]
    )


def test_predictions_are_equal_on_any_number_of_threads():
    one = make_net(**{**PARAMETERS, "module": {**PARAMETERS["module"], "conv_channels": (64,)}})
    signals = torch.rand(3 * CHUNK + 5, 1, 6)
    before, answers = torch.get_num_threads(), []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            answers.append(predict_logits(one, signals))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for other in answers[1:]:
        for a, b in zip(answers[0], other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_the_callers_torch_is_left_as_it_was():
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    torch.manual_seed(7)
    state = torch.get_rng_state()
    try:
        with isolated(0):
            assert torch.get_num_threads() == 1
            inside = torch.rand(2)
        assert torch.get_num_threads() == 3
        assert torch.equal(torch.get_rng_state(), state)
        with isolated(0):
            assert torch.equal(torch.rand(2), inside)
        with pytest.raises(ZeroDivisionError), isolated(0):
            raise ZeroDivisionError
        assert torch.get_num_threads() == 3
        assert torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_num_threads(threads)


def test_devices():
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("device", ["gpu", "", "cpu:x"])
def test_what_is_no_device(device):
    with pytest.raises(DeviceError, match='is not a torch device; expected "cpu", "cuda"'):
        resolve_device(device)


@pytest.mark.parametrize("device", ["cuda:99", "meta"])
def test_a_device_that_is_not_there(device):
    with pytest.raises(DeviceError, match=f"'{device}' was asked for, but torch cannot use it"):
        resolve_device(device)
