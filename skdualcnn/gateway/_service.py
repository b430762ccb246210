"""The gateway as a service: broker, clock, state file and metrics around the logic."""

import logging
from collections import Counter
from pathlib import Path
from threading import Event, RLock
from time import monotonic, perf_counter, time
from typing import Any

from skdualcnn.gateway._broker import Broker
from skdualcnn.gateway._gateway import REFUSALS as MESSAGE_REFUSALS
from skdualcnn.gateway._gateway import Gateway, Outgoing
from skdualcnn.gateway._http import MetricsServer
from skdualcnn.gateway._metrics import Metrics
from skdualcnn.gateway._session import Session
from skdualcnn.gateway._state import restore_state, save_state
from skdualcnn.streaming._counters import REFUSALS as READING_REFUSALS

PULSE = 0.5
"""Seconds between two looks at the clock."""
KEPT_FOR = 86_400
"""Seconds for which the broker is asked to keep messages while the gateway is away."""
_LOG = logging.getLogger(__name__)


class GatewayService:
    """Runs a gateway until it is told to stop.

    Parameters
    ----------
    gateway : Gateway
        New; an earlier state is restored if there is one.
    model : FusionDecider or CompiledPredictor
        The gateway's.
    broker : Broker
    client_id : str
        Name of the session that the broker keeps.
    state : Path
        File of the state.
    save_every : float
        Seconds.
    settle : float
        Seconds after a connection is made in which the wall clock closes nothing, for
        readings that the broker kept come first.
    http : tuple of (str, int) or None
        Where to answer about metrics and health.

    Attributes
    ----------
    metrics : Metrics
    http_port : int or None

    Raises
    ------
    MissingExtraError
        If a package of the extra is missing.
    StreamError, ModelFileError
        If the state is of another model or other settings, or damaged.
    OSError
        If a file cannot be read, or the port cannot be had.
    """

    def __init__(
        self,
        gateway: Gateway,
        model: Any,
        broker: Broker,
        *,
        client_id: str,
        state: Path,
        save_every: float,
        settle: float,
        http: tuple[str, int] | None,
    ) -> None:
        self._gateway = gateway
        self._state = state
        self._save_every = save_every
        self._settle = settle
        self._lock = RLock()
        self._session = Session(
            broker,
            client_id,
            subscriptions=gateway.topics.subscriptions,
            on_message=self._on_message,
            status=gateway.topics.status,
            expiry=KEPT_FOR,
        )
        self.metrics = Metrics(gateway, self._session)
        if state.exists():
            pending = restore_state(state, gateway, model)
            _LOG.info(
                "%s: %d devices and %d active alerts restored, %d messages to deliver",
                state,
                len(gateway.detector.devices),
                len(gateway.desk.active),
                len(pending),
            )
            self._publish(pending)
        self._refused = _refusals(gateway)
        save_state(state, gateway, self._session.pending)  # so that a wrong place shows now
        self.metrics.saved_at = time()
        self._server = None if http is None else MetricsServer(*http, self.metrics)
        self.http_port = None if self._server is None else self._server.port

    def run(self, stop: Event) -> None:
        """Serve until `stop` is set, then save the state.

        Raises
        ------
        OSError
            If the state cannot be saved at the end.
        """
        self._session.start()
        saved = monotonic()
        try:
            while not stop.wait(PULSE):
                if self._is_settled():
                    with self._lock:
                        self._publish(self._gateway.advance())
                if monotonic() - saved >= self._save_every:
                    self._save()
                    self._log_refusals()
                    saved = monotonic()
        finally:
            # In this order everything that the broker was told has arrived is in the state.
            self._session.stop()
            if self._server is not None:
                self._server.close()
            save_state(self._state, self._gateway, self._session.pending)
        _LOG.info("state saved in %s", self._state)

    def _is_settled(self) -> bool:
        connected_at = self._session.connected_at
        return connected_at is not None and monotonic() - connected_at >= self._settle

    def _on_message(self, topic: str, payload: bytes) -> None:
        start = perf_counter()
        with self._lock:
            self._publish(self._gateway.receive(topic, payload))
        self.metrics.seconds.observe(perf_counter() - start)

    def _publish(self, messages: list[Outgoing]) -> None:
        for message in messages:
            self._session.publish(message)

    def _log_refusals(self) -> None:
        """Say what was refused since the last time, for whoever reads no metrics."""
        refused = _refusals(self._gateway)
        new = refused - self._refused
        if new:
            kinds = ", ".join(f"{n} {kind}" for kind, n in sorted(new.items()))
            _LOG.warning("messages refused since the last such line: %s", kinds)
        self._refused = refused

    def _save(self) -> None:
        try:
            with self._lock:
                save_state(self._state, self._gateway, self._session.pending)
        except OSError as error:
            self.metrics.failed_saves += 1
            _LOG.error("the state was not saved: %s", error)
        else:
            self.metrics.saved_at = time()
            self.metrics.failed_saves = 0


def _refusals(gateway: Gateway) -> Counter[str]:
    """Return the messages refused so far, by the gateway or by its detector."""
    messages, readings = gateway.counts, gateway.detector.counters
    return Counter({kind: messages[kind] for kind in MESSAGE_REFUSALS}) + Counter(
        {kind: readings[kind] for kind in READING_REFUSALS}
    )
