"""The command line."""

import argparse
import shlex
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import NoReturn

from skdualcnn import __version__
from skdualcnn._commands import _exit
from skdualcnn.exceptions import BrokerError, FederationError, SkdualcnnError

COMMANDS = (
    "demo",
    "train",
    "evaluate",
    "export",
    "leakage",
    "gateway",
    "simulate",
    "federate",
    "completion",
)
"""Modules of `skdualcnn._commands`, in the order that help lists them."""

_WIDTH = 78
_EXIT_CODES = textwrap.fill(_exit.DESCRIPTION, _WIDTH)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Print the message alone and exit."""
        self.exit(_exit.USAGE, f"{self.prog}: error: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code, one of `skdualcnn._commands._exit`."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    parser = _make_parser()
    options = parser.parse_args(given)
    options.command_line = shlex.join(["skdualcnn", *given])
    try:
        with _orderly_termination():
            return int(options.run(options))
    except (SkdualcnnError, OSError) as error:
        print(f"{parser.prog} {options.command}: error: {in_one_line(error)}", file=sys.stderr)
        unreachable = isinstance(error, BrokerError | FederationError)
        return _exit.UNREACHABLE if unreachable else _exit.USAGE
    except KeyboardInterrupt:
        print(
            f"{parser.prog} {options.command}: interrupted; no file is half written",
            file=sys.stderr,
        )
        return _exit.INTERRUPTED


@contextmanager
def _orderly_termination() -> Iterator[None]:
    """Let SIGTERM end the program as an error does: with what it was about to write removed."""
    if threading.current_thread() is not threading.main_thread():  # signals are for that one
        yield
        return
    earlier = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_exit.TERMINATED))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def in_one_line(error: Exception) -> str:
    """Return what an error says, in one line and without numbers of the operating system."""
    if isinstance(error, FileNotFoundError) and error.filename is not None:
        return f"{error.filename} does not exist; expected a file that can be read"
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split())


def _make_parser() -> OneLineParser:
    parser = OneLineParser(
        prog="skdualcnn",
        description="Medical emergencies and cyberattacks from one multimodal stream.",
        epilog=f"to begin with: skdualcnn demo --quick\n\n{_EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS:
        module = import_module(f"skdualcnn._commands.{name}")
        command = commands.add_parser(
            name,
            help=module.SUMMARY,
            description=textwrap.fill(module.DESCRIPTION, _WIDTH),
            epilog=f"examples:\n{textwrap.indent(module.EXAMPLES, '  ')}\n\n{_EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=parser)
    return parser
