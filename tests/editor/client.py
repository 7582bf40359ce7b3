"""A small language client: JSON-RPC over the pipes of a process, and nothing more."""

from __future__ import annotations

import itertools
import json
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

SECONDS = 20.0
Message = dict[str, Any]


class Client:
    """Starts a server, talks to it, and keeps what it has not been asked for."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.log = folder / "server.log"
        with self.log.open("wb") as log:
            self.process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=log, env=dict(environment), cwd=folder)
        self.offered: Message = {}
        self._numbers = itertools.count(1)
        self._kept: list[Message] = []
        self._arrived: queue.Queue[Message | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        while header := self.process.stdout.readline():
            length = 0
            while header.strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                header = self.process.stdout.readline()
            self._arrived.put(json.loads(self.process.stdout.read(length)))
        self._arrived.put(None)

    def send(self, message: Message) -> None:
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send_bytes(self, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def notify(self, method: str, **parameters: Any) -> None:
        self.send({"method": method, "params": parameters})

    def wait(self, fits: Callable[[Message], bool]) -> Message:
        """The first message that fits, among those kept and those to come."""
        for message in self._kept:
            if fits(message):
                self._kept.remove(message)
                return message
        while True:
            arrived = self._arrived.get(timeout=SECONDS)
            assert arrived is not None, "the server went away"
            if fits(arrived):
                return arrived
            self._kept.append(arrived)

    def ask(self, method: str, **parameters: Any) -> Any:
        """The result of a request; an error is an `AssertionError` with its message."""
        answer = self.answer(method, **parameters)
        assert "error" not in answer, answer["error"]
        return answer["result"]

    def answer(self, method: str, **parameters: Any) -> Message:
        number = next(self._numbers)
        self.send({"id": number, "method": method, "params": parameters or None})
        return self.wait(lambda message: message.get("id") == number and "method" not in message)

    # ---- the usual conversation ----

    def start(self, **general: Any) -> Any:
        capabilities = {"general": general} if general else {}
        result = self.ask("initialize", processId=None, rootUri=None, capabilities=capabilities)
        self.notify("initialized")
        return result

    def open(self, uri: str, text: str) -> None:
        self.notify("textDocument/didOpen", textDocument={"uri": uri, "languageId": "cnn", "version": 1, "text": text})

    def change(self, uri: str, text: str, version: int = 2) -> None:
        self.notify(
            "textDocument/didChange", textDocument={"uri": uri, "version": version}, contentChanges=[{"text": text}]
        )

    def diagnostics(self, uri: str) -> list[Message]:
        """The next findings that are published for a file."""
        published = self.wait(
            lambda m: m.get("method") == "textDocument/publishDiagnostics" and m["params"]["uri"] == uri
        )
        found: list[Message] = published["params"]["diagnostics"]
        return found

    def at(self, method: str, uri: str, text: str, word: str, more: int = 0, **parameters: Any) -> Any:
        """Ask about the place where a word begins in a text."""
        position = place(text, word, more)
        return self.ask(f"textDocument/{method}", textDocument={"uri": uri}, position=position, **parameters)

    def stop(self) -> int:
        """The exit status of the server, after the farewell of the protocol."""
        self.ask("shutdown")
        self.notify("exit")
        return self.end()

    def end(self) -> int:
        """The exit status of a server that ends because its input does, or has been told to."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        status = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        self.process.stdout.close()
        return status


def place(text: str, word: str, more: int = 0) -> Message:
    """Where a word begins, as the protocol counts: lines, and units of UTF-16."""
    before = text[: text.index(word)].split("\n")
    return {"line": len(before) - 1, "character": len(before[-1].encode("utf-16-le")) // 2 + more}
