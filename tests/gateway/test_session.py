"""The session against a real mosquitto: TLS, credentials, restarts."""

import subprocess

import pytest

from skdualcnn.exceptions import BrokerError
from skdualcnn.gateway._broker import Broker, make_tls
from skdualcnn.gateway._gateway import Outgoing
from skdualcnn.gateway._session import Session


@pytest.fixture
def open_session():
    """Return a function that opens a session which is closed at the end."""
    sessions = []

    def open_one(broker, name="", **options):
        session = Session(broker, name, **options)
        sessions.append(session)
        session.start()
        return session

    yield open_one
    for session in sessions:
        session.stop()


def at(broker, **options):
    return Broker.at(f"127.0.0.1:{broker.port}", **options)


def test_messages_wait_for_the_broker_and_survive_its_death(
    start_mosquitto, open_session, patience
):
    broker = start_mosquitto()
    got = []
    listener = open_session(
        at(broker), subscriptions=["t/#"], on_message=lambda *one: got.append(one)
    )
    listener.expect_connection(10)
    sender = open_session(at(broker))
    sender.expect_connection(10)
    sender.publish(Outgoing("t/1", b"before"))
    patience(lambda: got == [("t/1", b"before")], "a message")
    assert sender.wait(0, 10)
    broker.kill()
    patience(lambda: sender.connected_at is None, "the loss to be noticed")
    sender.publish(Outgoing("t/2", b"between"))
    sender.publish(Outgoing("t/3", b"between too"))
    assert [one.topic for one in sender.pending] == ["t/2", "t/3"]
    assert sender.problem
    broker.start()
    assert sender.wait(0, 20)
    assert sender.pending == []
    patience(lambda: listener.counts["connections"] == 2, "the listener")
    sender.publish(Outgoing("t/4", b"after"))
    patience(lambda: got[-1] == ("t/4", b"after"), "the last message")
    assert len(got) == len(set(got))


def test_the_broker_keeps_messages_for_a_named_session(start_mosquitto, open_session, patience):
    broker = start_mosquitto()
    got = []
    options = {
        "subscriptions": ["t/+"],
        "on_message": lambda *one: got.append(one),
        "expiry": 600,
    }
    first = open_session(at(broker), "named", **options)
    first.expect_connection(10)
    sender = open_session(at(broker))
    sender.publish(Outgoing("t/1", b"1"), retain=False)
    patience(lambda: got, "a message")
    first.stop()
    sender.publish(Outgoing("t/2", b"2"), retain=False)
    assert sender.wait(0, 10)
    open_session(at(broker), "named", **options)
    patience(lambda: len(got) == 2, "what was kept")
    assert got == [("t/1", b"1"), ("t/2", b"2")]


def test_the_last_will_and_the_farewell(start_mosquitto, open_session, patience):
    broker = start_mosquitto()
    got = []
    watch = open_session(
        at(broker), subscriptions=["s"], on_message=lambda topic, payload: got.append(payload)
    )
    watch.expect_connection(10)
    one = open_session(at(broker), "one", status="s")
    patience(lambda: got == [b'{"status": "online"}'], "online")
    one._client.socket().shutdown(2)  # the network is gone
    patience(lambda: len(got) >= 3, "the will, and the return")
    assert got[1:3] == [b'{"status": "lost"}', b'{"status": "online"}']
    one.stop()
    patience(lambda: got[-1] == b'{"status": "offline"}', "offline")


def test_an_error_in_a_callback_is_counted_and_the_session_lives(
    start_mosquitto, open_session, patience, caplog
):
    broker = start_mosquitto()

    def fail(topic, payload):
        raise ZeroDivisionError

    listener = open_session(at(broker), subscriptions=["t"], on_message=fail)
    listener.expect_connection(10)
    sender = open_session(at(broker))
    for _ in range(2):
        sender.publish(Outgoing("t", b""))
    patience(lambda: listener.counts["errors"] == 2, "two errors")
    assert "a message failed" in caplog.text


def test_credentials(start_mosquitto, open_session, tmp_path, patience):
    passwords = tmp_path / "passwords"
    passwords.touch(mode=0o600)
    subprocess.run(["mosquitto_passwd", "-b", passwords, "ward", "s3cret"], check=True)
    broker = start_mosquitto("allow_anonymous false", f"password_file {passwords}")
    good = open_session(at(broker, username="ward", password="s3cret"))
    good.expect_connection(10)
    wrong = open_session(at(broker, username="ward", password="guess"))
    patience(lambda: wrong.problem, "the refusal")
    assert "not authorized" in wrong.problem.lower()


# paho leaves sockets whose handshake failed to the garbage collector
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_tls(start_mosquitto, open_session, certificates, patience):
    broker = start_mosquitto(
        f"cafile {certificates / 'ca.pem'}",
        f"certfile {certificates / 'server.pem'}",
        f"keyfile {certificates / 'server.key'}",
        "require_certificate true",
    )
    ca, certificate, key = (certificates / one for one in ("ca.pem", "client.pem", "client.key"))
    good = open_session(at(broker, tls=make_tls(ca, certificate, key)))
    good.expect_connection(10)
    others = {
        "certificate verify failed": at(broker, tls=make_tls(None, certificate, key)),
        "connection lost": at(broker, tls=make_tls(ca, None, None)),
        "'localhost'": Broker.at(f"localhost:{broker.port}", tls=make_tls(ca, certificate, key)),
    }
    sessions = {problem: open_session(other) for problem, other in others.items()}
    for problem, session in sessions.items():
        patience(lambda session=session: session.problem, "a problem")
        assert problem in session.problem
        assert session.connected_at is None


def test_nobody_there(open_session):
    session = open_session(Broker.at("127.0.0.1:1"))
    with pytest.raises(BrokerError, match=r"127.0.0.1:1 within 1 s: .*refused.*Is the broker"):
        session.expect_connection(1)
