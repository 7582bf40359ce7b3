"""What a pointer that rests on a word shows: what the word means, and what its unit gives, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnngraph.diagnostics import Span
from cnngraph.editor.bindings import Binding
from cnngraph.editor.document import Document
from cnngraph.editor.training_words import meaning_at
from cnngraph.elaborate.observe import Given
from cnngraph.ir.counts import Field, cost_of
from cnngraph.ir.graph import Graph, Node
from cnngraph.ir.leaves import State
from cnngraph.ir.op import Op, total_elements
from cnngraph.ir.registry import registry
from cnngraph.ir.size import number_text
from cnngraph.reference.contract import signature
from cnngraph.syntax import ast
from cnngraph.syntax.tree import walk

MOST_USES = 4  # of a body that is used often, so many shapes are shown


@dataclass(frozen=True)
class Hover:
    """Markdown, and the characters that it is about."""

    markdown: str
    span: Span


def hover(document: Document, offset: int) -> Hover | None:
    """What is known of the place; None where that is nothing.

    >>> from pathlib import Path
    >>> from cnngraph.editor.document import Workspace
    >>> workspace, path = Workspace(), Path("n.cnn").resolve()
    >>> workspace.write(path, "net n(x: 1@8x8) = conv(4, 3x3) -> globalavgpool")
    >>> print(hover(workspace.document(path), 20).markdown.splitlines()[0])
    `conv(4, 3x3)` gives `4@6x6`: 40 parameters, 1,296 multiply-adds, receptive field 3x3
    """
    binding = document.names.at(offset)
    word = _word(document, offset)
    units = _units(document, offset, binding)
    parts = [*_choice(document, offset), *(_values(document, units) if units else ())]
    parts += _meaning(document, offset, binding, word) or filter(None, [meaning_at(document.program.module, offset)])
    span = word or (units[-1] if units else None)
    return Hover("\n\n".join(parts), span) if parts and span else None


def _word(document: Document, offset: int) -> Span | None:
    """The letters around a place."""
    text, start, end = document.text, offset, offset
    while start > 0 and _is_letter(text[start - 1]):
        start -= 1
    while end < len(text) and _is_letter(text[end]):
        end += 1
    return Span(document.source, start, end) if end > start else None


def _is_letter(character: str) -> bool:
    return character.isalnum() or character == "_"


def _units(document: Document, offset: int, binding: Binding | None) -> Sequence[Span]:
    """The units that are meant: those of the line that a label or a `let` names, else the one at the place."""
    if binding is not None and isinstance(binding.item, (ast.Flow, ast.Let)):
        return [unit.span for unit in binding.item.pipe.units]
    around = [span for span in document.given if span.start <= offset <= span.end]
    return sorted(around, key=lambda span: span.end - span.start)[:1]


# ---- what units give ----


def _values(document: Document, units: Sequence[Span]) -> Iterator[str]:
    """The shape at the end and the figures of all, once for each use of the body that differs."""
    given = [document.given.get(unit, []) for unit in units]
    name = _short(units[-1]) if len(units) == 1 else f"{_short(units[0])} -> ... -> {_short(units[-1])}"
    texts: dict[str, str] = {}
    for together in zip(*given, strict=False):
        observation, last = together[-1]
        if last.types and observation.graph is not None:
            line = f" (line {last.uses[0].span.line})" if last.uses else ""
            made = [observation.graph[name] for _, one in together for name in one.nodes]
            field = document.receptive_fields[observation.graph.name].get(last.results[0].node)
            texts.setdefault(_figures(observation.graph, last, made, field), line)
    lines = [f"`{name}` gives {text}{line}" for text, line in texts.items()]
    more = [f"... {len(lines)} in all"] if len(lines) > MOST_USES else []
    if lines:
        yield "  \n".join([*lines[:MOST_USES], *more])


def _short(span: Span) -> str:
    text = span.text.split("{")[0].split("[")[0] if "{" in span.text else span.text.split(" [")[0]
    return " ".join(text.split())


def _figures(graph: Graph, given: Given, made: Sequence[Node], field: Field | None) -> str:
    """`4@6x6`: 40 parameters, 1,296 multiply-adds, receptive field 3x3."""
    parameters = total_elements([node.type for node in made if isinstance(node.op, State) and node.op.trainable])
    products = sum((cost_of(graph, node).multiply_adds for node in made if not isinstance(node.op, State)), 0)
    figures = [
        f"{number_text(parameters)} parameters",
        f"{number_text(products)} multiply-adds",
        *([f"receptive field {field}"] if field is not None and str(field) else []),
    ]
    return f"{', '.join(f'`{type_}`' for type_ in given.types)}: {', '.join(figures)}"


def _choice(document: Document, offset: int) -> Iterator[str]:
    """On the words of a residual: whether its `project` was used."""
    for node in walk(document.program.module):
        if not isinstance(node, ast.Residual) or node.project is None:
            continue
        on_word = node.word.start <= offset <= node.word.end
        if on_word or node.body.span.end <= offset <= node.project.span.end:
            choices = [c for o in document.observations for c in o.choices if c.span == node.project.span]
            used = sum(choice.projected for choice in choices)
            if choices and used in (0, len(choices)):
                yield "projection used" if used else "identity used: the shapes are equal"
            elif choices:
                yield f"projection used {_times(used)}, identity used {_times(len(choices) - used)}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


# ---- what a word means ----


def _meaning(document: Document, offset: int, binding: Binding | None, word: Span | None) -> Sequence[str]:
    if binding is not None:
        return list(_binding(document, binding))
    argument = document.names.argument_at(offset)
    if argument is not None and argument.function in registry():
        return [describe_operator(registry()[argument.function])]
    operator = registry().get(word.text) if word else None
    at_name = any(found.span == word for found in document.names.open)
    return [describe_operator(operator)] if operator is not None and not operator.internal and at_name else []


def _binding(document: Document, binding: Binding) -> Iterator[str]:
    match binding.item:
        case ast.Definition() as definition:
            yield describe_definition(definition)
        case ast.ImportName():
            block = document.block(binding.name)
            if block is not None:
                yield f"{describe_definition(block)}\n\n{block.span.source.name}"
        case ast.Parameter() as parameter:
            yield f"```cnn\n{parameter.span.text}\n```\n\n" + (
                "a size that the input leaves open" if binding.kind == "size" else "a parameter"
            )


def head_of(definition: ast.Definition) -> str:
    """A net or a block without its body, in one line."""
    head = definition.span.text[: definition.body.span.start - definition.span.start]
    return " ".join(head.split()).removesuffix("=").strip()


def describe_definition(definition: ast.Definition) -> str:
    """The head of a net or a block, and its `##` comment."""
    documentation = definition.documentation
    return f"```cnn\n{head_of(definition)}\n```" + (f"\n\n{documentation}" if documentation else "")


def describe_operator(op: type[Op]) -> str:
    """How an operator is written, and its contract."""
    return f"```cnn\n{signature(op)}\n```\n\n```text\n{op.contract().partition('>>>')[0].rstrip()}\n```"
