"""Where the broker is, and how to be let in."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from skdualcnn.exceptions import UsageError

PORT, TLS_PORT = 1883, 8883


@dataclass(frozen=True)
class Broker:
    """Address and credentials of a broker.

    Attributes
    ----------
    host : str
    port : int
    username, password : str or None
    tls : ssl.SSLContext or None
        None: no encryption.
    """

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None

    @classmethod
    def at(
        cls,
        address: str,
        *,
        username: str | None = None,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Read an address, HOST or HOST:PORT, an IPv6 host in brackets.

        Raises
        ------
        UsageError
            If it is none.

        Examples
        --------
        >>> Broker.at("localhost").port, Broker.at("[::1]:2883").host
        (1883, '::1')
        """
        host, colon, digits = address.rpartition(":")
        if address.endswith("]") or not colon:
            host, digits = address, str(TLS_PORT if tls else PORT)
        bracketed = host.startswith("[") and host.endswith("]")
        host = host[1:-1] if bracketed else host
        is_port = digits.isascii() and digits.isdigit() and 0 < int(digits) < 65_536
        if not host or (":" in host and not bracketed) or not is_port:
            raise UsageError(f"The broker is {address!r}, expected HOST or HOST:PORT.")
        return cls(host, int(digits), username, password, tls)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{' with TLS' if self.tls else ''}"


def make_tls(ca: Path | None, certificate: Path | None, key: Path | None) -> ssl.SSLContext:
    """Return a context that verifies the broker, by its name too.

    Parameters
    ----------
    ca : Path or None
        Certificates to trust, in PEM; None: those of the system.
    certificate, key : Path or None
        Of this client, in PEM.

    Raises
    ------
    UsageError
        If a file does not hold what it should, or needs a passphrase.
    OSError
        If it cannot be read.
    """
    for path in (ca, certificate, key):
        if path is not None:
            path.open("rb").close()  # for an error that names the file
    try:
        context = ssl.create_default_context(cafile=ca)
        if certificate is not None:
            context.load_cert_chain(certificate, key, password=_refuse_passphrase)
    except ssl.SSLError as error:
        files = ", ".join(str(path) for path in (ca, certificate, key) if path is not None)
        raise UsageError(
            f"{files}: {error.reason or error}; expected certificates and a key in PEM, the key "
            "that of the certificate."
        ) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _refuse_passphrase() -> str:
    raise UsageError("The key needs a passphrase, expected one without; nobody is there to ask.")
