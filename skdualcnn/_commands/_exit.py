"""Exit codes, the same for every command."""

DONE = 0
FAILED = 1  # an error nobody foresaw: Python's own, with its traceback
USAGE = 2  # a wrong argument, file or model, or a package that is missing; nothing was written
UNREACHABLE = 3  # what the command talks to could not be reached, or refused it
FOUND = 4  # leakage --strict: something of severity high was found
INTERRUPTED = 130  # Ctrl-C, as shells count it
TERMINATED = 143  # SIGTERM, likewise

DESCRIPTION = (
    "exit codes: 0 done; 1 unforeseen error; 2 wrong argument, file or model, or a package is "
    "missing; 3 what it talks to, such as a broker, could not be reached, or refused; "
    "4 leakage --strict found something; 130 interrupted; 143 terminated"
)
