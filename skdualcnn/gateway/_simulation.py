"""The simulated ward as messages of its devices, in real or accelerated time."""

import json
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any, NamedTuple

import pandas as pd
from sklearn.utils import Bunch

from skdualcnn.datasets._ward import START
from skdualcnn.exceptions import BrokerError
from skdualcnn.gateway._gateway import Outgoing
from skdualcnn.gateway._session import Session
from skdualcnn.gateway._topics import Topics

IN_FLIGHT = 100
"""Messages that may wait for the broker's word before the next is published."""
PATIENCE = 60.0
"""Seconds to wait for that word."""


class Timed(NamedTuple):
    """Something that happens at a time, in seconds since the simulation began."""

    seconds: float
    what: Any


def ward_reports(ward: Bunch) -> pd.DataFrame:
    """Return the reports of all devices in the order of their stamps.

    Parameters
    ----------
    ward : Bunch
        Of :func:`skdualcnn.datasets.make_ward`.

    Returns
    -------
    DataFrame
        Columns "time", "patient", "stream" and "values", a dict with None where missing.
    """
    tables = []
    for stream, table in ward.streams.items():
        # Objects, for NaN to become None and text to stay text.
        values = table.drop(columns=["timestamp", "patient"]).astype(object)
        reports = pd.DataFrame({"time": table["timestamp"], "patient": table["patient"]})
        reports["stream"] = stream
        reports["values"] = values.where(values.notna(), None).to_dict("records")
        tables.append(reports)
    return pd.concat(tables, ignore_index=True).sort_values("time", kind="stable")


def ward_messages(reports: pd.DataFrame, start: pd.Timestamp, topics: Topics) -> Iterator[Timed]:
    """Yield the messages of reports.

    Parameters
    ----------
    reports : DataFrame
        Of :func:`ward_reports`.
    start : pandas.Timestamp
        When the simulation is to begin, with a zone.
    topics : Topics

    Yields
    ------
    Timed
        With an `Outgoing`.
    """
    for time, patient, stream, values in reports.itertuples(index=False):
        elapsed = time - START
        stamp = (start + elapsed).tz_convert("UTC").isoformat(timespec="milliseconds")
        payload = json.dumps({"time": stamp.replace("+00:00", "Z"), "values": values})
        message = Outgoing(topics.reading(str(patient), stream), payload.encode())
        yield Timed(elapsed.total_seconds(), message)


def ward_news(ward: Bunch) -> list[Timed]:
    """Return what befalls the patients, as sentences, in the order of time."""
    news = []
    for one in ward.episodes.itertuples(index=False):
        for when, verb in ((one.start, "begins"), (one.end, "ends")):
            sentence = f"patient {one.patient}: {one.label} {verb}"
            news.append(Timed((when - START).total_seconds(), sentence))
    return sorted(news)


class Publisher:
    """Publishes what comes timed, at its time.

    Parameters
    ----------
    session : Session
        Connected.
    speed : float or None
        Seconds of the simulation in a second; None: as fast as the broker takes it.
    """

    def __init__(self, session: Session, speed: float | None) -> None:
        self._session = session
        self._speed = speed
        self._began = monotonic()

    def publish(self, timed: Timed) -> None:
        """Wait for its time, and for the broker, then publish.

        Raises
        ------
        BrokerError
            If the broker confirms nothing for a minute.
        """
        if self._speed is not None:
            sleep(max(0.0, self._began + timed.seconds / self._speed - monotonic()))
        self._expect(IN_FLIGHT)
        self._session.publish(timed.what, retain=False)

    def finish(self) -> None:
        """Wait until the broker has confirmed everything.

        Raises
        ------
        BrokerError
            If it confirms nothing for a minute.
        """
        self._expect(0)

    def _expect(self, most_pending: int) -> None:
        if not self._session.wait(most_pending, PATIENCE):
            raise BrokerError(
                f"The broker has not confirmed {self._session.n_pending} messages within "
                f"{PATIENCE:g} s: {self._session.problem or 'no answer'}."
            )
