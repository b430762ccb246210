"""A peer in a process of its own, under the interpreter of its own environment.

`PYTHON worker.py NAME THREADS` first prints the versions, then answers each request, a line of
JSON on its input, with seconds, CPU seconds and peak memory, a line of JSON on its output. The
module `NAME_peer` beside this file has the peer; of `keras_torch`, `torch` is Keras's backend.
Nothing here may import the package that the peers are compared with.
"""

import importlib
import json
import os
import sys
import time
from typing import Any

from simulated import make_rows, peak_mb


def main() -> None:
    name, threads = sys.argv[1], int(sys.argv[2])
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not a reply

    def reply(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=replies, flush=True)

    family, _, backend = name.partition("_")
    if backend:
        os.environ["KERAS_BACKEND"] = backend
    module = importlib.import_module(f"{family}_peer")
    reply(module.prepare(threads))
    peers: dict[Any, Any] = {}
    rows_key, X, codes = None, None, None
    for line in sys.stdin:
        asked = json.loads(line)
        shape, batch_size = tuple(asked["shape"]), asked["batch_size"]
        if rows_key != (asked["rows"], shape):
            rows_key = asked["rows"], shape
            X, codes = make_rows(asked["rows"], shape)
        if (shape, batch_size) not in peers:
            peers[shape, batch_size] = module.Peer(shape, batch_size)
        peer = peers[shape, batch_size]
        before, start = time.process_time(), time.perf_counter()
        # A peer that has to prepare itself anew each time says how long its epoch was.
        own = peer.train(X, codes) if asked["task"] == "train" else peer.predict(X)
        seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - before
        if isinstance(own, tuple):
            seconds, cpu_seconds = own
        reply({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb()})


if __name__ == "__main__":
    main()
