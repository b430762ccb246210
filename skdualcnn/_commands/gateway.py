"""skdualcnn gateway: live decisions and alerts between devices and a broker."""

import argparse
import json
import logging
import signal
from pathlib import Path
from threading import Event

from skdualcnn._commands._broker import add_broker_arguments, make_broker
from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._model import add_model
from skdualcnn.exceptions import UsageError

SUMMARY = "decide on live readings from an MQTT broker, and raise alerts"
DESCRIPTION = (
    "Listen to the readings of devices on an MQTT broker, publish decisions with their reasons "
    "and changes of alerts, and answer about metrics and health over HTTP. SIGTERM or Ctrl-C ends "
    "it: the state is saved, the exit code is 0. docs/gateway.md has topics and payloads."
)
EXAMPLES = """\
skdualcnn gateway skdualcnn_demo/model.skdualcnn --broker localhost
skdualcnn gateway ward.skdualcnn --broker gateway.local --ca ca.pem --username ward \\
    --password-file secret --devices devices.txt"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser, "a fitted FusionDecider or TunedFusionDecider, as train and the demo save it")
    add_broker_arguments(parser)
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="JSON: how rows and alerts are made"
    )
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("gateway.state"),
        metavar="FILE",
        help="what is known of devices and alerts, over restarts (default: gateway.state)",
    )
    parser.add_argument(
        "--save-every", type=_seconds, default=30.0, metavar="SECONDS", help="default: 30"
    )
    parser.add_argument(
        "--client-id",
        default="skdualcnn-gateway",
        help="name of the session; one gateway each (default: skdualcnn-gateway)",
    )
    parser.add_argument(
        "--http",
        default="127.0.0.1:9464",
        metavar="HOST:PORT",
        help='/metrics and /health; "none" for neither (default: 127.0.0.1:9464)',
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "readings"),
        default="wall",
        help="what closes the ticks of silent devices: the wall clock (default), or nothing but "
        "readings, as for what is replayed faster than real time",
    )
    parser.add_argument(
        "--grace",
        type=_seconds,
        default=5.0,
        metavar="SECONDS",
        help="that a reading may be on its way (default: 5)",
    )
    parser.add_argument(
        "--settle",
        type=_seconds,
        default=10.0,
        metavar="SECONDS",
        help="after connecting, in which readings that the broker kept come before the wall "
        "clock closes ticks (default: 10)",
    )
    parser.add_argument(
        "--devices", type=Path, metavar="FILE", help="the only devices to listen to, one a line"
    )
    parser.add_argument("--max-devices", type=int, default=1000, metavar="N", help="default: 1000")
    parser.add_argument(
        "--max-rate",
        type=float,
        default=50.0,
        metavar="N",
        help="messages a second of one device; 0 for any number (default: 50)",
    )
    parser.add_argument(
        "--max-payload", type=int, default=65_536, metavar="BYTES", help="default: 65536"
    )
    parser.add_argument(
        "--print-schema",
        action="store_true",
        help="print the JSON Schema of this model's payloads, and connect to nothing",
    )


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from skdualcnn import load  # noqa: PLC0415  (imports torch)
    from skdualcnn.gateway import Gateway, Limits, Settings, Topics  # noqa: PLC0415
    from skdualcnn.gateway._schema import payload_schema  # noqa: PLC0415
    from skdualcnn.gateway._service import GatewayService  # noqa: PLC0415

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    broker = None if options.print_schema else make_broker(options)
    http = None if options.http == "none" else _http_address(options.http)
    model = load(options.model)
    limits = Limits(
        max_payload=options.max_payload,
        max_devices=options.max_devices,
        max_rate=options.max_rate,
        devices=None if options.devices is None else _read_devices(options.devices),
    )
    gateway = Gateway(
        model,
        None if options.settings is None else Settings.read(options.settings),
        topics=Topics(options.prefix),
        limits=limits,
        clock=options.clock,
        grace=options.grace,
    )
    if broker is None:
        Console().out(json.dumps(payload_schema(gateway), indent=2), highlight=False)
        return DONE
    if broker.password is not None and broker.tls is None:
        logging.warning("without TLS, the password goes over the network as it is")
    stop = Event()
    earlier = {
        one: signal.signal(one, lambda *_: stop.set()) for one in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        service = GatewayService(
            gateway,
            model,
            broker,
            client_id=options.client_id,
            state=options.state,
            save_every=options.save_every,
            settle=options.settle,
            http=http,
        )
        where = "" if http is None else f"; metrics on http://{http[0]}:{service.http_port}/metrics"
        logging.info(
            "%s network, streams %s, topics %s/...%s",
            gateway.detector.engine,
            ", ".join(gateway.streams),
            options.prefix,
            where,
        )
        service.run(stop)
    finally:
        for one, handler in earlier.items():
            signal.signal(one, handler)
    return DONE


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds, 0 or more")
    return value


def _http_address(text: str) -> tuple[str, int]:
    host, _, digits = text.rpartition(":")
    is_port = digits.isascii() and digits.isdigit() and int(digits) < 65_536
    if not host or not is_port:
        raise UsageError(f"--http is {text!r}, expected HOST:PORT such as 127.0.0.1:9464, or none")
    return host.removeprefix("[").removesuffix("]"), int(digits)


def _read_devices(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text, expected a device a line") from error
    names = frozenset(line.strip() for line in lines if line.strip())
    if not names:
        raise UsageError(f"{path} names no device, expected one a line")
    return names
