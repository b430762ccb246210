"""How fast we are beside the peers, measured in alternating rounds."""

from benchmarks.speed.command import run

__all__ = ["run"]
