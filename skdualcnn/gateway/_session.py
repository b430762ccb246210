"""A connection to a broker that comes back by itself: paho behind a few methods."""

import logging
import sys
from collections.abc import Callable, Sequence
from threading import Condition
from time import monotonic
from typing import Any

from skdualcnn._extras import import_extra
from skdualcnn.exceptions import BrokerError
from skdualcnn.gateway._broker import Broker
from skdualcnn.gateway._gateway import Outgoing

MOST_PENDING = 50_000
"""Messages that wait for the broker; MQTT has numbers for 65,535."""
LARGEST_PACKET = 16 * 2**20
"""Bytes; a broker keeps what is larger to itself."""
SLOWEST_RETRY = 60
"""Seconds between two attempts to connect, after which they do not become fewer."""
KEEPALIVE = 30
FAREWELL = 5.0
"""Seconds to wait at the end for the broker to confirm what it was sent."""
ONLINE, OFFLINE, LOST = (b'{"status": "%b"}' % one for one in (b"online", b"offline", b"lost"))
_LOG = logging.getLogger(__name__)


class Session:
    """A session with a broker: MQTT 5, every message delivered at least once.

    Messages may be published at any time; they wait until the broker confirms them.

    Parameters
    ----------
    broker : Broker
    client_id : str
        Two sessions of the same name throw each other out.
    subscriptions : sequence of str, default=()
        What to listen to.
    on_message : callable or None, default=None
        Called with topic and payload, one message after another; when it returns, the
        broker is told that the message has arrived.
    status : str or None, default=None
        Topic that says whether we are there; retained, also as last will.
    expiry : int, default=0
        Seconds for which the broker keeps messages for us while we are away.
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        *,
        subscriptions: Sequence[str] = (),
        on_message: Callable[[str, bytes], None] | None = None,
        status: str | None = None,
        expiry: int = 0,
    ) -> None:
        self._paho = import_extra("paho.mqtt.client", "mqtt")
        self._properties = import_extra("paho.mqtt.properties", "mqtt").Properties
        self._packets = import_extra("paho.mqtt.packettypes", "mqtt").PacketTypes
        self._options = import_extra("paho.mqtt.subscribeoptions", "mqtt").SubscribeOptions
        self._broker = broker
        self._subscriptions = tuple(subscriptions)
        self._on_message = on_message
        self._status = status
        self._expiry = expiry
        self._changed = Condition()
        self._pending: dict[int, Outgoing] = {}
        self._confirmed_early: set[int] = set()
        self.connected_at: float | None = None
        """When the connection, with all subscriptions, was made, in seconds of
        `time.monotonic`; None without one."""
        self.problem: str | None = None
        """Why there is no connection, as far as it is known."""
        self.counts = {"connections": 0, "dropped": 0, "refused": 0, "errors": 0}
        """Connections made; messages not kept, messages the broker refused, failed callbacks."""
        self._client = self._make_client(client_id)

    @property
    def pending(self) -> list[Outgoing]:
        """Messages that the broker has not confirmed, in order, without our status."""
        with self._changed:
            return [one for one in self._pending.values() if one.topic != self._status]

    @property
    def n_pending(self) -> int:
        """How many these are."""
        return len(self._pending)

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        properties = self._properties(self._packets.CONNECT)
        properties.SessionExpiryInterval = self._expiry
        properties.MaximumPacketSize = LARGEST_PACKET
        self._client.connect_async(
            self._broker.host,
            self._broker.port,
            keepalive=KEEPALIVE,
            clean_start=self._expiry == 0,
            properties=properties,
        )
        self._client.loop_start()

    def publish(self, message: Outgoing, *, retain: bool = True) -> None:
        """Hand a message over, to be delivered once there is a connection."""
        if len(self._pending) >= MOST_PENDING:
            self.counts["dropped"] += 1
            return
        sent = self._client.publish(message.topic, message.payload, qos=1, retain=retain)
        if sent.rc == self._paho.MQTT_ERR_QUEUE_SIZE:
            self.counts["dropped"] += 1
            return
        with self._changed:
            if sent.mid in self._confirmed_early:
                self._confirmed_early.discard(sent.mid)
            else:
                self._pending[sent.mid] = message

    def wait(self, most_pending: int, seconds: float) -> bool:
        """Wait until at most so many messages are pending; return whether they are."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self._pending) <= most_pending, seconds)

    def expect_connection(self, seconds: float) -> None:
        """Wait for a connection.

        Raises
        ------
        BrokerError
            If there is none in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.connected_at is not None, seconds):
                raise BrokerError(
                    f"No connection to {self._broker} within {seconds:g} s: "
                    f"{self.problem or 'no answer'}. Is the broker running there, and does it let "
                    "this client in?"
                )

    def stop(self) -> None:
        """Take leave and close the connection; no callback runs afterwards."""
        if self._status is not None and self.connected_at is not None:
            self.publish(Outgoing(self._status, OFFLINE))
            self.wait(0, FAREWELL)
        self._client.disconnect()
        self._client.loop_stop()

    def _make_client(self, client_id: str) -> Any:
        client = self._paho.Client(
            self._paho.CallbackAPIVersion.VERSION2, client_id, protocol=self._paho.MQTTv5
        )
        client.reconnect_delay_set(1, SLOWEST_RETRY)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._broker.tls is not None:
            client.tls_set_context(self._broker.tls)
        if self._status is not None:
            client.will_set(self._status, LOST, qos=1, retain=True)
        client.on_connect = self._connected
        client.on_connect_fail = self._failed
        client.on_subscribe = self._subscribed
        client.on_disconnect = self._disconnected
        client.on_publish = self._confirmed
        client.on_message = self._arrived
        return client

    def _connected(self, client: Any, data: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._note_problem(f"the broker refused: {reason}")
            return
        # Retained readings are old ones: 2 asks for none of them.
        options = self._options(qos=1, retainHandling=2)
        if self._subscriptions:
            client.subscribe([(topic, options) for topic in self._subscriptions])
        else:
            self._ready()

    def _subscribed(
        self, client: Any, data: Any, mid: int, reasons: Sequence[Any], properties: Any
    ) -> None:
        refused = [reason for reason in reasons if reason.is_failure]
        if refused:
            self._note_problem(f"the broker refused a subscription: {refused[0]}")
            return
        self._ready()

    def _ready(self) -> None:
        """Count as connected: what is published from now on arrives here, too."""
        if self._status is not None:
            self.publish(Outgoing(self._status, ONLINE))
        _LOG.info("connected to %s", self._broker)
        with self._changed:
            self.connected_at = monotonic()
            self.problem = None
            self.counts["connections"] += 1
            self._changed.notify_all()

    def _failed(self, client: Any, data: Any) -> None:
        self._note_problem(str(sys.exc_info()[1] or "no connection"))

    def _disconnected(
        self, client: Any, data: Any, flags: Any, reason: Any, properties: Any
    ) -> None:
        # The reason first: whoever sees that there is no connection may ask why.
        if reason.is_failure and (self.connected_at is not None or self.problem is None):
            self._note_problem(f"connection lost: {reason}")
        with self._changed:
            self.connected_at = None
            self._changed.notify_all()

    def _note_problem(self, problem: str) -> None:
        if problem != self.problem:  # not once an attempt
            _LOG.warning("%s: %s; trying again", self._broker, problem)
        self.problem = problem

    def _confirmed(self, client: Any, data: Any, mid: int, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self.counts["refused"] += 1
            _LOG.warning("the broker refused a message: %s", reason)
        with self._changed:
            # It may be confirmed before publish has returned its number.
            if self._pending.pop(mid, None) is None:
                self._confirmed_early.add(mid)
            self._changed.notify_all()

    def _arrived(self, client: Any, data: Any, message: Any) -> None:
        if self._on_message is None:
            return
        try:
            self._on_message(message.topic, message.payload)
        except Exception:
            # Anything raised here would end paho's thread, and with it the connection.
            self.counts["errors"] += 1
            _LOG.exception("a message failed")
