"""The C compiler of this machine."""

import os
import shlex
import shutil

from skdualcnn.exceptions import ToolchainError


def find_compiler() -> list[str] | None:
    """Return the command of the host's C compiler, or None if there is none.

    The environment variable CC comes first, then cc, gcc and clang.

    Raises
    ------
    ToolchainError
        If CC is no command.
    """
    given = os.environ.get("CC", "")
    try:
        chosen = shlex.split(given)
    except ValueError as error:
        raise ToolchainError(
            f"The environment variable CC is {given!r}, expected the command of a C compiler as a "
            f"shell reads it: {error}. Close the quotation, or unset CC to try cc, gcc and clang."
        ) from error
    candidates = [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]
    for command in candidates:
        if shutil.which(command[0]):
            return command
    return None
