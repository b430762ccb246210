"""False medical alerts under attack: vitals alone, the health head, and decisions with distrust.

A medical alert under an attack is false where the body is well. Settings are chosen on training
patients (ward) or training episodes (WUSTL-EHMS-2020), by probabilities of folds held out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline

from benchmarks._output import describe_run, say_run, to_markdown, write_results
from skdualcnn import DualPathCNNClassifier, FusionDecider, make_fusion_preprocessor
from skdualcnn._rules import BOTH, MEDICAL, fuse_anomalies
from skdualcnn._studies import OURS, STUDIES, fit
from skdualcnn.datasets import load_wustl_ehms, make_ward
from skdualcnn.model_selection import PurgedGroupKFold
from skdualcnn.preprocessing import SlidingWindow

WINDOW = 16
# Per cent at most, and the score: three, two and one point of the National Early Warning
# Score 2, scale 1 (Royal College of Physicians, 2017).
SATURATION_GRADES = {91: 1.0, 93: 0.8, 95: 0.6}
THRESHOLD = 0.5
N_FOLDS = 5
HEALTH_THRESHOLDS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
SUSPICIONS = (0.03, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9)
EVIDENCE = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 1.0)
Setting = tuple[float, tuple[float, float] | None]


@dataclass(frozen=True)
class Scored:
    """Rows with both scores and what was true.

    Attributes
    ----------
    health, cyber : ndarray of shape (n,) and dtype float64
        Anomaly scores.
    ill : ndarray of shape (n,) and dtype bool
        Whether there is a true emergency.
    attack : ndarray of shape (n,) and dtype str
        Kind of the attack, or "normal".
    """

    health: NDArray[np.float64]
    cyber: NDArray[np.float64]
    ill: NDArray[np.bool_]
    attack: NDArray[np.str_]

    @classmethod
    def of(cls, scores: NDArray[np.float64], y: pd.DataFrame) -> Self:
        """Join the scores with the labels."""
        return cls(
            *scores.T,
            (y["health"] != "normal").to_numpy(),
            y["cyber"].to_numpy(dtype=str),
        )

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Return some of the rows."""
        return type(self)(self.health[rows], self.cyber[rows], self.ill[rows], self.attack[rows])

    def alerts(self, setting: Setting) -> NDArray[np.bool_]:
        """Return where the decision is medical or both."""
        decisions = fuse_anomalies(
            self.health,
            self.cyber,
            thresholds=(setting[0], THRESHOLD),
            abstention=0.0,
            delta=1.0,  # two alerts are both: no medical one is lost to the comparison
            distrust=setting[1],
        )
        return np.isin(decisions, (MEDICAL, BOTH))

    def figures(self, alerts: NDArray[np.bool_]) -> dict[str, float]:
        """Return false medical alerts and sensitivity, under attack and without."""
        attacked = self.attack != "normal"
        return {
            "false under attack": int((alerts & attacked & ~self.ill).sum()),
            "false else, per 1,000": 1000 * _share(alerts, ~attacked & ~self.ill),
            "sensitivity": _share(alerts, self.ill),
            "sensitivity under attack": _share(alerts, self.ill & attacked),
        }


def run(out: Path, *, quick: bool, data_dir: Path) -> None:
    """Print and write what each way to decide gets wrong under attack."""
    environment = describe_run()
    seeds = range(1 if quick else 3)
    rows = [{**one, "seed": seed} for seed in seeds for one in on_ward(seed, quick=quick)]
    rows += [
        {**one, "seed": seed} for seed in seeds for one in on_wustl(data_dir, seed, quick=quick)
    ]
    results = pd.DataFrame(rows)
    means = results.groupby(["data", "way"], sort=False).mean(numeric_only=True)
    write_results(out, "tampering", results, means.drop(columns="seed"), environment)
    print(say_run(environment))
    print(to_markdown(means.drop(columns="seed")))
    print("\nsettings chosen on training rows:", *results["chosen"].dropna().unique(), sep="\n  ")


def on_ward(seed: int, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Compare the ways to decide on patients of the ward that were never seen."""
    n_patients, hours = (12, 6.0) if quick else (40, 12.0)
    train = _ward(n_patients, hours, seed)
    test = _ward(n_patients, hours, 1000 + seed)
    epochs = 3 if quick else 8
    both = _decider(train.modalities, epochs, seed)
    apart = _decider({**train.modalities, "network": []}, epochs, seed)
    held, seen = _score(both, train, test, train.target)
    held_apart, seen_apart = _score(apart, train, test, train.target["health"])
    for name, alone, alone_seen in (
        ("vitals and room alone", held_apart, seen_apart),
        ("health head alone", held, seen),
    ):
        yield {"data": "ward", "way": name, **alone_seen.figures(alone_seen.health >= THRESHOLD)}
        least = alone.figures(alone.health >= THRESHOLD)["sensitivity"]
        setting = choose(held, least)
        figures = seen.figures(seen.alerts(setting))
        way = f"decision, as sensitive as {name}"
        yield {"data": "ward", "way": way, **figures, "chosen": _name(setting)}


def on_wustl(folder: Path, seed: int, *, quick: bool) -> Iterator[dict[str, Any]]:
    """Compare the ways to decide on WUSTL-EHMS-2020, where altered data lower the saturation.

    It has no emergencies. The monitor's alarm on the saturation, graded by its points of the
    National Early Warning Score 2, is the health score; where nothing is attacked it is taken
    to be right, and under an attack the volunteer is taken to be well. Whole episodes are held
    out of the cyber head's training; a fold's setting is chosen on the other folds' scores.
    """
    dataset = load_wustl_ehms(folder)
    attack = dataset.target["cyber"].to_numpy(dtype=str)
    saturation = dataset.data["SpO2"].to_numpy()
    points = [(saturation > 0) & (saturation <= most) for most in SATURATION_GRADES]
    health = np.select(points, list(SATURATION_GRADES.values()), 0.0)  # zero is a sensor off
    study = STUDIES["wustl_ehms"]
    decider = study.models(dataset, quick=quick, verbose=0, random_state=seed)[OURS]
    cyber, fold = np.empty(len(attack)), np.empty(len(attack), dtype=int)
    splits = PurgedGroupKFold(N_FOLDS).split(attack, groups=dataset.groups)
    for number, (train, check) in enumerate(splits):
        fit(decider, dataset, train)
        cyber[check] = decider.decision_function(dataset.data.iloc[check])[:, 1]
        fold[check] = number
    rows = Scored(health, cyber, (health >= THRESHOLD) & (attack == "normal"), attack)
    kept = attack != "spoofing"  # which leaves the vitals as they are
    wary, settings = np.zeros(len(attack), dtype=bool), []
    for number in range(N_FOLDS):
        others = rows.take(kept & (fold != number))
        settings.append(choose(others, others.figures(others.health >= THRESHOLD)["sensitivity"]))
        wary[fold == number] = rows.take(fold == number).alerts(settings[-1])
    known, told = rows.take(kept), {"data": "WUSTL-EHMS-2020"}
    yield {**told, "way": "monitor's alarm alone", **known.figures(known.health >= THRESHOLD)}
    chosen = "; ".join(map(_name, dict.fromkeys(settings)))
    way = "decision, as sensitive as monitor's alarm alone"
    yield {**told, "way": way, **known.figures(wary[kept]), "chosen": chosen}


def choose(rows: Scored, least_sensitivity: float) -> Setting:
    """Return the setting of that sensitivity with the fewest false alerts under attack."""
    settings: list[Setting] = [(threshold, None) for threshold in HEALTH_THRESHOLDS]
    settings += [
        (threshold, (suspicion, evidence))
        for threshold, suspicion, evidence in product(HEALTH_THRESHOLDS, SUSPICIONS, EVIDENCE)
        if evidence >= threshold
    ]
    found = [(rows.figures(rows.alerts(setting)), setting) for setting in settings]
    kept = [one for one in found if one[0]["sensitivity"] >= least_sensitivity]
    return min(kept, key=_preference)[1]


def _preference(one: tuple[dict[str, float], Setting]) -> tuple[float, float, float]:
    """Fewest false alerts; of settings that are alike on these rows, the last to distrust."""
    figures, (_, distrust) = one
    suspicion = 1.0 if distrust is None else distrust[0]
    return figures["false under attack"], figures["false else, per 1,000"], -suspicion


def _score(decider: FusionDecider, train: Any, test: Any, y: Any) -> tuple[Scored, Scored]:
    """Score training patients that were held out, and test patients after a fit on all."""
    held = np.empty((len(train.data), 2))
    for known, check in GroupKFold(N_FOLDS).split(train.data, groups=train.groups):
        decider.fit(train.data.iloc[known], y.iloc[known])
        held[check] = decider.decision_function(train.data.iloc[check])
    decider.fit(train.data, y)
    seen = decider.decision_function(test.data)
    return Scored.of(held, train.target), Scored.of(seen, test.target)


def _share(alerts: NDArray[np.bool_], rows: NDArray[np.bool_]) -> float:
    return float(alerts[rows].mean()) if rows.any() else np.nan


def _name(setting: Setting) -> str:
    return f"thresholds=({setting[0]:g}, {THRESHOLD:g}), distrust={setting[1]}"


def _ward(n_patients: int, hours: float, seed: int) -> Any:
    ward = make_ward(n_patients=n_patients, hours=hours, random_state=seed)
    ward.data = ward.data.assign(patient=ward.groups)
    return ward


def _decider(modalities: Any, epochs: int, seed: int) -> FusionDecider:
    network = DualPathCNNClassifier(lr=1e-3, batch_size=128, max_epochs=epochs, random_state=seed)
    before = make_fusion_preprocessor(**modalities, group="patient")
    return FusionDecider(make_pipeline(before, SlidingWindow(WINDOW, by=-1), network))
