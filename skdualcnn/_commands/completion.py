"""skdualcnn completion: what a shell needs to complete commands and arguments."""

import argparse
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from skdualcnn._commands._exit import DONE
from skdualcnn.exceptions import MissingExtraError

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
    if find_spec("shtab") is None:
        raise MissingExtraError("Completions", "shtab", "completion")
    shtab = import_module("shtab")
    parser: argparse.ArgumentParser = options.parser
    for command in _commands_of(parser):
        for action in command._actions:
            if action.type is Path:
                action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(parser, shell=options.shell))
    return DONE


def _commands_of(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return list(action.choices.values())
    return []
