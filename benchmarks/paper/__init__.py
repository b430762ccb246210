"""Every table and figure of the paper, rerun under its protocol and under an honest one.

`jobs` says what is fitted, `work` does it, `store` keeps what is done. `results` holds the
outcomes of a data set; the modules named after tables make sections of them, and `pages`
writes these.
"""

from benchmarks.paper.command import run

__all__ = ["run"]
