"""The paper's network as an aeon classifier. Aeon's classifiers have one label."""

import tempfile
import time
from typing import Any

import aeon
import keras
from aeon.classification.deep_learning import FCNClassifier
from keras_peer import build_trunk
from keras_peer import prepare as prepare_keras


def prepare(threads: int) -> dict[str, str]:
    """Keep to the number of threads; return the versions."""
    return {"aeon": aeon.__version__, **prepare_keras(threads)}


class PaperClassifier(FCNClassifier):
    """Aeon's training and prediction, with another network in it."""

    def build_model(self, input_shape: tuple[int, ...], n_classes: int, **kwargs: Any) -> Any:
        inputs, features = build_trunk(input_shape)
        head = keras.layers.Dense(n_classes, activation="softmax")(features)
        model = keras.Model(inputs, head)
        model.compile(optimizer=keras.optimizers.Adam(1e-4), loss="categorical_crossentropy")
        return model


class EpochClock(keras.callbacks.Callback):
    """Wall and CPU seconds of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.start, self.before = time.perf_counter(), time.process_time()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.took = time.perf_counter() - self.start, time.process_time() - self.before


class Peer:
    def __init__(self, shape: tuple[int, ...], batch_size: int) -> None:
        self.batch_size = batch_size

    def train(self, X: Any, codes: Any) -> tuple[float, float]:
        """Return the time of the second epoch, as each fit builds and traces a model first."""
        clock = EpochClock()
        with tempfile.TemporaryDirectory() as folder:  # aeon writes the model of each epoch
            self.classifier = PaperClassifier(
                file_path=f"{folder}/", n_epochs=2, batch_size=self.batch_size, callbacks=[clock]
            )
            self.classifier.fit(_as_cases(X), codes[:, 0])
        return clock.took

    def predict(self, X: Any) -> None:
        self.classifier.predict_proba(_as_cases(X))


def _as_cases(X: Any) -> Any:
    """Return (n, channels, steps)."""
    return X[:, None] if X.ndim == 2 else X.transpose(0, 2, 1)
