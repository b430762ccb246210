"""Metrics and health over HTTP, on one port."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6
from threading import Thread
from typing import Any

from skdualcnn.gateway._metrics import Metrics

TIMEOUT = 10.0
"""Seconds after which a client that sends nothing is hung up on."""


class MetricsServer:
    """Answers GET /metrics and GET /health in threads of its own.

    Parameters
    ----------
    host : str
        Address to listen on.
    port : int
        0: any that is free.
    metrics : Metrics
        What to answer.

    Attributes
    ----------
    port : int
        The port in use.

    Raises
    ------
    OSError
        If the port cannot be had.
    """

    def __init__(self, host: str, port: int, metrics: Metrics) -> None:
        class Server(ThreadingHTTPServer):
            address_family = AF_INET6 if ":" in host else AF_INET
            daemon_threads = True

        class Handler(_Handler):
            answers = metrics

        try:
            self._server = Server((host, port), Handler)
        except OSError as error:
            raise OSError(
                f"Cannot listen on {host}, port {port}: {error.strerror or error}. Choose another "
                "with --http."
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    answers: Metrics
    timeout = TIMEOUT
    server_version = "skdualcnn"
    sys_version = ""

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, "text/plain; version=0.0.4; charset=utf-8", self.answers.text())
        elif path == "/health":
            is_well, facts = self.answers.health()
            body = json.dumps(facts).encode() + b"\n"
            self._answer(200 if is_well else 503, "application/json", body)
        else:
            self._answer(404, "text/plain; charset=utf-8", b"see /metrics and /health\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        """Keep scrapes out of the log."""

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
