"""A playground that answers while a test runs, and a browser's part in words of HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from threading import Thread
from typing import Any

from cnngraph.serve.guard import TOKEN_HEADER
from cnngraph.serve.server import Limits, Playground

PAGE = "<!DOCTYPE html><p>the page"
NET = "cnn 1\nnet n(image: 1@28x28) {\n  c: conv(4, 3x3) -> relu\n  flatten\n  dense(10)\n}\n"
WRONG = NET.replace("  flatten\n", "")


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@contextmanager
def playing(folder: Path, page: str = PAGE, limits: Limits | None = None) -> Iterator[Playground]:
    with Playground(folder, "127.0.0.1", 0, page, limits) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def headers_of(server: Playground) -> dict[str, str]:
    """As the page sends them."""
    host = f"127.0.0.1:{server.guard.port}"
    return {
        "Host": host,
        "Origin": f"http://{host}",
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/json",
        TOKEN_HEADER: server.guard.token,
    }


def send(
    server: Playground, method: str, path: str, body: bytes = b"", headers: Mapping[str, str | None] | None = None
) -> Reply:
    """One request; a header that is None is left out."""
    connection = HTTPConnection("127.0.0.1", server.guard.port, timeout=60)
    given = {**headers_of(server), "Content-Length": str(len(body)), **(headers or {})}
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in given.items():
        if value is not None:
            connection.putheader(name, value)
    connection.endheaders(body)
    reply = connection.getresponse()
    found = Reply(reply.status, reply.headers, reply.read())
    connection.close()
    return found


def ask(server: Playground, what: str, **question: Any) -> Any:
    """The answer to a question that the page could ask."""
    reply = send(server, "POST", "/ask", json.dumps({"ask": what, **question}).encode())
    assert reply.status == 200, reply.body
    told = reply.json
    assert told["status"] == 200, told
    return told["answer"]


def refusal(server: Playground, what: str, **question: Any) -> tuple[int, str]:
    """The status and the reason of a question that is answered, but not as one would like."""
    told = send(server, "POST", "/ask", json.dumps({"ask": what, **question}).encode()).json
    return told["status"], told["answer"]["error"]


def raw(server: Playground, data: bytes, wait_seconds: float = 20) -> bytes:
    """What comes back for bytes that are no polite request."""
    with socket.create_connection(("127.0.0.1", server.guard.port), timeout=wait_seconds) as connection:
        connection.sendall(data)
        return received(connection)


def received(connection: socket.socket) -> bytes:
    """All until the other side ends."""
    parts = []
    while part := _part(connection):
        parts.append(part)
    return b"".join(parts)


def _part(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionError:
        return b""
