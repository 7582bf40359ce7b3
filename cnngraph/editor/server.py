"""The language server: pygls, the files that the client has open, and when they are checked. The only door to pygls.

What is answered is said in `answers`; here is only who asks, and when. Analysis never runs on the loop that reads
messages: a slow file delays its own answers and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from cnngraph.editor import answers
from cnngraph.editor.answers import Page
from cnngraph.editor.colours import TYPES
from cnngraph.editor.document import Workspace
from cnngraph.editor.links import Refused

WAIT_SECONDS = 0.2  # after the last keystroke, before a file is checked
REQUEST_FAILED = -32803  # of the protocol: the server is well, but this cannot be done

T = TypeVar("T")
log = logging.getLogger(__name__)

ANSWERS: tuple[tuple[str, Callable[[Page, Any], Any], Any], ...] = (
    (types.TEXT_DOCUMENT_HOVER, answers.hover_at, None),
    (types.TEXT_DOCUMENT_INLAY_HINT, answers.inlay_hints, None),
    (types.TEXT_DOCUMENT_COMPLETION, answers.completion, types.CompletionOptions([".", '"', "(", "/", "@"])),
    (types.TEXT_DOCUMENT_DEFINITION, answers.definition, None),
    (types.TEXT_DOCUMENT_REFERENCES, answers.references, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, answers.prepare_rename, None),
    (types.TEXT_DOCUMENT_RENAME, answers.rename, types.RenameOptions(prepare_provider=True)),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, answers.document_symbols, None),
    (types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, answers.semantic_tokens, types.SemanticTokensLegend(TYPES, [])),
    (types.TEXT_DOCUMENT_FORMATTING, answers.formatting, None),
    (types.TEXT_DOCUMENT_CODE_ACTION, answers.code_actions, types.CodeActionOptions([types.CodeActionKind.QuickFix])),
)


class RequestFailed(JsonRpcException):
    """The client is told why, and nothing is logged as a defect."""

    CODE = REQUEST_FAILED


class Server(LanguageServer):
    """A language server with its open files."""

    def __init__(self, files: Workspace | None = None, wait_seconds: float = WAIT_SECONDS) -> None:
        sync = types.TextDocumentSyncKind.Full  # pygls cuts lines where the protocol does not
        super().__init__("cnngraph", version("cnngraph"), text_document_sync_kind=sync)
        self.files = files or Workspace()
        self.wait_seconds = wait_seconds
        self._uris: dict[Path, str] = {}
        self._waiting: dict[Path, asyncio.Task[None]] = {}
        self._imports: dict[Path, frozenset[Path]] = {}

    # ---- files ----

    def path_of(self, uri: str) -> Path:
        """The path of a file; a text that was never saved gets one in the present folder."""
        path = to_fs_path(uri) if uri.startswith("file:") else None
        return Path(path).resolve() if path else Path.cwd() / quote(uri, safe="")

    def uri_of(self, path: Path) -> str:
        """What the client calls a file."""
        return self._uris.get(path) or from_fs_path(str(path)) or path.as_uri()

    def page(self, path: Path) -> Page | None:
        document = self.files.document(path)
        encoding = self.workspace.position_encoding or types.PositionEncodingKind.Utf16
        return None if document is None else Page(document, self.uri_of, str(getattr(encoding, "value", encoding)))

    def write(self, uri: str, text: str) -> None:
        path = self.path_of(uri)
        self._uris[path] = uri
        self.files.write(path, text)
        self.check_soon(path)
        self.check_users(path)

    def close(self, uri: str) -> None:
        path = self.path_of(uri)
        self.files.close(path)
        self._imports.pop(path, None)
        if path in self._waiting:
            self._waiting.pop(path).cancel()
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))
        self.check_users(path)

    def check_all(self) -> None:
        """Something changed on the disk."""
        self.files.forget()
        for path in self.files.open:
            self.check_soon(path)

    def check_users(self, path: Path) -> None:
        """Check the open files that import this one."""
        for user, imports in self._imports.items():
            if user != path and path in imports:
                self.check_soon(user)

    # ---- checking ----

    def check_soon(self, path: Path) -> None:
        """Check a file when nothing has been typed for a moment; a check that waits or runs is for an old text."""
        if path in self._waiting:
            self._waiting[path].cancel()
        self._waiting[path] = asyncio.get_running_loop().create_task(self._check(path))

    async def _check(self, path: Path) -> None:
        await asyncio.sleep(self.wait_seconds)
        try:
            imports, found = await asyncio.to_thread(self._findings, path)
        except Exception as defect:
            self._report(path, defect)
            return
        self._imports[path] = imports
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.uri_of(path), found))

    def _findings(self, path: Path) -> tuple[frozenset[Path], list[types.Diagnostic]]:
        page = self.page(path)
        if page is None:
            return frozenset(), []
        return frozenset(file.path for file in page.document.program.files.values()), answers.diagnostics(page)

    def _report(self, path: Path, defect: Exception) -> None:
        """A defect of ours: in the log of the server with its traceback, and in the log of the client."""
        log.error("checking %s failed", path, exc_info=defect)
        message = f"cnngraph could not check {path.name}: {type(defect).__name__}: {defect}"
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))

    async def ask(self, uri: str, answer: Callable[[Page], T]) -> T | None:
        """The answer for a file; None where there is no such file. Raises `RequestFailed` for what is refused."""

        def find() -> T | None:
            page = self.page(self.path_of(uri))
            return None if page is None else answer(page)

        try:
            return await asyncio.to_thread(find)
        except Refused as reason:
            raise RequestFailed(str(reason)) from None


def make_server(files: Workspace | None = None, wait_seconds: float = WAIT_SECONDS) -> Server:
    """A server with all that it can be asked."""
    server = Server(files, wait_seconds)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def did_open(params: types.DidOpenTextDocumentParams) -> None:
        server.write(params.text_document.uri, params.text_document.text)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def did_change(params: types.DidChangeTextDocumentParams) -> None:
        server.write(params.text_document.uri, params.content_changes[-1].text)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def did_close(params: types.DidCloseTextDocumentParams) -> None:
        server.close(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def did_save(params: types.DidSaveTextDocumentParams) -> None:
        server.check_all()

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def did_change_watched_files(params: types.DidChangeWatchedFilesParams) -> None:
        server.check_all()

    for method, answer, options in ANSWERS:
        _register(server, method, answer, options)
    return server


def _register(server: Server, method: str, answer: Callable[[Page, Any], Any], options: object) -> None:
    async def handle(params: Any) -> Any:
        return await server.ask(params.text_document.uri, lambda page: answer(page, params))

    server.feature(method, options)(handle)


def serve() -> None:
    """Serve one client over standard input and output, until it says `exit` or goes away.

    The output belongs to the protocol: whatever else would be printed goes to standard error.
    """
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as output, redirect_stdout(sys.stderr):
        make_server().start_io(stdout=output)
