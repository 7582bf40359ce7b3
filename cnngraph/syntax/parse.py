"""Text -> typed tree. The only file that imports the parser library; what is behind it is written against protocols.

`parse` is for those who need a whole tree, `parse_tolerant` for those who go on with the intact parts of a wrong file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from itertools import islice
from operator import itemgetter
from typing import Any, BinaryIO, cast

import lark
from lark import Lark, UnexpectedToken
from lark.grammar import Rule
from lark.lexer import TerminalDef
from lark.parsers.lalr_interactive_parser import InteractiveParser

from cnngraph.diagnostics import (
    CnnGraphError,
    Diagnostic,
    Label,
    Source,
    Span,
    in_order,
)
from cnngraph.resources import resource
from cnngraph.syntax import ast
from cnngraph.syntax.build import build
from cnngraph.syntax.cache import kept
from cnngraph.syntax.layout import MAX_NESTING, arrange
from cnngraph.syntax.read import MAX_BYTES, SPLIT, TOO_LARGE
from cnngraph.syntax.recovery import Recovery
from cnngraph.syntax.tokens import END, ERROR, Token
from cnngraph.uncollected import uncollected

MAX_TOKENS = 50_000

OPTIONS: dict[str, Any] = {"parser": "lalr", "lexer": "basic", "propagate_positions": True, "maybe_placeholders": True}


def parse(text: str, name: str) -> ast.Module:
    """The typed tree of a text; `name` is what messages call it. Raises `CnnGraphError` with all syntax errors.

    >>> [item.name.text for item in parse("block a = relu; block b = a -> tanh", "net.cnn").items]
    ['a', 'b']
    """
    module, diagnostics = parse_tolerant(text, name)
    if diagnostics:
        raise CnnGraphError(diagnostics)
    return module


def parse_tolerant(text: str, name: str) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    """The typed tree, with `Broken` for each stretch that did not parse, and the errors. A wrong text never raises.

    >>> module, found = parse_tolerant("block a = ->\\nblock b = relu", "net.cnn")
    >>> [type(item).__name__ for item in module.items], [finding.code for finding in found]
    (['Broken', 'Definition'], ['E0001'])
    """
    source = Source.of(name, text)
    if len(text) > MAX_BYTES:
        start = Label(Span(source, 0, 0), "the file begins here")
        return _unread(source, Diagnostic("E0002", f"{name} {TOO_LARGE}", start, helps=(SPLIT,)))
    return _tree(source)


@uncollected()
def _tree(source: Source) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    parser = grammar().parse_interactive(source.text)
    tokens = list(islice(_tokens(parser, source), MAX_TOKENS + 1))
    if len(tokens) > MAX_TOKENS:
        return _unread(source, _too_long(source, tokens[-1]))
    arranged = arrange(tokens)
    if arranged.too_deep is not None:
        return _unread(source, _nested_too_deeply(source, arranged.too_deep))
    machine = _LarkMachine(parser)
    diagnostics = Recovery(machine, arranged.tokens, source).run()
    module, more = build(machine.tree, source, arranged.comments)
    return module, tuple(in_order([*diagnostics, *more]))


def comments(source: Source) -> tuple[Span, ...]:
    """The comments of a text, in order, each from its `#` to the end of its line.

    >>> [comment.text for comment in comments(Source("net.cnn", "# one\\nblock a = relu  # two"))]
    ['# one', '# two']
    """
    parser = grammar().parse_interactive(source.text)
    found = (token for token in islice(_tokens(parser, source), MAX_TOKENS) if token.type == "COMMENT")
    return tuple(Span(source, token.start_pos, token.end_pos) for token in found)


def lexed(source: Source) -> Iterator[Token]:
    """All tokens of a text, line ends and comments included, and one of kind `$END` after them."""
    return _tokens(grammar().parse_interactive(source.text), source)


@cache
def grammar() -> Lark:
    """The parser of `grammar/cnn.lark`: read from the user's cache, for building it takes ten times as long."""
    text = resource("grammar", "cnn.lark").read_text(encoding="utf-8")
    key = sha256(repr((lark.__version__, sys.version_info[:2], OPTIONS, text)).encode()).hexdigest()
    parser = kept(f"grammar-{key[:24]}.json", _load, lambda: Lark(text, postlex=KeepAll(), **OPTIONS), _save)
    _shorten(parser)
    return parser


def _shorten(parser: Lark) -> None:
    """A rule such as `?sum: product` gives its one child as it is. Without this, finding so takes a third of the time:
    each number goes through eleven of them."""
    callbacks = cast(Any, parser.parser).parser.parser.callbacks
    for rule in [rule for rule in callbacks if isinstance(rule, Rule)]:
        if rule.options.expand1 and not rule.alias and [symbol.is_term for symbol in rule.expansion] == [False]:
            callbacks[rule] = itemgetter(0)


def _save(parser: Lark, file: BinaryIO) -> None:
    """The tables of the parser as JSON; the library itself would pickle them."""
    data, memo = parser.memo_serialize([TerminalDef, Rule])
    data["options"] = {name: value for name, value in data["options"].items() if name != "postlex"}
    file.write(json.dumps(_plain({"data": data, "memo": memo})).encode())


def _load(file: BinaryIO) -> Lark:
    return Lark.load(json.load(file, object_hook=_numbered))


def _plain(value: Any) -> Any:
    """Tables by number as `{"#": ...}`: the keys of JSON are texts.

    >>> _numbered(json.loads(json.dumps(_plain({7: 1}))))
    {7: 1}
    """
    if isinstance(value, dict):
        table = {str(key): _plain(inner) for key, inner in value.items()}
        return {"#": table} if any(isinstance(key, int) for key in value) else table
    return value


def _numbered(table: dict[str, Any]) -> dict[Any, Any]:
    return {int(key): value for key, value in table["#"].items()} if "#" in table else table


class KeepAll:
    """Makes the lexer know the tokens that no rule uses; `arrange` and the messages need them. Changes no token."""

    always_accept = ("COMMENT", "OPEN_STRING", "BAD_CHARACTER")

    def process(self, stream: Iterator[lark.Token]) -> Iterator[lark.Token]:
        return stream


class _LarkMachine:
    """Lark's LALR engine, fed by hand. `tree` is there once the end of the file was taken."""

    def __init__(self, parser: InteractiveParser) -> None:
        self._parser = parser
        self.tree: Any = None

    def feed(self, token: Token) -> bool:
        try:
            self.tree = self._parser.feed_token(cast(lark.Token, token))
        except UnexpectedToken:
            return False
        return True

    def accepts(self) -> frozenset[str]:
        return frozenset(self._parser.accepts())  # type: ignore[no-untyped-call]  # lark leaves it untyped

    def give_up(self, at: Token) -> tuple[Token, int]:
        state = self._parser.parser_state
        table = state.parse_conf.parse_table.states
        dropped: list[Any] = []
        opened = 0  # braces dropped with what they hold; below 0, one was closed whose body is still on the stack
        while ERROR not in table[state.position] or opened < 0:
            state.state_stack.pop()
            value = state.value_stack.pop()
            if isinstance(value, lark.Token):
                opened += (value.type == "LBRACE") - (value.type == "RBRACE")
            dropped.append(value)
        starts = [start for value in dropped if (start := _start(value)) is not None]
        wreck = _token(ERROR, min([at.start_pos, *starts]), at.start_pos)
        assert self.feed(wreck), "the grammar takes ERROR wherever its table names it"
        return wreck, opened

    def invent(self, kind: str, at: Token) -> None:
        assert self.feed(_token(kind, at.start_pos, at.start_pos)), "only what fits is invented"


def _start(value: Any) -> int | None:
    place = value if isinstance(value, lark.Token) else value.meta
    start: int | None = getattr(place, "start_pos", None)
    return start


def _token(kind: str, start: int, end: int) -> Token:
    return cast(Token, lark.Token(kind, "", start_pos=start, end_pos=end))


def _tokens(parser: InteractiveParser, source: Source) -> Iterator[Token]:
    for token in parser.lexer_thread.lex(parser.parser_state):  # type: ignore[no-untyped-call]  # lark leaves it untyped
        yield cast(Token, token)
    yield _token(END, len(source.text), len(source.text))


def _nested_too_deeply(source: Source, bracket: Token) -> Diagnostic:
    label = Label(Span(source, bracket.start_pos, bracket.end_pos), f"{MAX_NESTING} brackets are open here")
    return Diagnostic(
        "E0002", "the brackets are nested too deeply", label, helps=("split it with `let`, or with a block",)
    )


def _too_long(source: Source, last: Token) -> Diagnostic:
    label = Label(Span(source, last.start_pos, last.end_pos), "read up to here")
    message = f"{source.name} has more than {MAX_TOKENS:,} words and signs"
    return Diagnostic("E0002", message, label, helps=(SPLIT,))


def _unread(source: Source, finding: Diagnostic) -> tuple[ast.Module, tuple[Diagnostic, ...]]:
    whole = Span(source, 0, len(source.text))
    return ast.Module(whole, (ast.Broken(whole),)), (finding,)
