"""The standard output, whose reader may stop early, as `head` does."""

import os
import sys

import rich.console


class Console(rich.console.Console):
    """A console that falls silent when nobody reads it, so that the command goes on."""

    def on_broken_pipe(self) -> None:
        """Send what is still to come nowhere; rich would end the program."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
