import socket

import pytest

from skdualcnn.exceptions import FederationError
from skdualcnn.federated._addresses import check_address, check_patience, wait_for_server


@pytest.mark.parametrize("address", ["host", ":80", "host:", "host:x", "host:0", "host:70000"])
def test_what_is_no_address_is_refused(address):
    with pytest.raises(FederationError, match="expected HOST:PORT"):
        check_address(address, encrypted=True, insecure=False)


@pytest.mark.parametrize("address", ["0.0.0.0:9092", "ward.example:9092", "[::]:9092"])
def test_weights_do_not_leave_this_machine_in_clear_text(address):
    with pytest.raises(FederationError, match="in clear text; expected certificates"):
        check_address(address, encrypted=False, insecure=False)
    check_address(address, encrypted=True, insecure=False)
    check_address(address, encrypted=False, insecure=True)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "localhost:1", "[::1]:1"])
def test_this_machine_needs_no_certificates(address):
    check_address(address, encrypted=False, insecure=False)


def test_a_server_is_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as server:
        wait_for_server(f"127.0.0.1:{server.getsockname()[1]}", 1.0)
    with pytest.raises(OSError, match=r"."):
        wait_for_server("127.0.0.1:1", 0.1)


@pytest.mark.parametrize("patience", [0.0, -1.0, float("inf"), float("nan")])
def test_what_is_no_time_to_wait_is_refused(patience):
    with pytest.raises(FederationError, match="expected a number of seconds above 0"):
        check_patience(patience)
