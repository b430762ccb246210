"""The C compiler of this machine."""

import os
import shlex
import shutil


def find_compiler() -> list[str] | None:
    """Return the command of the host's C compiler, or None if there is none.

    The environment variable CC comes first, then cc, gcc and clang.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    candidates = [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]
    for command in candidates:
        if shutil.which(command[0]):
            return command
    return None
