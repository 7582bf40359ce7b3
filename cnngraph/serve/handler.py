"""One request: checked by the guard, read, answered, and over. What is asked is answered by the server it came to."""

from __future__ import annotations

import json
import sys
import traceback
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from cnngraph.serve.guard import TOKEN_HEADER
from cnngraph.serve.lane import DEFECT, Refused
from cnngraph.serve.question import read_question

if TYPE_CHECKING:
    from cnngraph.serve.server import Playground

PAGE_POLICY = "frame-ancestors 'none'"  # the page itself names the rest
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Handler(BaseHTTPRequestHandler):
    """One request, then the connection ends."""

    server: Playground
    server_version = "cnngraph"
    sys_version = ""

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.limits.read_seconds)

    def parse_request(self) -> bool:
        """Also counts the headers; the standard library allows six megabytes of them."""
        if not super().parse_request():
            return False
        if sum(len(name) + len(value) for name, value in self.headers.items()) > self.server.limits.header_bytes:
            self.send_error(431)
            return False
        return True

    def do_GET(self) -> None:
        try:
            self.server.guard.check_page(self.headers)
            if self.path.partition("?")[0] != "/":
                raise Refused(404, "there is nothing here but the page itself, /")
            for lane in self.server.lanes.values():
                lane.warm()
        except Refused as refused:
            self._refuse(refused)
            return
        self._send(200, "text/html; charset=utf-8", self.server.page)

    def do_POST(self) -> None:
        try:
            if self.path == "/enter":
                self.server.guard.check_source(self.headers)
                self._send(200, "application/json", self.server.enter(self.headers.get(TOKEN_HEADER, "")))
                return
            if self.path != "/ask":
                raise Refused(404, "questions go to /ask")
            question = self._question()
        except Refused as refused:
            self._refuse(refused)
            return
        try:
            status, answer = self.server.answer(question)
        except Refused as refused:
            status, answer = refused.status, json.dumps({"error": refused.reason}).encode()
        except Exception:
            traceback.print_exc()  # on the terminal; the browser is told that there is one
            status, answer = 500, json.dumps({"error": DEFECT}).encode()
        self._send(200, "application/json", b'{"status": %d, "answer": %s}' % (status, answer.strip()))

    def _question(self) -> dict[str, Any]:
        """What is asked, once it may be. Raises `Refused`."""
        body = self.rfile.read(self.server.guard.check_question(self.headers))
        self.server.has_arrived(self.connection)
        return read_question(body)

    def _refuse(self, refused: Refused) -> None:
        if refused.status in (401, 403, 411, 413, 415):
            line = f"cnngraph serve: {self.client_address[0]}: refused ({refused.status}): {refused.reason}\n"
            sys.stderr.write(line)
        self._send(refused.status, "application/json", json.dumps({"error": refused.reason}).encode())

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.server.has_arrived(self.connection)
        self.connection.settimeout(self.server.limits.send_seconds)
        self.send_response(status)
        policy = PAGE_POLICY if kind.startswith("text/html") else f"default-src 'none'; {PAGE_POLICY}"
        own = {"Content-Type": kind, "Content-Length": str(len(body)), "Content-Security-Policy": policy}
        for name, value in {**own, **HEADERS}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses by itself: in our words, and without what was asked."""
        self.close_connection = True
        self.request_version = self.request_version or "HTTP/1.0"
        reason = self.responses.get(code, ("refused", ""))[0]
        self._send(code, "application/json", json.dumps({"error": reason}).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a request may name a token, and only what the guard refuses is worth a line."""
