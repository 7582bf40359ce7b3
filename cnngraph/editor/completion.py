"""What can be written at a place: names in sight, layers, parameters, keys, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cnngraph.editor import words
from cnngraph.editor.document import Document
from cnngraph.editor.hover import describe_definition, describe_operator
from cnngraph.editor.links import imported
from cnngraph.editor.situation import Bracket, Situation, situation
from cnngraph.editor.training_words import KEYS_OF, MAKERS
from cnngraph.elaborate.arguments import Signature, signature_of
from cnngraph.elaborate.parameters import signature_of_block
from cnngraph.elaborate.values import BlockLayer
from cnngraph.ir.registry import registry
from cnngraph.resources import resource
from cnngraph.syntax import ast

PATH = re.compile(r'from\s*"(?P<path>[^"\n]*)"')
ATTRIBUTES = {"c": "channels", "shape": "the whole shape", "t": "length of a sequence",
              "h": "height", "w": "width", "d": "depth of a volume"}  # fmt: skip


@dataclass(frozen=True)
class Completion:
    """A word that fits; `kind` is that of a binding, or layer, keyword, key, argument, value, file or attribute."""

    label: str
    kind: str
    detail: str = ""
    documentation: str = ""
    insert: str = ""  # where it is not the label


def completions(document: Document, offset: int) -> list[Completion]:
    """What fits at `offset`, the most likely first. What is already typed of the word is not looked at.

    >>> from pathlib import Path
    >>> from cnngraph.editor.document import Workspace
    >>> workspace, path = Workspace(), Path("n.cnn").resolve()
    >>> workspace.write(path, "net n(x: 1@8x8) { conv(4, 3x3, ) }")
    >>> [c.insert for c in completions(workspace.document(path), 31)][:2]
    ['pad = ', 'bias = ']
    """
    here = situation(document.text, offset)
    unique: dict[str, Completion] = {}
    for completion in _fitting(document, offset, here):
        unique.setdefault(completion.label, completion)
    return list(unique.values())


def completed_from(document: Document, offset: int) -> int:
    """Where the word begins that a completion at `offset` replaces; of a path it is all that stands in the string."""
    here = situation(document.text, offset)
    if here.inside == "open string":
        return document.text.rfind('"', 0, offset) + 1
    return offset - len(here.prefix)


def _fitting(document: Document, offset: int, here: Situation) -> Iterable[Completion]:
    if here.inside is not None:
        return _files(document) if "import" in here.line and here.previous == "from" else ()
    if here.line and here.line[0] == "import":
        return _importable(document, offset) if here.previous in ("import", ",") else _keywords(("from", "as"))
    if here.previous == ".":
        return [Completion(name, "attribute", text) for name, text in ATTRIBUTES.items()]
    innermost = here.innermost
    if here.section is not None:
        return _in_section(document, here, here.section)
    if innermost is None:
        return _keywords(words.KEYWORDS_OF_FILES, words.SECTIONS)
    if innermost.opener == "(" and innermost.head in ("net", "block"):
        return _types() if here.previous == ":" else ()
    if innermost.opener == "(":
        return [*_parameters(document, innermost), *_values(document, offset), *_layers(document, offset)]
    if innermost.opener == "[":
        return _values(document, offset)
    return _in_body(document, offset, here)


# ---- places ----


def _in_body(document: Document, offset: int, here: Situation) -> Iterator[Completion]:
    if "check" in here.line[:1]:
        yield from (Completion(name, "function") for name in words.checked_figures())
        yield from _values(document, offset)
        return
    if here.previous in ("->", "→"):
        yield from _keywords(words.KEYWORDS_AFTER_ARROWS)
    elif not here.line:
        yield from _keywords(words.KEYWORDS_AT_LINES)
    elif here.previous == "}":
        yield from _keywords(words.KEYWORDS_AFTER_BRACES)
    yield from _layers(document, offset)
    yield from _values(document, offset)


def _in_section(document: Document, here: Situation, section: Bracket) -> Iterator[Completion]:
    """Keys at the head of a line; after a key what it can be."""
    if section.head not in KEYS_OF:
        return
    key = here.line[0] if len(here.line) > 1 and here.line[1] == ":" else ""
    if not here.line:
        yield from (_key(k, text) for k, text in KEYS_OF[section.head].items() if k not in section.given)
        return
    operators = {"optimizer": words.optimizers(), "loss": words.losses()}
    called = here.innermost if here.innermost is not section else None
    if called is not None and called.opener == "(" and called.head in registry():
        yield from _parameters(document, called)
    elif called is None and key in MAKERS:
        makers = MAKERS[key]()
        yield from (Completion(name, "function", documentation=(m.__doc__ or "")) for name, m in makers.items())
    yield from (_layer(name) for name in operators.get(key, ()))
    kinds = {"loss": ("label", "let", "result"), "metrics": ("label", "let", "result"), "noise": ("parameter",)}
    kinds |= dict.fromkeys(("update", "freeze", "slow", "weights"), ("label", "let", "shared"))
    bindings = [b for b in document.names.bindings if b.kind in kinds.get(key, ())]
    yield from (Completion(b.name, b.kind) for b in bindings)


def _key(key: str, text: str) -> Completion:
    return Completion(key, "key", text, insert=f"{key} " if key == "step" else f"{key}: ")


def _types() -> Iterator[Completion]:
    yield from (Completion(name, "keyword") for name in words.TYPE_NAMES)


def _keywords(*groups: Sequence[str]) -> Iterator[Completion]:
    yield from (Completion(word, "keyword") for group in groups for word in group)


# ---- words ----


def _layers(document: Document, offset: int) -> Iterator[Completion]:
    """Blocks and shared layers in sight, then the layers of the language."""
    for binding in document.names.visible(offset).values():
        if binding.kind in ("block", "shared"):
            text = describe_definition(binding.item) if isinstance(binding.item, ast.Definition) else ""
            yield Completion(binding.name, binding.kind, documentation=text)
        elif binding.kind == "import":
            block = document.block(binding.name)
            text = describe_definition(block) if block else ""
            yield Completion(binding.name, "import", documentation=text)
    yield from (_layer(name) for name in words.layers() if not _is_for_training(name))


def _is_for_training(name: str) -> bool:
    op = registry().get(name)
    return op is not None and (op.optimizer or op.loss)


def _layer(name: str) -> Completion:
    op = registry().get(name)
    if op is None:
        return Completion(name, "layer")
    return Completion(name, "layer", op.contract().partition("\n")[0], describe_operator(op))


def _values(document: Document, offset: int) -> Iterator[Completion]:
    """Labels, lets, parameters and sizes in sight, then the words that stand for values."""
    for binding in document.names.visible(offset).values():
        if binding.kind in ("label", "let", "shared", "parameter", "size", "loop"):
            yield Completion(binding.name, binding.kind)
    yield Completion(words.VALUE_ON_THE_LEFT, "value", "the value on the left")
    yield from (Completion(word, "value") for word in (*words.paddings(), *words.CONSTANTS))
    yield from (Completion(name, "function") for name in words.functions())


def _parameters(document: Document, bracket: Bracket) -> Iterator[Completion]:
    """The parameters of the called layer that have no argument by name yet."""
    signature = _signature(document, bracket.head)
    for name in signature.plain[bracket.unnamed :] if signature else ():
        if name not in bracket.given:
            yield Completion(name, "argument", signature.layer if signature else "", insert=f"{name} = ")


def _signature(document: Document, name: str) -> Signature | None:
    block = document.block(name)
    if block is not None:
        return signature_of_block(block)
    op = registry().get(name)
    return signature_of(op) if op is not None and not op.internal else None


# ---- imports ----


def _importable(document: Document, offset: int) -> Iterator[Completion]:
    """The names of the file that the import at `offset` names. The import itself need not parse yet."""
    path = PATH.search(document.text, offset)
    if path is None or "\n" in document.text[offset : path.start()]:
        return
    file = imported(document.with_text(f"import _ {path[0]}"), path["path"])
    for name, (value, _) in (file.scope.names if file else {}).items():
        if isinstance(value, BlockLayer):
            yield Completion(name, value.definition.kind, documentation=describe_definition(value.definition))


def _files(document: Document) -> Iterator[Completion]:
    """The standard files, and the `.cnn` files beside this one."""
    standard = resource("specs", "blocks")
    yield from (Completion(f"std/{p.relative_to(standard)}", "file") for p in sorted(standard.rglob("*.cnn")))
    beside = sorted(document.path.parent.glob("*.cnn")) if document.path.parent.is_dir() else []
    yield from (Completion(path.name, "file") for path in beside if path != document.path)
