"""Where a space stands between two words of a line.

    n / 2, (n - 1) * c, a == b      arithmetic is spaced,
    4*c, 6*6*256                    but a number times a number or a name is one thing,
    3x3/2, 7x7/stride               a window is written with its stride,
    64@HxW/2, 256@(H/4, 2*W), 0..n  and a shape and a range are written without spaces
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import pairwise

from cnngraph.diagnostics import Span
from cnngraph.syntax import ast
from cnngraph.syntax.format_words import Word
from cnngraph.syntax.tokens import ATOMS

CALLED = ATOMS | {"RPAR", "RSQB"}
NO_SPACE_AFTER = frozenset({"LPAR", "LSQB", "DOT"})
NO_SPACE_BEFORE = frozenset({"RPAR", "RSQB", "COMMA", "DOT", "COLON", "SEMICOLON"})
WITHOUT_SPACES = frozenset({"@", ".."})
ARITHMETIC = frozenset({"+", "-", "*", "/", "%"})


@dataclass
class Spaces:
    """The places of a file, as offsets of words, that only its tree can tell apart."""

    close: set[int] = field(default_factory=set)  # operators without a space on either side
    signs: set[int] = field(default_factory=set)  # minus signs
    shapes: dict[int, int] = field(default_factory=dict)  # from the `[` to the `]` of a shape

    def between(self, left: Word, right: Word) -> str:
        if left.start in self.close or right.start in self.close or left.start in self.signs:
            return ""
        if left.kind in NO_SPACE_AFTER or right.kind in NO_SPACE_BEFORE:
            return ""
        if left.kind == "LBRACE" and right.kind == "RBRACE":
            return ""
        return "" if right.kind == "LPAR" and left.kind in CALLED else " "

    def joined(self, words: Sequence[Word]) -> str:
        """The words as one line."""
        pairs = pairwise(words)
        spaced = [self.between(left, right) + right.text for left, right in pairs]
        return "".join([word.text for word in words[:1]] + spaced)


def spaces_of(module: ast.Module, words: Sequence[Word]) -> Spaces:
    """What the tree says about the words."""
    reader = _Reader([word.start for word in words])
    reader.read(module, is_shape=False)
    return reader.spaces


@dataclass
class _Reader:
    starts: list[int]
    spaces: Spaces = field(default_factory=Spaces)

    def read(self, node: object, is_shape: bool) -> None:
        """Look at a node and what is below; in a shape nothing is spaced."""
        match node:
            case tuple():
                for member in node:
                    self.read(member, is_shape)
            case ast.Unit():
                self.read(node.head, is_shape)
                if node.shape is not None:
                    self.spaces.shapes[self._word_after(node.head.span)] = node.span.end - 1
                    self.read(node.shape, True)
            case ast.Binary():
                self._binary(node, is_shape)
            case ast.Unary(operator="-"):
                self.spaces.signs.add(node.span.start)
                self.read(node.operand, is_shape)
            case ast.Located():
                for part in fields(node):
                    self.read(getattr(node, part.name), is_shape)

    def _binary(self, node: ast.Binary, is_shape: bool) -> None:
        is_shape = is_shape or node.operator in WITHOUT_SPACES
        self.read(node.left, is_shape)
        self.read(node.right, is_shape)
        place = self._word_after(node.left.span)
        if node.operator in WITHOUT_SPACES or (node.operator in ARITHMETIC and is_shape) or self._is_one_thing(node):
            self.spaces.close.add(place)

    def _is_one_thing(self, node: ast.Binary) -> bool:
        """Whether this is a window with its stride, or a number times a number or a name."""
        left = node.left
        if isinstance(left, ast.Binary) and left.operator == node.operator:
            is_one = self._word_after(left.left.span) in self.spaces.close
        else:
            is_one = isinstance(left, ast.Dims if node.operator == "/" else ast.Int)
        if node.operator == "/":
            return is_one
        return node.operator == "*" and is_one and isinstance(node.right, ast.Int | ast.Name)

    def _word_after(self, span: Span) -> int:
        return self.starts[bisect_left(self.starts, span.end)]
