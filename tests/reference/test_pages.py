"""The reference has every operator, each with all of its parts, and what it shows is true."""

from __future__ import annotations

import dataclasses
import re

import pytest

import cnngraph
from cnngraph.diagnostics import CODES
from cnngraph.ir.op import Op
from cnngraph.reference.contract import contract_of, signature
from cnngraph.reference.example import example
from cnngraph.reference.pages import families, listing, page, public, whole

every = pytest.mark.parametrize("op", list(public().values()), ids=list(public()))


@every
def test_an_operator_has_every_part(op: type[Op]) -> None:
    contract = contract_of(op)
    assert contract.summary
    assert "=" in contract.equation
    has_fields = any(not field.metadata.get("internal") for field in dataclasses.fields(op))
    for part in ("shapes", "cost", "source", *(["fields"] if has_fields else [])):
        assert contract.parts[part], part


@every
def test_the_fields_are_described(op: type[Op]) -> None:
    """By the word itself, or by a remark on it."""
    text = op.contract()
    names = [field.name for field in dataclasses.fields(op) if not field.metadata.get("internal")]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


@every
def test_the_example_is_a_file(op: type[Op]) -> None:
    shown = example(op)
    assert shown is not None
    net = cnngraph.loads(shown.text)
    (result,) = net.graph.outputs.values()
    if op.optimizer:
        assert isinstance(net.training.optimizer, op)
    else:
        assert shown.gives.startswith(f"`{net.graph.type_of(result)}`: {net.parameters:,} parameters")
    assert shown.text in page(op)


@every
def test_the_codes_are_those_of_the_table(op: type[Op]) -> None:
    named = set(re.findall(r"E\d{4}", contract_of(op).parts.get("errors", "")))
    assert {code for code, _ in contract_of(op).errors} == named <= set(CODES)


@every
def test_a_page_is_plain_markdown(op: type[Op]) -> None:
    text = page(op)
    assert text.count("```") % 2 == 0
    assert text.startswith(f"# {op.name}\n")
    assert text.endswith("\n")
    assert "None" not in text
    assert "  \n" not in text


def test_signatures_have_defaults() -> None:
    assert signature(public()["maxpool"]) == "maxpool(window, pad = 0, stride = ..., ceil = false, dilation = 1)"
    assert signature(public()["relu"]) == "relu"


def test_each_operator_is_in_one_family() -> None:
    listed = [op.name for ops in families().values() for op in ops]
    assert sorted(listed) == sorted(public())
    assert all(families().values())
    lines = re.findall(r"^  (\w+)  ", listing(), re.MULTILINE)
    assert sorted(lines) == sorted(public())


def test_the_families_of_some() -> None:
    found = {op.name: name for name, ops in families().items() for op in ops}
    expected = {
        "upconv": "windows", "maxpool": "windows", "dense": "layers with weights", "prelu": "activations",
        "concat": "merges", "flatten": "other shapes", "dropout": "the same shape",
        "mse": "losses", "sgd": "optimizers",
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected


def test_the_whole_has_a_heading_for_each() -> None:
    assert sorted(re.findall(r"^### (\w+)$", whole(), re.MULTILINE)) == sorted(public())
