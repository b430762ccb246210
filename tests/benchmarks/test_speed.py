import numpy as np

from benchmarks.speed.rounds import take_turns
from benchmarks.speed.training import TRAINERS


def test_contestants_take_turns_and_the_first_is_the_measure():
    calls = []
    table = take_turns({name: lambda name=name: calls.append(name) for name in "ab"}, rounds=3)
    assert "".join(calls) == "ababab"
    assert table["who"].tolist() == ["a", "b"]
    assert table["ratio"].iloc[0] == 1
    assert np.isfinite(table["seconds"]).all()


def test_each_trainer_trains_on_rows_and_windows():
    for shape in ((68,), (16, 24)):
        X = np.random.default_rng(0).random((20, *shape)).astype(np.float32)
        codes = np.arange(20)[:, None] % (4, 5)
        for train in TRAINERS.values():
            train(X, codes, 8)
