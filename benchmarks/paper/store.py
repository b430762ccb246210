"""Finished jobs on disk, so that a run that was interrupted goes on where it stopped."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib

import firmware_export
import skdualcnn
from benchmarks.paper.jobs import DEPLOYMENT, Job, Settings
from benchmarks.paper.models import MINIROCKET
from benchmarks.paper.outcome import Outcome
from skdualcnn._versions import describe_environment
from skdualcnn._writing import write_whole

_HERE, _PACKAGE = Path(__file__).parent, Path(skdualcnn.__file__).parent
_SUFFIXES = {".py", ".c", ".h"}  # the kernels train and answer, too
_OWN = ("fitted", "jobs", "models", "outcome", "perturbation", "protocols", "work")
# What no outcome depends on, but for those that are exported: how results are shown, and what runs
# beside the models.
_APART = (
    *("inspection", "streaming", "explanation", "drift", "partitions.py"),
    *("_commands", "_cli.py", "_demo.py", "_demo_messages.py", "_demo_report.py"),
)


class Store:
    """Outcomes in a folder, one file each.

    Parameters
    ----------
    folder : Path
        Made when the first outcome is saved.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, job: Job, fingerprint: str) -> Outcome | None:
        """Return the outcome of a job; None if there is none that still holds."""
        path = self.folder / job.path
        try:
            outcome = Outcome.from_bytes(path.read_bytes())
        except FileNotFoundError:
            return None
        except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile):
            return None  # not ours, or damaged: the job is done again
        return outcome if outcome.facts.get("fingerprint") == fingerprint else None

    def save(self, outcome: Outcome) -> Path:
        """Write the outcome, whole or not at all."""
        path = self.folder / outcome.job.path
        path.parent.mkdir(parents=True, exist_ok=True)
        return write_whole(path, outcome.to_bytes())


def fingerprint(
    job: Job, estimator: Any, data_digest: str, settings: Settings, common: Mapping[str, str]
) -> str:
    """Return a digest of everything that the outcome of a job depends on.

    Parameters
    ----------
    job : Job
    estimator : estimator
        Unfitted, with all its parameters.
    data_digest : str
        Of the data set.
    settings : Settings
    common : dict of str to str
        As `common_facts` and `own_facts` return it.
    """
    limits = [
        settings.quick,
        settings.train_rows,
        settings.test_rows,
        settings.perturbed_rows,
    ]
    everything = [job.to_dict(), joblib.hash(estimator), data_digest, limits, dict(common)]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def common_facts() -> dict[str, str]:
    """Return the versions, and a digest of the sources that outcomes depend on.

    The sources themselves, rather than the commit, so that a change that is not
    committed counts and a commit that changes a page of the documentation does not.
    """
    return {**describe_environment(), "sources": _digest(common_sources())}


def common_sources() -> list[Path]:
    """Return the files that every outcome depends on."""
    sources = [
        path
        for path in _PACKAGE.rglob("*")
        if path.suffix in _SUFFIXES and not set(path.relative_to(_PACKAGE).parts) & set(_APART)
    ]
    sources += [_HERE / f"{name}.py" for name in _OWN]
    return [*sources, _HERE.parent / "baselines.py"]


def own_facts(job: Job) -> dict[str, str]:
    """Return what the outcome of a job depends on besides: the exporter, or aeon."""
    if job.part == DEPLOYMENT:
        return {"firmware": _digest(firmware_sources())}
    if job.model == MINIROCKET:
        return {"aeon": version("aeon")}
    return {}


def firmware_sources() -> list[Path]:
    """Return the files that outcomes that are exported depend on besides."""
    exporter = Path(firmware_export.__file__).parent
    return [
        *(one for one in exporter.rglob("*") if one.is_file()),
        *(_PACKAGE / "_demo.py", _PACKAGE / "_demo_report.py"),  # rows to calibrate on, figures
    ]


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(one for one in paths if "__pycache__" not in one.parts):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def digest_of(dataset: Any) -> str:
    """Return a digest of the rows, labels and groups of a data set."""
    return str(joblib.hash([dataset.data, dataset.target, dataset.groups, dataset.modalities]))
