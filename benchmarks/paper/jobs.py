"""The units of work: one fit each, with everything that is scored with it."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks.baselines import PROTOCOLS
from skdualcnn._studies import OURS

N_FOLDS = 5
TEST, CALIBRATION, CURVES, DEPLOYMENT = "test", "calibration", "learning curves", "deployment"


@dataclass(frozen=True)
class Settings:
    """How much is done.

    Attributes
    ----------
    quick : bool
        Whether the networks train for a few epochs only.
    seeds : tuple of int
    train_rows, test_rows : int or None
        At most so many rows are kept on each side; None keeps all.
    perturbed_rows : int
        Test rows on which noise and missing values are tried.
    svm_rows : int
        Training rows of the support vector machine, whose cost grows with their square.
    fold_models : tuple of str or None
        Models that go through the five folds; None for all.
    """

    quick: bool
    seeds: tuple[int, ...]
    train_rows: int | None
    test_rows: int | None
    perturbed_rows: int
    svm_rows: int
    fold_models: tuple[str, ...] | None

    @classmethod
    def choose(cls, *, quick: bool, n_seeds: int) -> "Settings":
        """Return the settings of a quick or of a full run."""
        seeds = tuple(range(n_seeds))
        if quick:
            return cls(True, seeds, 3000, 3000, 1000, 1500, (OURS, "random forest"))
        return cls(False, seeds, None, None, 2000, 4000, None)


@dataclass(frozen=True)
class Job:
    """One fit.

    Attributes
    ----------
    data, protocol : str
        Data set, and "paper" or "honest".
    part : str
        What is held out and why: "test", "fold 1" to "fold 5", "calibration" (rows of
        the training side, for calibration), "learning curves" (as "test", but that a part
        of the training rows is watched), "deployment" (as "test", exported).
    model : str
    seed : int
    modalities : tuple of str
        Those whose columns the model sees; empty for all.
    """

    data: str
    protocol: str
    part: str
    model: str
    seed: int
    modalities: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return {**asdict(self), "modalities": list(self.modalities)}

    @property
    def path(self) -> Path:
        """The file of the job, below the folder of all jobs."""
        seen = "+".join(self.modalities) or "all"
        parts = (self.part, self.model, seen, f"seed {self.seed}")
        name = "--".join(parts).replace(" ", "_").replace("(", "").replace(")", "")
        return Path(self.data, self.protocol, f"{name}.npz")


def plan(
    data: str, modalities: Sequence[str], models: Sequence[str], settings: Settings
) -> Iterator[Job]:
    """Yield all jobs of a data set, those of one seed together.

    Parameters
    ----------
    data : str
        Name of the study.
    modalities : sequence of str
        Those that have columns.
    models : sequence of str
        Names of all models, ours among them.
    settings : Settings
    """
    subsets = [
        subset for size in range(1, len(modalities)) for subset in combinations(modalities, size)
    ]
    fold_models = models if settings.fold_models is None else settings.fold_models
    for seed in settings.seeds:
        for protocol in PROTOCOLS:
            for model in models:
                yield Job(data, protocol, TEST, model, seed)
            yield Job(data, protocol, CALIBRATION, OURS, seed)
            for subset in subsets:
                yield Job(data, protocol, TEST, OURS, seed, subset)
    for protocol in PROTOCOLS:
        yield Job(data, protocol, CURVES, OURS, settings.seeds[0])
        for fold in range(1, N_FOLDS + 1):
            for model in fold_models:
                yield Job(data, protocol, f"fold {fold}", model, settings.seeds[0])
    yield Job(data, "honest", DEPLOYMENT, OURS, settings.seeds[0])
