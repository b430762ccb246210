"""Peers that pin other versions, each in a process under an interpreter of its own."""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

from benchmarks.speed.rounds import Timed, Withdrawn

WORKER = Path(__file__).parent / "foreign" / "worker.py"
# An environment's name, and what the tables call the peer in it.
PEERS = {
    "keras_tensorflow": "Keras, TensorFlow",
    "keras_torch": "Keras, torch",
    "tsai": "tsai, one head",
    "aeon": "aeon, one head",
}


class Worker:
    """A peer's process, which lives until it is closed."""

    def __init__(self, name: str, python: Path, threads: int) -> None:
        self._errors: IO[str] = tempfile.TemporaryFile(  # noqa: SIM115 - closed with the process
            "w+", encoding="utf-8", errors="replace"
        )
        self._process = subprocess.Popen(
            [python, WORKER, name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": ""},
        )

    def read(self) -> dict[str, Any]:
        """Return the next reply, or raise `Withdrawn` with the last line of an error."""
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        status = self._process.wait()
        self._errors.seek(0)
        said = [line.strip() for line in self._errors if line.strip()]
        raise Withdrawn(said[-1] if said else f"ended with status {status}")

    def ask(self, **asked: Any) -> dict[str, Any]:
        with suppress(BrokenPipeError):  # reading then tells why
            print(json.dumps(asked), file=self._process.stdin, flush=True)
        return self.read()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()


class Environments:
    """The peers whose environments are in a folder, and why the others are left out."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._workers: dict[tuple[str, int], Worker] = {}
        self.versions: dict[str, str] = {}
        self.left_out: dict[str, str] = {}
        for name in PEERS:
            if folder is None or not self._python(name).exists():
                self.left_out[name] = "no environment"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def contestants(
        self, task: str, *, shape: Sequence[int], rows: int, batch_size: int, threads: int
    ) -> dict[str, Callable[[], Timed]]:
        """Return what takes turns: each peer, once it has trained on a few rows.

        The few end in as short a batch as all rows do, as a graph may be compiled for it.
        """
        ready = {}
        for name, label in PEERS.items():
            ask = partial(self._time, name, threads, shape=shape, batch_size=batch_size)
            few = 2 * batch_size + rows % batch_size
            with suppress(Withdrawn):
                for first in dict.fromkeys(("train", task)):
                    ask(task=first, rows=few)
                ready[label] = partial(ask, task=task, rows=rows)
        return ready

    def peaks(self, *, shape: Sequence[int], rows: int, batch_size: int) -> dict[str, float]:
        """Return the peak MB of new processes that train for one epoch on one thread."""
        self.close()
        found = {}
        for name, label in PEERS.items():
            with suppress(Withdrawn):
                reply = self._ask(
                    name, 1, task="train", shape=shape, rows=rows, batch_size=batch_size
                )
                found[label] = reply["peak_mb"]
            self.close()
        return found

    def close(self) -> None:
        """End every process; the next request starts a new one."""
        for worker in self._workers.values():
            worker.close()
        self._workers.clear()

    def _python(self, name: str) -> Path:
        return (self._folder or Path()) / name / "bin" / "python"

    def _ask(self, name: str, threads: int, **asked: Any) -> dict[str, Any]:
        """Return a peer's reply, or remember why it is left out from now on."""
        if name in self.left_out:
            raise Withdrawn(self.left_out[name])
        try:
            if (name, threads) not in self._workers:
                worker = Worker(name, self._python(name), threads)
                self._workers[name, threads] = worker
                versions = worker.read()
                self.versions[PEERS[name]] = ", ".join(f"{k} {v}" for k, v in versions.items())
            return self._workers[name, threads].ask(**asked)
        except Withdrawn as error:
            self.left_out[name] = str(error)
            raise

    def _time(self, name: str, threads: int, **asked: Any) -> Timed:
        reply = self._ask(name, threads, **asked)
        return Timed(reply["seconds"], reply["cpu_seconds"])
