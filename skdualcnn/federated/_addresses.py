"""Where the server listens, and whether the way to it is encrypted."""

import socket
import time
from ipaddress import ip_address
from threading import TIMEOUT_MAX
from typing import NoReturn

from skdualcnn.exceptions import FederationError


def check_address(address: str, *, encrypted: bool, insecure: bool) -> None:
    """Refuse what is no address, and weights in clear text beyond this machine.

    Raises
    ------
    FederationError
        If it is not HOST:PORT, or neither TLS nor `insecure` is given and the host is not
        this machine.
    """
    host, _, digits = address.rpartition(":")
    if not host or not (digits.isascii() and digits.isdigit() and 0 < int(digits) < 65_536):
        _refuse(address)
    if not (encrypted or insecure or _is_this_machine(host.strip("[]"))):
        raise FederationError(
            f"{address} is not on this machine, and the weights would go there in clear text; "
            "expected certificates for TLS. Only behind a tunnel that encrypts: insecure=True, "
            "or --insecure."
        )


def check_patience(patience: float) -> None:
    """Refuse what is no time to wait.

    Raises
    ------
    FederationError
        If it is not above 0, or longer than a lock can wait.
    """
    if not 0 < patience <= TIMEOUT_MAX:
        raise FederationError(
            f"patience is {patience!r}, expected a number of seconds above 0, at most "
            f"{TIMEOUT_MAX:.0f}."
        )


def wait_for_server(address: str, patience: float) -> None:
    """Return once the server listens: Flower would try ever more rarely.

    Raises
    ------
    OSError
        If it does not in `patience` seconds.
    """
    host, _, port = address.rpartition(":")
    end = time.monotonic() + patience
    while True:
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=patience).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def _refuse(address: str) -> NoReturn:
    raise FederationError(f"The address is {address!r}, expected HOST:PORT such as 127.0.0.1:9092.")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
