"""What a finished job leaves behind, as arrays and facts, in one file."""

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.paper.jobs import Job
from skdualcnn._evaluation import HeadResult
from skdualcnn.inspection._files import to_plain

_TRUTH, _PROBABILITY = "truth_", "probability_"


@dataclass(frozen=True)
class Outcome:
    """The answers of one fitted model on its test rows.

    Attributes
    ----------
    job : Job
    facts : dict
        All that is no array, ready for JSON: `classes` and `normal` of each head, the
        `rule`, numbers of rows, seconds, `history`, `parameters`, `robustness`,
        `firmware`.
    truth : dict of str to ndarray of shape (n,) and dtype str
        Labels of each head; empty where missing.
    probability : dict of str to ndarray of shape (n, n_classes)
        Of each head.
    columns : dict of str to ndarray of shape (n,)
        Of the test rows: `group`, and where it is known `device`, `minutes`, `unseen`.
    """

    job: Job
    facts: dict[str, Any]
    truth: dict[str, NDArray[np.str_]]
    probability: dict[str, NDArray[np.float64]]
    columns: dict[str, NDArray[Any]]

    @property
    def heads(self) -> list[str]:
        """Names of the heads."""
        return list(self.probability)

    def known(self, head: str) -> NDArray[np.bool_]:
        """Return which rows have a label of the head."""
        return np.asarray(self.truth[head] != "", dtype=bool)

    def score(self, head: str) -> NDArray[np.float64]:
        """Return one minus the probability of normal, of all rows."""
        return anomaly_score(self.probability[head], self.facts["classes"][head], self.normal(head))

    def normal(self, head: str) -> str:
        """Return the normal class of a head."""
        return str(self.facts["normal"][head])

    def result(self, head: str) -> HeadResult:
        """Return what was answered on the rows that have a label of the head."""
        here = self.known(head)
        classes = np.array(self.facts["classes"][head], dtype=object)
        return HeadResult(
            y_true=self.truth[head][here].astype(object),
            y_pred=classes[self.probability[head][here].argmax(axis=1)],
            score=self.score(head)[here],
            classes=classes,
            normal=self.normal(head),
        )

    def to_bytes(self) -> bytes:
        """Return the outcome as a file of NumPy arrays without pickle."""
        arrays: dict[str, Any] = {_TRUTH + head: labels for head, labels in self.truth.items()}
        arrays |= {_PROBABILITY + head: values for head, values in self.probability.items()}
        arrays |= {f"column_{name}": values for name, values in self.columns.items()}
        facts = json.dumps({"job": self.job.to_dict(), **to_plain(self.facts)})
        buffer = io.BytesIO()
        np.savez_compressed(buffer, facts=np.array(facts), **arrays)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> "Outcome":
        """Read what `to_bytes` wrote."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            facts = json.loads(str(arrays["facts"]))
            parts = {
                prefix: {
                    name.removeprefix(prefix): arrays[name]
                    for name in arrays.files
                    if name.startswith(prefix)
                }
                for prefix in (_TRUTH, _PROBABILITY, "column_")
            }
        job = facts.pop("job")
        job = Job(**{**job, "modalities": tuple(job["modalities"])})
        return cls(job, facts, parts[_TRUTH], parts[_PROBABILITY], parts["column_"])


def anomaly_score(
    probability: NDArray[np.float64], classes: list[str], normal: str
) -> NDArray[np.float64]:
    """Return one minus the probability of normal, in [0, 1]."""
    return np.clip(1 - probability[:, classes.index(normal)], 0, 1)
