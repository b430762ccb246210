"""Small models of the simulated ward and its streams, and what the table says of them."""

import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import make_ward
from skdualcnn.preprocessing import SlidingWindow, align_streams

STATISTICS = {
    "patient": {"heart_rate": ["last", "mean", "max"], "spo2": ["last_valid", "age"]},
    "environment": "last",
    "network": {"packet_rate": ["mean", "min", "count"], "protocol": "last_valid"},
}


class Case:
    """A fitted decider, its streams, and the rows that the table is made of."""

    def __init__(self, *, window=1, by=False, rich=False, **window_options):
        ward = make_ward(n_patients=4, hours=2.0, random_state=3)
        self.streams = {
            name: frame.rename(columns={"timestamp": "time"}).astype(
                {"protocol": object, "device_type": object} if name == "network" else {}
            )
            for name, frame in ward.streams.items()
        }
        self.columns = {
            name: [one for one in frame if one not in ("time", "patient")]
            for name, frame in self.streams.items()
        }
        self.settings = {
            "freq": "1min",
            "tolerance": {"patient": "50s", "network": "2min"},
            "aggregate": STATISTICS if rich else "last",
            "age": rich,
        }
        self.rows = align_streams(self.streams, on="time", by="patient", **self.settings).data
        labels = pd.merge_asof(
            self.rows[["time", "patient"]].assign(i=range(len(self.rows))).sort_values("time"),
            pd.DataFrame(
                {"time": ward.timestamps, "patient": ward.groups} | dict(ward.target)
            ).sort_values("time"),
            on="time",
            by="patient",
        ).sort_values("i")
        y = labels[["health", "cyber"]].fillna("normal").reset_index(drop=True)
        columns = [one for one in self.rows if one not in ("time", "patient")]
        preprocessor = make_fusion_preprocessor(patient=columns, group="patient" if by else None)
        options = {"by": -1 if by else None, **window_options}
        steps = [SlidingWindow(window, **options)] if window > 1 else []
        network = DualPathCNNClassifier(
            conv_channels=(6,), dense_units=12, max_epochs=4, lr=1e-2, random_state=0
        )
        self.decider = FusionDecider(
            make_pipeline(preprocessor, *steps, network), thresholds=(0.3, 0.2), abstention=0.1
        )
        self.X = self.rows[["patient", *columns]] if by else self.rows[columns]
        self.decider.fit(self.X, y)

    def table(self, model=None):
        """Return patient, time, decision and probabilities of every row, by the table."""
        model = self.decider if model is None else model
        parts = []
        for _, rows in self.X.groupby(self.rows["patient"], sort=False):
            part = self.rows.loc[rows.index, ["patient", "time"]].assign(
                decision=model.predict(rows)
            )
            for head, probabilities in enumerate(model.predict_proba(rows)):
                for k in range(probabilities.shape[1]):
                    part[f"p{head}{k}"] = probabilities[:, k]
            parts.append(part)
        return pd.concat(parts).reset_index(drop=True)

    def readings(self):
        """Yield (stream, patient, time, values) of all streams in the order of time."""
        every = [
            (time, name, patient, values)
            for name, frame in self.streams.items()
            for time, patient, values in zip(
                frame["time"],
                frame["patient"],
                frame[self.columns[name]].to_dict("records"),
                strict=True,
            )
        ]
        every.sort(key=lambda one: one[:2])
        for time, name, patient, values in every:
            yield name, patient, time, values


def _as_table(decisions):
    """Return decisions as :meth:`Case.table` does."""
    table = pd.DataFrame(
        [
            {"patient": one.device, "time": one.time, "decision": one.decision}
            | {
                f"p{head}{k}": share
                for head, shares in enumerate(one.probabilities.values())
                for k, share in enumerate(shares.values())
            }
            for one in decisions
        ]
    )
    return table.sort_values(["patient", "time"], kind="stable").reset_index(drop=True)


def _assert_same(decisions, wanted, tolerance=1e-5):
    got = _as_table(decisions)
    keys = ["patient", "time", "decision"]
    pd.testing.assert_frame_equal(got[keys], wanted[keys], check_dtype=False)
    shares = [one for one in wanted if one not in keys]
    assert (got[shares] - wanted[shares]).abs().to_numpy().max() <= tolerance


@pytest.fixture(scope="session")
def assert_same():
    """Return a function that compares decisions with a table, probabilities nearly."""
    return _assert_same


@pytest.fixture(scope="session")
def case():
    return Case()


@pytest.fixture(scope="session")
def window_case():
    return Case(window=4)


@pytest.fixture(scope="session")
def changes_case():
    return Case(window=4, changes=(0, 1))


@pytest.fixture(scope="session")
def rich_case():
    return Case(rich=True)


@pytest.fixture(scope="session")
def grouped_case():
    return Case(window=3, by=True)


@pytest.fixture(scope="session")
def sparse_case():
    return Case(window=3, stride=2, add_indicator=True)
