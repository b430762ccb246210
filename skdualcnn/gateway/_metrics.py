"""A gateway's counts as Prometheus reads them."""

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any

from skdualcnn.gateway._extra import import_extra
from skdualcnn.gateway._gateway import Gateway
from skdualcnn.gateway._session import Session
from skdualcnn.streaming._alert_track import KINDS
from skdualcnn.streaming._counters import OUTCOMES

PREFIX = "skdualcnn"
_DETECTOR = {
    "ticks": "Ticks closed, each with a decision.",
    "refused_rows": "Ticks of which nothing could be decided.",
    "restarted_devices": "Devices whose time jumped and that started afresh.",
    "dropped_devices": "Devices forgotten to make room.",
}
_SESSION = {
    "connections": "Connections made to the broker.",
    "dropped": "Messages not published, for too many wait.",
    "refused": "Messages that the broker refused.",
    "errors": "Messages that failed in a way nobody foresaw.",
}


class Metrics:
    """Reads the counts of a gateway and its session whenever it is asked.

    Parameters
    ----------
    gateway : Gateway
    session : Session

    Attributes
    ----------
    seconds : prometheus_client.Histogram
        Time that a message took.
    saved_at : float or None
        When the state was last saved, in seconds since 1970.
    failed_saves : int
    """

    def __init__(self, gateway: Gateway, session: Session) -> None:
        prometheus = import_extra("prometheus_client")
        self._core = import_extra("prometheus_client.core")
        self._exposition = import_extra("prometheus_client.exposition")
        self._gateway = gateway
        self._session = session
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self.seconds = prometheus.Histogram(
            f"{PREFIX}_message_seconds",
            "Time from a message's arrival until its decisions are handed on.",
            registry=self._registry,
            buckets=(0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
        )
        self.saved_at: float | None = None
        self.failed_saves = 0
        self._registry.register(self)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        text: bytes = self._exposition.generate_latest(self._registry)
        return text

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether all is well, and the facts as what JSON can hold."""
        connected_at = self._session.connected_at
        counters = self._gateway.detector.counters
        is_well = connected_at is not None and not self.failed_saves
        return is_well, {
            "status": "ok" if is_well else "failing",
            "connected": connected_at is not None,
            "connected_seconds": None if connected_at is None else monotonic() - connected_at,
            "problem": self._session.problem,
            "pending_messages": self._session.n_pending,
            "state_saved_at": self.saved_at,
            "failed_saves": self.failed_saves,
            "devices": len(self._gateway.detector.devices),
            "active_alerts": len(self._gateway.desk.active),
            "readings_accepted": counters["accepted"],
            "engine": self._gateway.detector.engine,
        }

    def collect(self) -> Iterable[Any]:
        """Yield the metrics, as prometheus_client asks for them."""
        gateway, session = self._gateway, self._session
        readings = gateway.detector.counters
        yield self._counter(
            "messages", "Messages from the broker, by what became of them.", gateway.counts
        )
        yield self._counter(
            "readings",
            "Readings given to the detector, by what it made of them; goes on over restarts.",
            {kind: n for kind, n in readings.items() if kind not in OUTCOMES},
        )
        for kind, text in _DETECTOR.items():
            yield self._core.CounterMetricFamily(f"{PREFIX}_{kind}", text, readings[kind])
        yield self._counter("decisions", "Decisions, by what was decided.", gateway.decision_counts)
        events = self._core.CounterMetricFamily(
            f"{PREFIX}_alert_events", "Changes of alerts.", labels=["kind", "event"]
        )
        for labels, n in gateway.event_counts.items():
            events.add_metric(labels, n)
        yield events
        for kind, text in _SESSION.items():
            name = f"{PREFIX}_broker_{kind}"
            yield self._core.CounterMetricFamily(name, text, session.counts[kind])
        active = [alert.kind for alert in gateway.desk.active]
        alerts = self._core.GaugeMetricFamily(
            f"{PREFIX}_active_alerts", "Alerts that are not cleared.", labels=["kind"]
        )
        for kind in KINDS:
            alerts.add_metric([kind], active.count(kind))
        yield alerts
        for name, text, value in (
            ("devices", "Devices that are known.", len(gateway.detector.devices)),
            ("broker_connected", "1 while connected.", session.connected_at is not None),
            ("pending_messages", "Messages the broker has yet to confirm.", session.n_pending),
            ("state_saved_timestamp_seconds", "When the state was saved.", self.saved_at or 0),
            ("failed_saves", "Attempts to save the state that failed in a row.", self.failed_saves),
        ):
            yield self._core.GaugeMetricFamily(f"{PREFIX}_{name}", text, float(value))

    def _counter(self, name: str, text: str, counts: Mapping[str, int]) -> Any:
        family = self._core.CounterMetricFamily(f"{PREFIX}_{name}", text, labels=["result"])
        for result, n in counts.items():
            family.add_metric([result], n)
        return family
