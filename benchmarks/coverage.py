"""Coverage of prediction sets: where rows are exchangeable, and where the world has changed."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.utils import Bunch

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from benchmarks.drift import CHANGES
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn._studies import STUDIES, labels_of
from skdualcnn.conformal import ConformalFusionDecider, coverage_table
from skdualcnn.datasets import make_ward

NOMINAL = 0.9
KINDS = {
    "each class by itself": {},
    "normal and not normal by themselves": {"merge_alerts": True},
    "all classes together": {"class_conditional": False},
}
SENSORS = ("nothing", "SpO2 sensor stuck", "heart rate off by 60 /min", "no body temperature")
MIXES = {
    "four times the emergencies": {"emergencies_per_day": 24.0},
    "four times the attacks": {"attacks_per_day": 40.0},
}
Part = tuple[Any, Any]


def run(out: Path, *, quick: bool, data_dir: Path) -> None:
    """Print and write coverage and share of uncertain decisions of each case."""
    environment = describe_run()
    effort = {"epochs": 2 if quick else 6, "repeats": 5 if quick else 10}
    results = pd.DataFrame(
        [
            *on_wards(n_patients=20 if quick else 60, **effort),
            *along_time(data_dir, **effort),
            *from_a_to_b(data_dir, **effort),
            *official_test(data_dir, **effort),
        ]
    )
    write_results(out, "coverage", results, results, environment)
    print(say_run(environment))
    for kind, table in results.groupby("sets", sort=False):
        print(f"\nconfidence level {NOMINAL}, {kind}:\n")
        print(to_markdown(table.drop(columns="sets").set_index("data")))


def on_wards(*, n_patients: int, epochs: int, repeats: int) -> Iterator[dict[str, Any]]:
    """Calibrate on patients, and test on others, as they are and changed."""
    train = make_ward(n_patients=12, hours=6, random_state=0)
    pool = make_ward(n_patients=2 * n_patients, hours=6, random_state=1)
    decider = _fit(train, train.data, train.target, epochs)
    yield from _divided("ward (simulated), other patients", decider, pool, repeats)
    fresh = make_ward(n_patients=n_patients, hours=6, random_state=2)
    cases = {name: (CHANGES[name](fresh.data), fresh.target) for name in SENSORS}
    for name, mix in MIXES.items():
        ward = make_ward(n_patients=n_patients, hours=6, random_state=2, **mix)
        cases[name] = (ward.data, ward.target)
    for name, tested in cases.items():
        case = f"ward (simulated), changed: {name}"
        yield from _tested(case, decider, (pool.data, pool.target), tested)


def along_time(folder: Path, *, epochs: int, repeats: int) -> Iterator[dict[str, Any]]:
    """WUSTL-EHMS-2020: trained on the first 40 %, calibrated on the next 20 %, then on."""
    dataset = STUDIES["wustl_ehms"].load(folder, 0)
    n, title = len(dataset.data), "WUSTL-EHMS-2020"
    rows = {share: np.arange(int(share * n / 10), int((share + 1) * n / 10)) for share in range(10)}
    decider = _fit_rows("wustl_ehms", dataset, np.concatenate([rows[i] for i in range(4)]), epochs)
    later = np.concatenate([rows[i] for i in range(4, 10)])
    pool = Bunch(data=dataset.data.iloc[later], target=labels_of(dataset, later), groups=later)
    yield from _divided(f"{title}, later rows divided at random", decider, pool, repeats)
    calibration = _part(dataset, np.concatenate([rows[4], rows[5]]))
    for i in range(6, 10):
        case = f"{title}, {10 * i} % to {10 * i + 10} % of the time"
        yield from _tested(case, decider, calibration, _part(dataset, rows[i]))


def from_a_to_b(folder: Path, *, epochs: int, repeats: int) -> Iterator[dict[str, Any]]:
    """PhysioNet 2012: trained and calibrated on set a, tested on set b."""
    dataset = STUDIES["physionet2012"].load(folder, 0)
    yield from _with_official_test("PhysioNet 2012, set {}", dataset, "ab", epochs, repeats)


def official_test(folder: Path, *, epochs: int, repeats: int) -> Iterator[dict[str, Any]]:
    """NSL-KDD: trained and calibrated on the training file, tested on the test file."""
    dataset = STUDIES["nsl_kdd"].load(folder, 0)
    names = ("training", "test")
    yield from _with_official_test("NSL-KDD, {} file", dataset, names, epochs, repeats)


def _with_official_test(
    title: str, dataset: Bunch, names: Any, epochs: int, repeats: int
) -> Iterator[dict[str, Any]]:
    of_training = np.flatnonzero(dataset.part == "train")
    mixed = np.random.default_rng(0).permutation(of_training)
    half = len(mixed) // 2
    study = "nsl_kdd" if dataset.modalities["network"] else "physionet2012"
    decider = _fit_rows(study, dataset, np.sort(mixed[:half]), epochs)
    rest = np.sort(mixed[half:])
    pool = Bunch(data=dataset.data.iloc[rest], target=labels_of(dataset, rest), groups=rest)
    case = f"{title.format(names[0])}, divided at random"
    yield from _divided(case, decider, pool, repeats)
    tested = _part(dataset, np.flatnonzero(dataset.part == "test"))
    yield from _tested(title.format(names[1]), decider, (pool.data, pool.target), tested)


def _part(dataset: Bunch, rows: Any) -> Part:
    return dataset.data.iloc[rows], labels_of(dataset, rows)


def _fit_rows(study: str, dataset: Bunch, rows: Any, epochs: int) -> FusionDecider:
    X, y = _part(dataset, rows)
    return _fit(dataset, X, y.squeeze(axis=1), epochs, STUDIES[study].noise_filter)


def _fit(dataset: Bunch, X: Any, y: Any, epochs: int, noise_filter: Any = None) -> FusionDecider:
    network = DualPathCNNClassifier(
        architecture="compact", lr=3e-3, batch_size=64, max_epochs=epochs, random_state=0
    )
    before = make_fusion_preprocessor(**dataset.modalities, noise_filter=noise_filter)
    return FusionDecider(make_pipeline(before, network)).fit(X, y)


def _divided(
    case: str, decider: FusionDecider, pool: Bunch, repeats: int
) -> Iterator[dict[str, Any]]:
    """Divide the groups of a pool in halves again and again: calibrate on one, test on one."""
    splits = list(
        GroupShuffleSplit(repeats, test_size=0.5, random_state=0).split(
            pool.data, groups=pool.groups
        )
    )
    for kind in KINDS:
        found = [
            pd.DataFrame(
                _measure(
                    decider,
                    (pool.data.iloc[held], pool.target.iloc[held]),
                    (pool.data.iloc[tested], pool.target.iloc[tested]),
                    kind=kind,
                )
            )
            for held, tested in splits
        ]
        table = pd.concat(found)
        means = table.groupby("head", sort=False).mean(numeric_only=True)
        spread = table.groupby("head")["coverage"].std()
        for head, row in means.iterrows():
            kept = {"data": case, "sets": kind, "head": head, **row.to_dict()}
            yield {**kept, "spread": float(spread[head])}


def _tested(
    case: str, decider: FusionDecider, calibration: Part, tested: Part
) -> Iterator[dict[str, Any]]:
    for kind in KINDS:
        for row in _measure(decider, calibration, tested, kind=kind):
            yield {"data": case, "sets": kind, **row, "spread": np.nan}


def _measure(
    decider: FusionDecider, calibration: Part, tested: Part, *, kind: str
) -> list[dict[str, Any]]:
    careful = ConformalFusionDecider(
        FrozenEstimator(decider), confidence_level=NOMINAL, **KINDS[kind]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of rare classes, in every set then
        careful.fit(*calibration)
    X, y = tested
    table, said, state = coverage_table(careful, X, y), careful.predict(X), careful.true_state(y)
    decided = said != "uncertain"
    return [
        {
            "head": head,
            "coverage": of_head["coverage"].iloc[0],
            "lowest class": of_head["coverage"].iloc[1:].min(),
            "set size": of_head["set_size"].iloc[0],
            "uncertain": float(1 - decided.mean()),
            "right if decided": float((said == state)[decided].mean()) if decided.any() else np.nan,
            "right without": decider.score(X, y),
        }
        for head, of_head in table.groupby("head", sort=False)
    ]
