"""Tables without a leak."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def make_table():
    """Make rows of mixed types with gaps and honest signal, a label, and patients."""

    def make(seed, n=1200):
        rng = np.random.default_rng(seed)
        y = rng.choice(["normal", "dos", "spoofing"], n, p=[0.6, 0.25, 0.15])
        shift = pd.Series(y).map({"normal": 0.0, "dos": 1.5, "spoofing": -1.0}).to_numpy()
        X = pd.DataFrame(
            {
                "pulse": 70 + 8 * rng.normal(size=n) + 3 * shift,
                "rate": np.exp(rng.normal(size=n) + shift),
                "errors": rng.poisson(1 + (y == "dos")),
                "alarm": rng.random(n) < 0.2,
                "protocol": pd.Categorical(rng.choice(["mqtt", "http", "coap"], n)),
                "ward": rng.choice(["A", "B", "C", "D"], n).astype(object),
                "noise": rng.normal(size=n),
            }
        )
        gaps = rng.random((n, 3)) < 0.05
        X[["pulse", "rate", "ward"]] = X[["pulse", "rate", "ward"]].mask(gaps)
        return X, pd.Series(y, name="cyber"), np.sort(rng.integers(0, 30, n))

    return make
