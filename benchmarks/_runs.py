"""One model, fitted on the training rows of a data set and scored on its test rows."""

import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich.progress import Progress
from sklearn.utils import Bunch, _safe_indexing

from skdualcnn._decider import FusionDecider
from skdualcnn._evaluation import evaluate
from skdualcnn._studies import fit, labels_of


def fit_and_score(
    decider: FusionDecider, dataset: Bunch, train: NDArray[np.intp], test: NDArray[np.intp]
) -> list[dict[str, Any]]:
    """Return the figures of every head that has labels."""
    start = time.perf_counter()
    fit(decider, dataset, train)
    seconds = time.perf_counter() - start
    result = evaluate(decider, _safe_indexing(dataset.data, test), labels_of(dataset, test))
    return [
        {
            "head": head,
            "train_rows": len(train),
            "test_rows": len(test),
            "fit_seconds": seconds,
            **scores.metrics(),
        }
        for head, scores in result.heads.items()
    ]


def over_seeds(
    title: str,
    measure: Callable[[str, Path, int], list[dict[str, Any]]],
    names: Sequence[str],
    data_dir: Path,
    seeds: Iterable[int],
) -> pd.DataFrame:
    """Return what `measure` finds on every data set with every seed; a bar shows how far it is."""
    rows: list[dict[str, Any]] = []
    seeds = list(seeds)
    with Progress() as progress:
        task = progress.add_task(title, total=len(names) * len(seeds))
        for name in names:
            for seed in seeds:
                found = measure(name, data_dir, seed)
                rows += [{"data": name, "seed": seed, **one} for one in found]
                progress.advance(task)
    return pd.DataFrame(rows)
