"""skdualcnn completion: what a shell needs to complete commands and arguments."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from skdualcnn._commands._console import Console
from skdualcnn._commands._exit import DONE
from skdualcnn._commands._files import new_file
from skdualcnn._extras import import_extra

SUMMARY = "print a script that completes commands in a shell"
DESCRIPTION = (
    "Print a script for the shell that completes commands, arguments and file names. It needs the "
    "extra 'completion'."
)
EXAMPLES = """\
skdualcnn completion bash > ~/.local/share/bash-completion/completions/skdualcnn
skdualcnn completion zsh > ~/.zfunc/_skdualcnn"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"), help="which shell")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    shtab: Any = import_extra("shtab", "completion")
    parser: argparse.ArgumentParser = options.parser
    for action in _actions_of(parser):
        if action.type in (Path, new_file):
            # What shtab reads, and argparse's own type lacks.
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    Console().out(shtab.complete(parser, shell=options.shell), highlight=False)
    return DONE


def _actions_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser, and of its commands, which may have commands in turn."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions_of(command)
