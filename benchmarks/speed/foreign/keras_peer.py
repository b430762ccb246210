"""The paper's network as users of Keras 3 write it, with TensorFlow or torch behind it."""

from typing import Any

import keras
from simulated import N_CLASSES

PREDICT_BATCH = 512


def prepare(threads: int) -> dict[str, str]:
    """Keep to the number of threads; return the versions."""
    if keras.backend.backend() == "torch":
        import torch  # noqa: PLC0415 - the other backend does without

        torch.set_num_threads(threads)
        return {"keras": keras.__version__, "torch": torch.__version__}
    import tensorflow as tf  # noqa: PLC0415

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return {"keras": keras.__version__, "tensorflow": tf.__version__}


def build_trunk(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Return the input and what the heads look at; channels come last."""
    layers = keras.layers
    inputs = keras.Input(shape)
    features = layers.Conv1D(64, 3, padding="same")(inputs)
    features = layers.BatchNormalization()(layers.LeakyReLU(negative_slope=0.01)(features))
    features = layers.Dropout(0.3)(layers.MaxPooling1D(2)(features))
    features = layers.Dense(128)(layers.Flatten()(features))
    return inputs, layers.Dropout(0.5)(layers.LeakyReLU(negative_slope=0.01)(features))


class Peer:
    def __init__(self, shape: tuple[int, ...], batch_size: int) -> None:
        self.batch_size = batch_size
        inputs, features = build_trunk(shape if len(shape) == 2 else (*shape, 1))
        heads = [keras.layers.Dense(k, activation="softmax")(features) for k in N_CLASSES]
        self.model = keras.Model(inputs, heads)
        self.model.compile(
            optimizer=keras.optimizers.Adam(1e-4),
            loss=["sparse_categorical_crossentropy"] * len(N_CLASSES),
        )

    def train(self, X: Any, codes: Any) -> None:
        signals = X if X.ndim == 3 else X[..., None]
        self.model.fit(signals, [*codes.T], batch_size=self.batch_size, epochs=1, verbose=0)

    def predict(self, X: Any) -> None:
        signals = X if X.ndim == 3 else X[..., None]
        self.model.predict(signals, batch_size=PREDICT_BATCH, verbose=0)
