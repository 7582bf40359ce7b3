"""The server: `http.server` of the standard library with a guard before it, and two lanes behind it.

    GET  /            the page: the same for everybody, without a token and without a file
    POST /enter       the token for a ticket, which is good for once: a browser is started with it, for a command line
                      is seen by everybody on a machine
    POST /ask         {"ask": "check", ...}: one of the questions below; {"status": 200, "answer": ...}

A request that may not be made is refused by the status of HTTP. What is wrong with a file is no error of that kind, and
stands in the answer: 409 for a question that a newer one has followed, 422 for a file, 503 for too much time or memory.

One lane answers what is typed, the other what takes longer, so that a division over devices delays no diagnostics.
What is asked of the disk (list, read, save) is answered here, and nothing is written but what a `save` names.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any
from urllib.parse import quote

from cnngraph.diagnostics import CnnGraphError
from cnngraph.serve.desk import OWN, Desk
from cnngraph.serve.folder import Conflict
from cnngraph.serve.guard import Guard, is_loopback
from cnngraph.serve.handler import Handler
from cnngraph.serve.lane import Lane, Refused
from cnngraph.serve.question import QUICK, SLOW

CLIENT = 40  # characters

@dataclass(frozen=True)
class Limits:
    """What one request, and what all together may take."""

    read_seconds: float = 10.0  # until a request has arrived
    send_seconds: float = 30.0
    quick_seconds: float = 10.0  # for an answer about what is typed
    slow_seconds: float = 30.0
    connections: int = 32
    header_bytes: int = 16_384
    memory_bytes: int = 2_000_000_000  # of addresses, in each of two children; a few hundred MB are used


class Playground(ThreadingHTTPServer):
    """The server of one folder. `with` closes it, and ends its children."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name == "posix"  # elsewhere this would let two servers have one port

    def __init__(self, folder: Path, host: str, port: int, page: str, limits: Limits | None = None) -> None:
        """Raises OSError where the system does not give the port."""
        if ":" in host:
            self.address_family = socket.AF_INET6
        self.limits = limits or Limits()
        self.page = page.encode("utf-8")
        self._open: dict[Any, float | None] = {}  # connections, and when what is read must have arrived
        self._lock = Lock()
        self._saving = Lock()  # of two tabs one is first, and the other learns of it
        self._tickets: set[str] = set()
        self.desk = Desk(folder)
        self.lanes = {name: Lane(folder, self.limits.memory_bytes) for name in ("quick", "slow")}
        super().__init__((host, port), Handler)
        self.guard = Guard(host, self.server_address[1], secrets.token_urlsafe(24))

    def server_bind(self) -> None:
        """As of any TCP server: `HTTPServer` would ask the network for the name of this machine."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(self.allow_reuse_address))
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def link(self) -> str:
        """Where the page is, with the token behind `#`, which browsers keep to themselves."""
        return f"{self._address}#token={quote(self.guard.token)}"

    def link_for_once(self) -> str:
        """The same with a new ticket in place of the token."""
        ticket = secrets.token_urlsafe(24)
        self._tickets.add(ticket)
        return f"{self._address}#ticket={quote(ticket)}"

    def enter(self, ticket: str) -> bytes:
        """The token for a ticket, which is gone then. Raises `Refused`."""
        with self._lock:
            if ticket not in self._tickets:
                raise Refused(401, "this link was good for once: open the one that `cnngraph serve` has printed")
            self._tickets.remove(ticket)
        return json.dumps({"token": self.guard.token}).encode()

    @property
    def _address(self) -> str:
        host = self.guard.host
        shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://{f'[{shown}]' if ':' in shown else shown}:{self.guard.port}/"

    @property
    def is_private(self) -> bool:
        return is_loopback(self.guard.host)

    def server_close(self) -> None:
        super().server_close()
        for lane in self.lanes.values():
            lane.close()

    # ---- connections ----

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Too many at once are closed unread."""
        with self._lock:
            if len(self._open) >= self.limits.connections:
                return False
            self._open[request] = monotonic() + self.limits.read_seconds
        return True

    def has_arrived(self, request: Any) -> None:
        """A request was read to its end: from now on only what is sent takes time."""
        with self._lock:
            if request in self._open:
                self._open[request] = None

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Several times a second: what arrives too slowly is cut off, even if a byte comes now and then."""
        with self._lock:
            late = [request for request, end in self._open.items() if end is not None and end < monotonic()]
            for request in late:
                self._open[request] = None
        for request in late:
            with suppress(OSError):  # it has gone by itself
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is nobody's defect; anything else is ours, and is told on the terminal."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    # ---- questions ----

    def answer(self, question: Mapping[str, Any]) -> tuple[int, bytes]:
        """The status and the JSON of an answer. Raises `Refused`."""
        what = question["ask"]
        if what in QUICK or what in SLOW:
            quick = what in QUICK
            seconds = self.limits.quick_seconds if quick else self.limits.slow_seconds
            kind = f"{what} {question.get('client', '')[:CLIENT]}"
            return self.lanes["quick" if quick else "slow"].ask(kind, question, seconds)
        disk = {"files": self._files, "read": self._read, "save": self._save}
        try:
            return 200, json.dumps(disk[what](question)).encode()
        except CnnGraphError as refused:
            first = refused.diagnostics[0]
            raise Refused(422, "\n".join([first.message, *(f"help: {text}" for text in first.helps)])) from None

    def _files(self, question: Mapping[str, Any]) -> dict[str, Any]:
        names = {place: folder.names() for place, folder in self.desk.folders.items() if place != "std"}
        path = self.desk.folders[OWN].path
        return {"folder": path.name, "id": sha256(str(path).encode()).hexdigest(), "names": names}

    def _read(self, question: Mapping[str, Any]) -> dict[str, Any]:
        file = question["file"]
        found = self.desk.folder(file["place"]).read(file["name"])
        return {"text": found.text, "stamp": found.stamp, "lineEnd": found.line_end}

    def _save(self, question: Mapping[str, Any]) -> dict[str, Any]:
        file, line_end = question["file"], "\r\n" if question.get("lineEnd") == "\r\n" else "\n"
        try:
            with self._saving:
                folder = self.desk.folder(file["place"])
                found = folder.write(file["name"], question["text"], question["stamp"], line_end)
        except Conflict as conflict:
            return {"conflict": True, "text": conflict.text, "stamp": conflict.stamp}
        return {"conflict": False, "stamp": found.stamp}
