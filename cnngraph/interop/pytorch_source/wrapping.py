"""Long lines of Python over several lines, as people break them: at the commas of the outermost brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator

WIDTH = 100
PAIRS = {"(": ")", "[": "]", "{": "}"}


def wrapped(line: str, indent: int, width: int = WIDTH) -> list[str]:
    """The line, with `indent` spaces before it, on as many lines as it needs.

    >>> print(*wrapped("x = f(aaaa, g(bbbb))", 0, 12), sep="\\n")
    x = f(
        aaaa,
        g(bbbb),
    )
    """
    pad = " " * indent
    cut = _brackets(line)
    if indent + len(line) <= width or cut is None:
        return [pad + line]
    start, end = cut
    content = line[start + 1 : end]
    head, tail = pad + line[: start + 1], pad + line[end:]
    if not set(content) & set("([") and indent + 4 + len(content) <= width:
        return [head, f"{pad}    {content}", tail]
    parts = list(_parts(content))
    comma = "," if len(parts) > 1 or _is_list(line, start, parts[0]) else ""
    inner = [text for part in parts for text in wrapped(part + comma, indent + 4, width)]
    return [head, *inner, tail]


def _is_list(line: str, start: int, only: str) -> bool:
    """Whether a comma may follow what stands alone in brackets: not in a comprehension, nor around a product."""
    is_call = start > 0 and (line[start - 1].isalnum() or line[start - 1] in "_)]")
    return (is_call or line[start] == "[") and not re.search(r"\bfor \w+ in\b", _outside(only))


def _brackets(line: str) -> tuple[int, int] | None:
    """The outermost brackets in which most stands."""
    found, opened = list[tuple[int, int]](), list[int]()
    for place, sign in enumerate(line):
        if sign in PAIRS:
            opened.append(place)
        elif sign in PAIRS.values():
            start = opened.pop()
            if not opened and place > start + 1:
                found.append((start, place))
    return max(found, key=lambda cut: cut[1] - cut[0], default=None)


def _outside(text: str) -> str:
    """The text without what stands in brackets."""
    depth, found = 0, []
    for sign in text:
        depth += (sign in PAIRS) - (sign in PAIRS.values())
        if depth == 0:
            found.append(sign)
    return "".join(found)


def _parts(text: str) -> Iterator[str]:
    """What stands between the commas of a list; a comprehension is one part."""
    depth, start = 0, 0
    for place, sign in enumerate(text):
        depth += (sign in PAIRS) - (sign in PAIRS.values())
        if sign == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    if text[start:].strip():
        yield text[start:].strip()
