"""The commands, one module each.

A module has `SUMMARY`, `DESCRIPTION` and `EXAMPLES` for its help, `add_arguments(parser)` and
`run(options)`. It is imported whenever help is asked for, so what is slow to import, torch
above all, it imports in `run`. `run` returns an exit code of `_exit`, or raises a typed error.
"""
