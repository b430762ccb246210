"""Every job of every data set that is not done yet, then the pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from sklearn.utils import Bunch

from benchmarks._studies import STUDIES
from benchmarks.paper.jobs import Job, Settings, plan
from benchmarks.paper.models import make_models
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.pages import write_pages
from benchmarks.paper.results import Results
from benchmarks.paper.store import Store, common_facts, digest_of, fingerprint, own_facts
from benchmarks.paper.work import perform, restrict
from skdualcnn._studies import Study
from skdualcnn.exceptions import DataFileError


@dataclass
class Bench:
    """A data set with its models, loaded once a seed.

    Attributes
    ----------
    name : str
    folder : Path
    settings : Settings
    """

    name: str
    folder: Path
    settings: Settings
    _datasets: dict[int, tuple[Bunch, str]] = field(default_factory=dict)

    @property
    def study(self) -> Study:
        """The study."""
        return STUDIES[self.name]

    def dataset(self, seed: int) -> Bunch:
        """Return the data set."""
        return self._load(seed)[0]

    def digest(self, seed: int) -> str:
        """Return a digest of the data set."""
        return self._load(seed)[1]

    def models(self, job: Job) -> dict[str, Any]:
        """Return the unfitted models as a job sees the data."""
        seen = restrict(self.dataset(job.seed), job.modalities)
        return make_models(self.study, seen, self.settings, job.seed)[0]

    def jobs(self) -> tuple[list[Job], dict[str, str]]:
        """Return all jobs, and why some models are left out."""
        dataset = self.dataset(self.settings.seeds[0])
        models, reasons = make_models(self.study, dataset, self.settings, self.settings.seeds[0])
        modalities = [name for name, columns in dataset.modalities.items() if columns]
        return list(plan(self.name, modalities, list(models), self.settings)), reasons

    def _load(self, seed: int) -> tuple[Bunch, str]:
        if seed not in self._datasets:
            first = next(iter(self._datasets.values()), None)
            if first is not None and self.study.needs_files:
                self._datasets[seed] = first  # files do not depend on the seed
            else:
                dataset = self.study.load(self.folder, seed)
                self._datasets[seed] = dataset, digest_of(dataset)
        return self._datasets[seed]


def run(
    names: Sequence[str],
    data_dir: Path,
    out: Path,
    *,
    n_seeds: int,
    quick: bool,
    command: str,
    skip_missing: bool,
) -> dict[str, Results]:
    """Do what is not done, write the pages and return the results of each data set.

    Parameters
    ----------
    names : sequence of str
        Data sets.
    data_dir : Path
        Folder of their files.
    out : Path
        Folder to write to; finished jobs in it are taken over where they still hold.
    n_seeds : int
        Number of seeds.
    quick : bool
        Fewer rows and epochs.
    command : str
        The command line, for the pages.
    skip_missing : bool
        Leave out data sets whose files are not there, and say so.
    """
    settings = Settings.choose(quick=quick, n_seeds=n_seeds)
    store, console = Store(out / "jobs"), Console()
    common = common_facts()
    found = {}
    for name in names:
        try:
            outcomes, reasons, bench = _work(name, data_dir, settings, store, common, console)
        except DataFileError as error:
            if not skip_missing:
                raise
            console.print(f"{name} left out: {str(error).splitlines()[0]}", soft_wrap=True)
            continue
        found[name] = Results.collect(bench.study, bench.dataset(0), settings, outcomes, reasons)
        # After each data set, so that an interrupted run leaves pages too.
        pages = write_pages(out, found, command)
        console.print(f"written: {', '.join(str(page) for page in pages)}", soft_wrap=True)
    return found


def _work(
    name: str,
    data_dir: Path,
    settings: Settings,
    store: Store,
    common: dict[str, str],
    console: Console,
) -> tuple[list[Outcome], dict[str, str], Bench]:
    """Return the outcome of every job of a data set."""
    bench = Bench(name, data_dir, settings)
    jobs, reasons = bench.jobs()
    outcomes: dict[Job, Outcome] = {}
    pending = []
    for job in jobs:
        decider = bench.models(job)[job.model]
        known = {**common, **own_facts(job)}
        mark = fingerprint(job, decider, bench.digest(job.seed), settings, known)
        done = store.load(job, mark)
        if done is None:
            pending.append((job, decider, mark))
        else:
            outcomes[job] = done
    console.print(f"{name}: {len(jobs)} jobs, {len(outcomes)} of them done before")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, speed_estimate_period=600) as progress:
        task = progress.add_task(name, total=len(pending))
        for number, (job, decider, mark) in enumerate(pending, start=1):
            description = f"{name} {job.protocol}, {job.part}: {job.model}"
            progress.update(task, description=description)
            seen = restrict(bench.dataset(job.seed), job.modalities)
            facts = {"fingerprint": mark, "environment": common}
            outcomes[job] = perform(job, decider, bench.study, seen, settings, facts)
            store.save(outcomes[job])
            progress.advance(task)
            if not console.is_terminal:  # where no bar is drawn before the end
                console.print(f"{number} of {len(pending)}, {description}", soft_wrap=True)
    return [outcomes[job] for job in jobs], reasons, bench
