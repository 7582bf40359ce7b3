"""The examples in the docstrings; pytest does not collect them there, for the modules need an extra."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

pytest.importorskip("onnx", reason="ONNX models are read with the package onnx")

from cnngraph.interop.onnx import reading


def modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(reading.__path__, f"{reading.__name__}.")
    return [importlib.import_module(module.name) for module in found]


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__.removeprefix(f"{reading.__name__}."))
def test_the_examples_hold(module: ModuleType) -> None:
    failed, _ = doctest.testmod(module)
    assert not failed


def test_no_operator_has_two_meanings() -> None:
    tables = [module.MEANINGS for module in modules() if hasattr(module, "MEANINGS")]
    assert sum(map(len, tables)) == len({operator for table in tables for operator in table})


def test_each_rule_does_something() -> None:
    rules = [module for module in modules() if hasattr(module, "PLACE")]
    assert rules
    assert all(hasattr(module, "unite") or hasattr(module, "fold") for module in rules)
