"""The decisions: two heads and two rules, beside the best head and the best possible."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.paper.outcome import Outcome
from benchmarks.paper.results import Results
from benchmarks.paper.section import Section, Table, Value, average, spread
from skdualcnn._rules import DECISIONS, fuse_anomalies, fuse_confidences
from skdualcnn._studies import OURS

HEADS = {"health": "medical", "cyber": "cyber"}
ALERTS = tuple(DECISIONS[1:4])


@dataclass(frozen=True)
class Decided:
    """True states and decisions of the rows whose labels are all known.

    Attributes
    ----------
    states, anomaly, confidence : ndarray of shape (n,) and dtype str
        The truth, the decisions by anomaly score and those by eq. 11.
    single : dict of str to ndarray
        Decisions of each head alone.
    rows : ndarray of shape (n,) and dtype intp
        Which rows of the outcome these are.
    """

    states: NDArray[np.str_]
    anomaly: NDArray[np.str_]
    confidence: NDArray[np.str_]
    single: dict[str, NDArray[np.str_]]
    rows: NDArray[np.intp]

    @classmethod
    def of(cls, outcome: Outcome) -> "Decided":
        """Decide by the settings that the decider had."""
        rows = np.flatnonzero(np.all([outcome.known(head) for head in outcome.heads], axis=0))
        rule, zeros = outcome.facts["rule"], np.zeros(len(rows))
        ill, score, confidence = {}, {}, {}
        for head in HEADS:
            here = head in outcome.heads
            ill[head] = outcome.truth[head][rows] != outcome.normal(head) if here else zeros > 0
            score[head] = outcome.score(head)[rows] if here else zeros
            confidence[head] = outcome.probability[head][rows].max(axis=1) if here else zeros
        names = np.array([["normal", "cyber"], ["medical", "both"]])
        single = {
            head: np.where(score[head] >= threshold, alert, "normal")
            for (head, alert), threshold in zip(HEADS.items(), rule["thresholds"], strict=True)
            if head in outcome.heads
        }
        anomaly = fuse_anomalies(
            score["health"],
            score["cyber"],
            thresholds=tuple(rule["thresholds"]),
            abstention=rule["abstention"],
            delta=rule["delta"],
            distrust=rule["distrust"],
        )
        confident = fuse_confidences(confidence["health"], confidence["cyber"], delta=rule["delta"])
        return cls(
            states=names[ill["health"].astype(int), ill["cyber"].astype(int)],
            anomaly=DECISIONS[anomaly],
            confidence=DECISIONS[confident],
            single=single,
            rows=rows,
        )

    def figures(self) -> dict[str, float]:
        """Return shares of rows: right by each rule, head, oracle; agreement of the heads."""
        heads = list(self.single.values())
        alone = {
            f"alone {head}": float((one == self.states).mean()) for head, one in self.single.items()
        }
        # An oracle picks, for each row, the better of what the heads say and both together.
        flagged = np.column_stack([one != "normal" for one in heads])
        both = np.where(flagged.all(axis=1) & (flagged.shape[1] > 1), "both", "normal")
        candidates = [*heads, np.where(flagged.any(axis=1) & (both == "normal"), "", both)]
        oracle = np.any([one == self.states for one in candidates], axis=0)
        return {
            "anomaly": float((self.anomaly == self.states).mean()),
            "confidence": float((self.confidence == self.states).mean()),
            **alone,
            "best alone": max(alone.values()),
            "oracle": float(oracle.mean()),
            "agreement": float((flagged.all(axis=1) | ~flagged.any(axis=1)).mean()),
        }


def watch(outcome: Outcome, decided: Decided) -> dict[str, float] | None:
    """Return false alarms a day and what is known of the time to the alert.

    An alarm is a run of alerts of one device; it is false if none of its rows is truly
    abnormal. An episode is a run of rows of one abnormal state; it is found if any alert
    comes within it, after so many minutes or rows.

    Returns
    -------
    dict of str to float, or None
        "false alarms" (per device and day, or per 1,000 rows where there is no clock),
        "episodes", "found" (share), "delay" (median of those found). None if the rows
        are no series, as those that the paper's protocol draws at random.
    """
    if outcome.job.protocol == "paper" or "device" not in outcome.columns:
        return None
    device = outcome.columns["device"][decided.rows]
    minutes = outcome.columns.get("minutes")
    clock = np.arange(len(device), dtype=float) if minutes is None else minutes[decided.rows]
    alert = np.isin(decided.anomaly, ALERTS)
    abnormal = decided.states != "normal"
    alarms = pd.DataFrame({"run": _runs(alert, device), "abnormal": abnormal})[alert]
    false = int((~alarms.groupby("run")["abnormal"].any()).sum())
    episodes = pd.DataFrame({"run": _runs(decided.states, device), "clock": clock, "alert": alert})[
        abnormal
    ]
    starts = episodes.groupby("run")["clock"].min()
    first = episodes[episodes["alert"]].groupby("run")["clock"].min()
    delays = (first - starts).dropna()
    return {
        "false alarms": false / _time_watched(device, minutes, decided.rows),
        "episodes": float(len(starts)),
        "found": len(delays) / len(starts) if len(starts) else float("nan"),
        "delay": float(delays.median()) if len(delays) else float("nan"),
    }


def build(results: Results, protocol: str) -> Section:
    """Return the section."""
    title = "Fusion and alerts"
    ours = results.select(protocol, OURS)
    tables, sentences = [], []
    if len(results.heads) > 1:
        tables.append(_fusion_table(results, protocol))
        sentences += [_EXPLAINED, *verdicts(results, protocol)]
    else:
        sentences.append(
            f"Only the {results.heads[0]} head has labels here, so there is no fusion to judge."
        )
    if protocol == "paper":
        sentences.append(
            "Test rows drawn at random are no series: alarms and delays are on the honest page."
        )
    elif watch(ours[0], Decided.of(ours[0])) is None:
        sentences.append("Rows here are no series of a device: there is no time to an alert.")
    else:
        unit = _unit(ours[0])
        tables.append(_watch_table(results, protocol, unit))
        sentences.append(
            f"{_WATCHED} Unit: {unit[0]}; delays in {unit[1]}. An episode counts as found by an "
            "alert of any kind."
        )
    return Section(title, sentences, tables)


_EXPLAINED = (
    "Share of test rows with the right decision: normal, medical, cyber or both. By anomaly score "
    "is the decider's default, eq. 11 is the paper's rule, which never says normal. A head alone "
    "calls each row normal or raises its own alert. The oracle picks, for each row, the better of "
    "what the heads say at the thresholds of their alerts: no rule that chooses among these alerts "
    "can do better, one with other thresholds may. Agreement: both flag a row, or neither does."
)
_WATCHED = (
    "Alarms are runs of alerts of one device; false, if no row of the run is abnormal. Episodes "
    "are runs of rows of one abnormal state."
)


def _fusion_table(results: Results, protocol: str) -> Table:
    rows: list[list[Value]] = []
    keys = ("anomaly", "confidence", *(f"alone {head}" for head in HEADS), "oracle", "agreement")
    for model in results.models(protocol):
        runs = [Decided.of(one).figures() for one in results.select(protocol, model)]
        rows.append([model, *(spread(run[key] for run in runs) for key in keys)])
    columns = (
        "model",
        "by anomaly score",
        "by eq. 11",
        *(f"{head} head alone" for head in HEADS),
        "oracle",
        "agreement of the heads",
    )
    return Table("Decision accuracy", columns, rows, ours=0)


def verdicts(results: Results, protocol: str) -> list[str]:
    """Return whether fusing two heads beats the best of them."""
    if len(results.heads) < 2:
        return []
    runs = [Decided.of(one).figures() for one in results.select(protocol, OURS)]
    mean = {key: average([run[key] for run in runs]) or 0.0 for key in runs[0]}
    lead = round(mean["anomaly"] - mean["best alone"], 4)
    word = "beats" if lead > 0 else "loses to" if lead < 0 else "equals"
    distance = f" by {abs(lead):.4f}" if lead else ""
    return [
        f"Our network: fusion by anomaly score ({mean['anomaly']:.4f}) {word} the best head alone "
        f"({mean['best alone']:.4f}){distance}; eq. 11 reaches {mean['confidence']:.4f}, "
        f"the ceiling at these thresholds is {mean['oracle']:.4f}."
    ]


def _watch_table(results: Results, protocol: str, unit: tuple[str, str]) -> Table:
    rows: list[list[Value]] = []
    for model in results.models(protocol):
        found: list[Any] = [watch(one, Decided.of(one)) for one in results.select(protocol, model)]
        rows.append(
            [
                model,
                spread([run["false alarms"] for run in found], 2),
                spread([run["found"] for run in found]),
                spread([run["delay"] for run in found], 1),
                int(found[0]["episodes"]),
            ]
        )
    columns = (
        "model",
        unit[0],
        "share of episodes found",
        f"median delay, {unit[1]}",
        "episodes (first seed)",
    )
    return Table("False alarms and time to the alert", columns, rows, ours=0)


def _unit(outcome: Outcome) -> tuple[str, str]:
    if "minutes" in outcome.columns:
        return "false alarms per patient and day", "minutes"
    return "false alarms per 1,000 rows", "rows"


def _time_watched(
    device: NDArray[Any], minutes: NDArray[Any] | None, rows: NDArray[np.intp]
) -> float:
    """Return days over all devices, or thousands of rows."""
    if minutes is None:
        return len(device) / 1000
    steps = pd.Series(minutes[rows]).groupby(device).diff()
    return float(len(device) * steps.median() / (24 * 60))


def _runs(values: NDArray[Any], device: NDArray[Any]) -> NDArray[np.intp]:
    """Return a number for each run of equal values of one device."""
    changes = (values[1:] != values[:-1]) | (device[1:] != device[:-1])
    return np.concatenate([[0], np.cumsum(changes)]).astype(np.intp)
