"""The reference of the operators in Markdown: a page for each, all of them on one, and their list by family."""

from __future__ import annotations

from collections.abc import Iterator

from cnngraph.ir.op import Op
from cnngraph.ir.registry import registry
from cnngraph.ir.window import Window
from cnngraph.reference.contract import Contract, contract_of, signature
from cnngraph.reference.example import example
from cnngraph.reference.window import pictures

PARTS = ("shapes", "weights", "fields", "cost", "source")


def public() -> dict[str, type[Op]]:
    """The operators that are words of the language, yours among them."""
    return {name: op for name, op in registry().items() if not op.internal}


def page(op: type[Op], level: int = 1) -> str:
    """Everything that is known of an operator; its heading is of this level.

    >>> from cnngraph.ops.relu import Relu
    >>> print(page(Relu).partition("\\n\\n## Errors")[0])
    # relu
    <BLANKLINE>
    Rectified linear unit.
    <BLANKLINE>
    ```cnn
    relu
    ```
    <BLANKLINE>
    ```text
    y = max(x, 0)
    ```
    <BLANKLINE>
    - **shapes**: any -> the same
    - **cost**: one flop for each element
    - **source**: Nair, Hinton, ICML 2010; ONNX Relu-14
    - **ONNX**: `Relu`, from opset 14
    """
    contract = contract_of(op)
    sections = [*_meaning(op, contract), _facts(op, contract), *_errors(contract, level + 1)]
    sections += [*_example(op, level + 1), *_windows(op, level + 1)]
    return f"{'#' * level} {op.name}\n\n" + "\n\n".join(sections) + "\n"


def _meaning(op: type[Op], contract: Contract) -> Iterator[str]:
    yield _sentence(contract.summary)
    yield _block("cnn", signature(op))
    if contract.equation:
        yield _block("text", contract.equation)
    yield from (_sentence(remark) for remark in contract.remarks)


def _sentence(text: str) -> str:
    return text if text.endswith(("?", ":", "...")) else f"{text}."


def _facts(op: type[Op], contract: Contract) -> str:
    lines = [f"- **{part}**: {contract.parts[part]}" for part in PARTS if part in contract.parts]
    return "\n".join([*lines, f"- **ONNX**: {_onnx(op)}"])


def _onnx(op: type[Op]) -> str:
    """The counterpart of the first sample."""
    found = next((sample.op.onnx() for sample in op.samples()), None)
    if found is None:
        return "no operator that is the same by itself"
    attributes = ", ".join(f"{name} = {value}" for name, value in found.attributes.items())
    return f"`{found.operator}`, from opset {found.opset}{f', with {attributes}' if attributes else ''}"


def _errors(contract: Contract, level: int) -> Iterator[str]:
    """What it refuses, in its own words, and each code as the list of codes has it."""
    if contract.errors:
        codes = "\n".join(f"- `{code}`: {meaning}" for code, meaning in contract.errors)
        yield f"{'#' * level} Errors\n\n{contract.parts['errors']}.\n\n{codes}"


def _example(op: type[Op], level: int) -> Iterator[str]:
    shown = example(op)
    if shown is not None:
        yield f"{'#' * level} Example\n\n{_block('cnn', shown.text)}\n\nIt gives {shown.gives}."


def _windows(op: type[Op], level: int) -> Iterator[str]:
    drawn = [f"{p.layer}\n\n" + "\n".join((*p.rows, "", *p.formulas)) for p in pictures(op)]
    if drawn:
        yield f"{'#' * level} Window, along one axis\n\n" + "\n\n".join(_block("text", text) for text in drawn)


def _block(kind: str, text: str) -> str:
    return f"```{kind}\n{text}\n```"


# ---- all of them ----


def family(op: type[Op]) -> str:
    """What kind of layer an operator is, as its class shows.

    >>> [family(registry()[name]) for name in ("conv", "relu", "add", "flatten", "adam")]
    ['windows', 'activations', 'merges', 'other shapes', 'optimizers']
    """
    samples = op.samples()
    if op.optimizer:
        return "optimizers"
    if op.loss:
        return "losses"
    if op.activation:
        return "activations"
    if any(isinstance(value, Window) for sample in samples for value in vars(sample.op).values()):
        return "windows"
    weights = [w for sample in samples for w in sample.op.weight_types(*sample.inputs).values()]
    if any(weight.trainable for weight in weights):
        return "layers with weights"
    if any(len(sample.inputs) > 1 for sample in samples):
        return "merges"
    same = all(sample.op.output_types(sample.inputs)[0] == sample.inputs[0] for sample in samples)
    return "the same shape" if same else "other shapes"


def families() -> dict[str, list[type[Op]]]:
    """The operators of each family, by name; the families as a network has them, from weights to optimizers."""
    order = ("windows", "layers with weights", "activations", "merges", "other shapes", "the same shape", "losses")
    found: dict[str, list[type[Op]]] = {name: [] for name in (*order, "optimizers")}
    for op in public().values():
        found[family(op)].append(op)
    return found


def listing() -> str:
    """Each layer with its line, by family."""
    width = max(map(len, public()))
    blocks = [
        f"{name}:\n" + "\n".join(f"  {op.name:{width}}  {contract_of(op).summary}" for op in ops)
        for name, ops in families().items()
    ]
    return "\n\n".join(blocks)


def whole() -> str:
    """The reference as one page."""
    blocks = ["# Operators\n\nMade from the operators themselves by `cnngraph explain operators`.\n"]
    for name, ops in families().items():
        blocks += [f"## {name[0].upper()}{name[1:]}\n", *(page(op, 3) for op in ops)]
    return "\n".join(blocks)
