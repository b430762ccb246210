import pytest

from skdualcnn.exceptions import UsageError
from skdualcnn.gateway._broker import Broker, make_tls


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("localhost", "localhost", 1883),
        ("10.0.0.1:99", "10.0.0.1", 99),
        ("[::1]", "::1", 1883),
        ("[::1]:7", "::1", 7),
    ],
)
def test_addresses(address, host, port):
    broker = Broker.at(address)
    assert (broker.host, broker.port) == (host, port)


def test_the_port_with_tls():
    assert Broker.at("b", tls=make_tls(None, None, None)).port == 8883


@pytest.mark.parametrize(
    "address", ["", ":1883", "a:", "a:b", "a:0", "a:65536", "a:-1", "::1", "mqtt://a", "a:1:2"]
)
def test_what_is_no_address(address):
    with pytest.raises(UsageError, match="expected HOST or HOST:PORT"):
        Broker.at(address)


def test_the_password_is_not_shown():
    assert "s3cret" not in repr(Broker.at("b", username="u", password="s3cret"))


def test_files_that_hold_no_certificates(tmp_path):
    (tmp_path / "ca").write_text("no PEM")
    with pytest.raises(UsageError, match=r"ca: .*; expected certificates and a key in PEM"):
        make_tls(tmp_path / "ca", None, None)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        make_tls(tmp_path / "nowhere", None, None)
