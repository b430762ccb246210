"""Arguments that name a broker, for the commands that talk to one."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from skdualcnn.exceptions import UsageError

if TYPE_CHECKING:
    from skdualcnn.gateway._broker import Broker

PASSWORD = "SKDUALCNN_MQTT_PASSWORD"


def add_broker_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the broker, credentials, TLS and the prefix of topics."""
    parser.add_argument(
        "--broker",
        metavar="HOST[:PORT]",
        help="MQTT broker; needed (port: 1883, with TLS 8883)",
    )
    parser.add_argument("--prefix", default="skdualcnn", help="of topics (default: skdualcnn)")
    parser.add_argument("--username", help="name to log in with")
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=f"file that holds the password alone (default: the variable {PASSWORD})",
    )
    parser.add_argument("--tls", action="store_true", help="encrypt; trust the system's CAs")
    parser.add_argument("--ca", type=Path, metavar="FILE", help="encrypt; trust this CA (PEM)")
    parser.add_argument("--cert", type=Path, metavar="FILE", help="client certificate (PEM)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="its key (PEM)")


def make_broker(options: argparse.Namespace) -> "Broker":
    """Return the broker that the arguments name.

    Raises
    ------
    UsageError
        If they do not go together.
    OSError
        If a file cannot be read.
    """
    from skdualcnn.gateway._broker import Broker, make_tls  # noqa: PLC0415  (imports torch)

    if options.broker is None:
        raise UsageError("No broker was given, expected --broker HOST[:PORT]")
    password = _password(options.password_file)
    if password is not None and options.username is None:
        raise UsageError("There is a password, but no user; expected --username NAME")
    if (options.cert is None) != (options.key is None):
        raise UsageError("--cert and --key go together, but only one was given")
    encrypt = options.tls or options.ca is not None
    if options.cert is not None and not encrypt:
        raise UsageError("--cert is for TLS, expected --ca FILE, or --tls for the system's CAs")
    tls = make_tls(options.ca, options.cert, options.key) if encrypt else None
    return Broker.at(options.broker, username=options.username, password=password, tls=tls)


def _password(path: Path | None) -> str | None:
    if path is None:
        return os.environ.get(PASSWORD)
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text, expected a password") from error
