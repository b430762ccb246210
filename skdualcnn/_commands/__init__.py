"""The commands, one module each: `SUMMARY`, `DESCRIPTION`, `add_arguments(parser)`, `run(options)`.

A command module is imported whenever help is asked for, so what is slow to import, torch
above all, it imports in `run`. `run` returns an exit code of `_exit`, or raises a typed error.
"""
