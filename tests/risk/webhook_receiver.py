"""A real HTTP server for alerts: it fails, hangs, or takes them, as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """What came in, and what to answer next: a status, "hang" or "cut"; else 200."""

    url: str = ""
    answers: list[int | str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of its own."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            told.bodies.append(json.loads(self.rfile.read(length)))
            told.ids.append(self.headers["X-Cryptoscalp-Alert-Id"])
            told.paths.append(self.path)
            answer = told.answers.pop(0) if told.answers else 200
            if answer == "hang":
                told.ended.wait(30)
            if isinstance(answer, str):
                self.close_connection = True
                return
            self.send_response(answer)
            if 300 <= answer < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        told.url = f"http://127.0.0.1:{server.server_address[1]}/hook/T0P-S3CRET"
        try:
            yield told
        finally:
            told.ended.set()
            server.shutdown()
            thread.join()
