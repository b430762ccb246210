"""All outcomes of one data set, and the ways the tables ask for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.utils import Bunch

from benchmarks.baselines import PROTOCOLS
from benchmarks.paper.jobs import TEST, Settings
from benchmarks.paper.outcome import Outcome
from benchmarks.paper.protocols import describe_folds, describe_split
from skdualcnn._studies import HELD_OUT, OURS, Study


@dataclass(frozen=True)
class Results:
    """The outcomes of a data set, and what is said about it.

    Attributes
    ----------
    title, description : str
        Of the data set.
    simulated : bool
        Whether its rows come from a simulator.
    n_rows, n_columns : int
        Of the data set.
    modalities : dict of str to int
        Columns of each.
    splits, held_out, folds : dict of str to str
        Of each protocol, how rows are held out, which, and what the five folds are.
    settings : Settings
    outcomes : tuple of Outcome
    left_out : dict of str to str
        Models that were not tried, with the reason.
    """

    title: str
    description: str
    simulated: bool
    n_rows: int
    n_columns: int
    modalities: dict[str, int]
    splits: dict[str, str]
    held_out: dict[str, str]
    folds: dict[str, str]
    settings: Settings
    outcomes: tuple[Outcome, ...]
    left_out: dict[str, str]

    @classmethod
    def collect(
        cls,
        study: Study,
        dataset: Bunch,
        settings: Settings,
        outcomes: Sequence[Outcome],
        left_out: dict[str, str],
    ) -> "Results":
        """Put outcomes together with what is known of their data set."""
        return cls(
            title=study.title,
            description=dataset.DESCR,
            simulated=not study.needs_files,
            n_rows=len(dataset.data),
            n_columns=dataset.data.shape[-1],
            modalities={name: len(columns) for name, columns in dataset.modalities.items()},
            splits={one: describe_split(dataset, one, study.window) for one in PROTOCOLS},
            held_out={"paper": "single rows", "honest": HELD_OUT[dataset.split_by]},
            folds={protocol: describe_folds(dataset, protocol) for protocol in PROTOCOLS},
            settings=settings,
            outcomes=tuple(outcomes),
            left_out=left_out,
        )

    @property
    def heads(self) -> list[str]:
        """Names of the heads."""
        return self.select("honest", OURS)[0].heads

    def select(
        self, protocol: str, model: str, part: str = TEST, modalities: tuple[str, ...] = ()
    ) -> list[Outcome]:
        """Return the outcomes of one model, one a seed."""
        wanted = (protocol, part, model, modalities)
        return [
            one
            for one in self.outcomes
            if (one.job.protocol, one.job.part, one.job.model, one.job.modalities) == wanted
        ]

    def models(self, protocol: str, part: str = TEST) -> list[str]:
        """Return the models that have outcomes, ours first."""
        found = [
            one.job.model
            for one in self.outcomes
            if (one.job.protocol, one.job.part) == (protocol, part)
        ]
        return list(dict.fromkeys([OURS, *found]))

    def baselines(self, protocol: str) -> list[str]:
        """Return the other models."""
        return [name for name in self.models(protocol) if name != OURS]

    def subsets(self, protocol: str) -> list[tuple[str, ...]]:
        """Return the sets of modalities that our model was also fitted on, smallest first."""
        found = {
            one.job.modalities: None
            for one in self.outcomes
            if one.job.modalities and one.job.protocol == protocol
        }
        return sorted(found, key=len)

    def metrics(self, protocol: str, model: str, head: str, **chosen: Any) -> list[dict[str, Any]]:
        """Return the figures of a head, one dict a seed; `chosen` goes to `select`."""
        return [one.result(head).metrics() for one in self.select(protocol, model, **chosen)]
