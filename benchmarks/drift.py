"""Drift alarms: where something has changed, where nothing has, and along the time of real data."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn.datasets import load_wustl_ehms, make_ward
from skdualcnn.drift import DriftMonitor

BATCH = 120
MODALITIES = ("patient", "environment", "network")


def run(out: Path, *, quick: bool, data_dir: Path) -> None:
    """Print and write the share of batches with an alarm, for each change and part."""
    environment = describe_run()
    tables = [_on_wards(n_patients=6 if quick else 20), _along_time(data_dir)]
    results = pd.concat(tables, ignore_index=True)
    write_results(out, "drift", results, results, environment)
    print(say_run(environment))
    print(to_markdown(results.set_index("change")))


def _on_wards(n_patients: int) -> pd.DataFrame:
    """Watch patients that were never seen on simulated wards, as they are and changed."""
    train = make_ward(n_patients=8, hours=6, random_state=0)
    reference = make_ward(n_patients=3 * n_patients, hours=6, random_state=1)
    decider = _decider(train).fit(train.data, train.target)
    monitor = DriftMonitor(decider, reference.modalities, batch_size=BATCH)
    monitor.fit(reference.data, reference.target, groups=reference.groups)
    fresh = make_ward(n_patients=n_patients, hours=6, random_state=2)
    rows = []
    for name, change in CHANGES.items():
        pieces = list(_batches(fresh, change))
        rows.append(
            {
                "change": f"ward (simulated): {name}",
                "promised": monitor.false_alarm_rate_ if name == "nothing" else np.nan,
                **_alarms(monitor.check(X, y).parts["alarm"] for X, y in pieces),
            }
        )
    rows.append(
        {
            "change": "ward (simulated): nothing, ADWIN of river on each column",
            **_alarms(_adwin(reference, X) for X, _ in _batches(fresh, lambda X: X)),
        }
    )
    return pd.DataFrame(rows)


def _along_time(folder: Path) -> pd.DataFrame:
    """Watch WUSTL-EHMS-2020: trained on the first 40 %, remembered from the next 20 %."""
    dataset = load_wustl_ehms(folder)
    n = len(dataset.data)
    train, rest = slice(0, int(0.4 * n)), slice(int(0.4 * n), int(0.6 * n))
    y = dataset.target["cyber"]
    decider = _decider(dataset).fit(dataset.data[train], y[train])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # few batches: the rate is printed
        monitor = DriftMonitor(decider, dataset.modalities, batch_size=BATCH)
        monitor.fit(dataset.data[rest], y[rest])
    rows = []
    for start in np.arange(0.6, 1.0, 0.1):
        part = range(int(start * n), int((start + 0.1) * n) - BATCH + 1, BATCH)
        pieces = [slice(first, first + BATCH) for first in part]
        found = (monitor.check(dataset.data[one], y[one]).parts["alarm"] for one in pieces)
        rows.append(
            {
                "change": f"WUSTL-EHMS-2020, {start:.0%} to {start + 0.1:.0%} of the time",
                "promised": monitor.false_alarm_rate_,
                **_alarms(found),
            }
        )
    return pd.DataFrame(rows)


def _decider(dataset: Bunch) -> FusionDecider:
    network = DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=6, random_state=0
    )
    return FusionDecider(make_pipeline(make_fusion_preprocessor(**dataset.modalities), network))


def _batches(
    ward: Bunch, change: Callable[[pd.DataFrame], pd.DataFrame]
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    for _, X in ward.data.groupby(ward.groups):
        for start in range(0, len(X) - BATCH + 1, BATCH):
            rows = X[start : start + BATCH]
            yield change(rows), ward.target.loc[rows.index]


def _alarms(found: Any) -> dict[str, Any]:
    table = pd.DataFrame(list(found)).astype(float)
    return {"batches": len(table), **table.mean().to_dict()}


def _adwin(reference: Bunch, X: pd.DataFrame) -> dict[str, bool]:
    """Return whether ADWIN, after a patient of the reference, sees a change in the batch."""
    try:
        from river.drift import ADWIN  # noqa: PLC0415
    except ImportError:
        return dict.fromkeys(MODALITIES, np.nan)
    before = reference.data[reference.groups == reference.groups.iloc[0]]
    alarms = {}
    for modality in MODALITIES:
        alarms[modality] = False
        for column in reference.modalities[modality]:
            if not pd.api.types.is_numeric_dtype(X[column].dtype):
                continue
            detector = ADWIN()
            for value in before[column].dropna():
                detector.update(value)
            for value in X[column].dropna():
                detector.update(value)
                alarms[modality] |= detector.drift_detected
    return alarms


def _new_device(X: pd.DataFrame) -> pd.DataFrame:
    device_type = X["device_type"].astype(object)
    return X.assign(device_type=device_type.where(X["device_type"].isna(), "infusion pump"))


CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "nothing": lambda X: X,
    "SpO2 sensor stuck": lambda X: X.assign(spo2=X["spo2"].ffill().bfill().iloc[0]),
    "heart rate off by 60 /min": lambda X: X.assign(heart_rate=X["heart_rate"] + 60),
    "no body temperature": lambda X: X.assign(body_temperature=np.nan),
    "room 8 degrees warmer": lambda X: X.assign(room_temperature=X["room_temperature"] + 8),
    "a new type of device": _new_device,
}
