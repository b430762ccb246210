"""Whether probabilities come true on honest test rows, before and after each calibration.

Our network is fitted on folds of the training rows and answers the rows held out. From
those each method learns what the anomaly score, taken as the probability of two classes,
is worth; it is then applied to the answers that the network fitted on all training rows
gives on the test rows. Test rows choose nothing. The folds are those of
`python -m benchmarks tuning` (whole groups, types of attack left out), but along time
they are blocks with training rows on both sides: a network that knows only the beginning
of a recording errs in other ways than the one that is calibrated.

`floor` is the ECE of a model that is right in every probability, on as many rows: the
mean over labels drawn from the scores themselves. No method is expected below it.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import brier_score_loss
from sklearn.utils import Bunch

from benchmarks import tuning
from benchmarks._held_out import calibrated_score
from benchmarks._output import publish
from benchmarks._runs import over_seeds
from skdualcnn._calibration_error import calibration_floor
from skdualcnn._calibrators import CALIBRATORS
from skdualcnn._evaluation import HeadResult, evaluate
from skdualcnn._studies import OURS, STUDIES, fit, labels_of, thin
from skdualcnn.metrics import expected_calibration_error
from skdualcnn.model_selection import PurgedGroupKFold, honest_split


def run(
    names: Sequence[str], data_dir: Path, out: Path, seeds: Iterable[int], *, quick: bool
) -> pd.DataFrame:
    """Fit the network on folds and in full with every seed; print and write the table."""
    results = over_seeds("calibration", partial(_score, quick=quick), names, data_dir, seeds)
    groups = results.groupby(["data", "head", "calibration"], sort=False)
    table = groups[["ece", "floor", "brier", "said", "happened"]].mean()
    publish(out, "calibration", results, table)
    return results


def compare(held: Sequence[HeadResult], tested: HeadResult, seed: int) -> list[dict[str, Any]]:
    """Return the figures of every method on test rows.

    Parameters
    ----------
    held : sequence of HeadResult
        Of the rows held out of each fold.
    tested : HeadResult
        Of test rows.
    seed : int
        Draws labels for the floor.
    """
    calibrated = {"none": tested.score.clip(0, 1)}
    for method in CALIBRATORS:
        calibrated[method] = calibrated_score(method, held, tested)
    return [
        {
            "calibration": name,
            "ece": expected_calibration_error(tested.abnormal, said),
            "floor": calibration_floor(said, seed),
            "brier": brier_score_loss(tested.abnormal, said),
            "said": float(said.mean()),
            "happened": float(tested.abnormal.mean()),
        }
        for name, said in calibrated.items()
    ]


def folds(inside: Bunch, window: int, seed: int) -> Iterable[tuple[tuning.Rows, tuning.Rows]]:
    """Return the rows to fit on and those to learn the calibration from, per fold.

    Parameters
    ----------
    inside : Bunch
        As `tuning.training_rows` returns it.
    window : int
        Rows of a window.
    seed : int
        Draws groups and types of attack.
    """
    if inside.split_by != "time":
        return tuning.folds(inside, window, seed)
    splitter = PurgedGroupKFold(tuning.N_FOLDS, window=window)
    return splitter.split(np.empty((len(inside.data), 0)), groups=inside.groups)


def _score(name: str, data_dir: Path, seed: int, *, quick: bool) -> list[dict[str, Any]]:
    study = STUDIES[name]
    dataset = study.load(data_dir, seed)
    decider = study.models(dataset, quick=quick, verbose=0, random_state=seed)[OURS]

    def ask(data: Any, train: tuning.Rows, test: tuning.Rows) -> dict[str, HeadResult]:
        fit(decider, data, thin(train, study.window) if quick else train)
        return evaluate(decider, data.data.iloc[test], labels_of(data, test)).heads

    inside = tuning.training_rows(dataset, seed)
    held = [ask(inside, *fold) for fold in folds(inside, study.window, seed)]
    tested = ask(dataset, *honest_split(dataset, random_state=seed))
    return [
        {"head": head, "test_rows": len(result.score), **one}
        for head, result in tested.items()
        for one in compare([fold[head] for fold in held], result, seed)
    ]
