"""skdualcnn simulate: the simulated ward, published to a broker."""

import argparse
from datetime import UTC, datetime

from rich.progress import Progress

from skdualcnn._commands._broker import add_broker_arguments, make_broker
from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._source import above_zero, seed
from skdualcnn.exceptions import UsageError

SUMMARY = "publish the simulated ward, attacks included, to an MQTT broker"
DESCRIPTION = (
    "Simulate a ward and publish what each device reports, with its own clock, rate and gaps, to "
    "the topics and in the form that the gateway reads. Emergencies and attacks are announced on "
    "the terminal as they begin and end."
)
EXAMPLES = """\
skdualcnn simulate --broker localhost --speed 60
skdualcnn simulate --broker localhost --fast --patients 10 --hours 12"""
CONNECT_WITHIN = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_broker_arguments(parser)
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--speed",
        type=above_zero,
        default=1.0,
        metavar="FACTOR",
        help="simulated seconds in a second (default: 1, real time)",
    )
    pace.add_argument(
        "--fast",
        action="store_true",
        help="as fast as the broker takes it; for a gateway with --clock readings --max-rate 0",
    )
    parser.add_argument("--patients", type=int, default=4, metavar="N", help="default: 4")
    parser.add_argument("--hours", type=float, default=2.0, metavar="H", help="default: 2")
    parser.add_argument("--seed", type=seed, default=0, help="of everything (default: 0)")
    parser.add_argument(
        "--start",
        metavar="TIME",
        help="stamp of the first readings, such as 2024-01-01T08:00:00Z (default: now)",
    )
    parser.add_argument(
        "--client-id", default="", help="name of the session (default: the broker chooses)"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    start = None if options.start is None else _read_start(options.start)
    broker = make_broker(options)

    import pandas as pd  # noqa: PLC0415

    from skdualcnn.datasets import make_ward  # noqa: PLC0415
    from skdualcnn.gateway import Topics  # noqa: PLC0415
    from skdualcnn.gateway._session import Session  # noqa: PLC0415
    from skdualcnn.gateway._simulation import (  # noqa: PLC0415
        Publisher,
        ward_messages,
        ward_news,
        ward_reports,
    )

    topics = Topics(options.prefix)
    session = Session(broker, options.client_id)
    try:
        ward = make_ward(options.patients, options.hours, random_state=options.seed)
    except ValueError as error:
        raise UsageError(str(error)) from error
    reports, news = ward_reports(ward), ward_news(ward)
    console = Console()
    session.start()
    try:
        session.expect_connection(CONNECT_WITHIN)
        publisher = Publisher(session, None if options.fast else options.speed)
        began = pd.Timestamp(start or datetime.now(UTC))  # not before everything else is ready
        console.print(f"simulated ward: {len(reports):,} reports of {options.patients} patients")
        with Progress(console=console) as progress:
            task = progress.add_task("reports", total=len(reports))
            for timed in ward_messages(reports, began, topics):
                while news and news[0].seconds <= timed.seconds:
                    at = began + pd.Timedelta(seconds=news[0].seconds)
                    progress.console.print(f"{at:%H:%M:%S} {news.pop(0).what}")
                publisher.publish(timed)
                progress.advance(task)
            publisher.finish()
        console.print(f"published: {len(reports):,} reports")
    finally:
        session.stop()
    return DONE


def _read_start(text: str) -> datetime:
    from skdualcnn.gateway._payloads import read_time  # noqa: PLC0415
    from skdualcnn.streaming._readings import Refused  # noqa: PLC0415

    try:
        return read_time(text)
    except Refused:
        raise UsageError(
            f"--start is {text!r}, expected a time with a zone, such as 2024-01-01T08:00:00Z"
        ) from None
