"""An HTTP server of the user's own: answers with the statuses it was given, then 200, and keeps what it got.

Every answer has `body`, which a test may set.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATIENCE = 60
"""Seconds after which a test gives up waiting; no result depends on it."""


class Listener:
    """Listens until it is closed; `seen` has (path, headers, body) of each request."""

    def __init__(self, *answers):
        self.answers, self.seen, self.arrived = list(answers), [], threading.Condition()
        self.body = b""
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with listener.arrived:
                    listener.seen.append((self.path, dict(self.headers), body))
                    status = listener.answers.pop(0) if listener.answers else 200
                    listener.arrived.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", str(len(listener.body)))
                self.end_headers()
                self.wfile.write(listener.body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def until(self, found):
        """Wait until `found(seen)` is true; returns it."""
        deadline = time.monotonic() + PATIENCE
        with self.arrived:
            while not (result := found(self.seen)):
                assert self.arrived.wait(deadline - time.monotonic()), f"never came; there were {self.seen!r:.2000}"
            return result

    def close(self):
        self.server.shutdown()
        self.server.server_close()
