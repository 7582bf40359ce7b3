"""Names in the source: attributes, variables and classes, from the paths of nodes and the names of blocks."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Container

MODULE = frozenset(
    [
        "add_module", "add_submodule", "apply", "bfloat16", "buffers", "call_super_init", "children", "code",
        "compile", "cpu", "cuda", "delete_all_unused_submodules", "delete_submodule", "double", "dump_patches",
        "eval", "extra_repr", "float", "forward", "get_buffer", "get_extra_state", "get_parameter", "get_submodule",
        "graph", "half", "ipu", "load_state_dict", "modules", "mtia", "named_buffers", "named_children",
        "named_modules", "named_parameters", "parameters", "print_readable", "recompile", "register_buffer",
        "register_module", "register_parameter", "requires_grad_", "set_extra_state", "set_submodule", "share_memory",
        "state_dict", "to", "to_empty", "to_folder", "train", "training", "type", "xpu", "zero_grad",
    ]
)
"""What every `torch.nn.Module` has, or gets where PyTorch traces it: no attribute of ours is called so."""

WORDS = frozenset((*keyword.kwlist, *dir(builtins), "torch", "nn", "F", "Tensor", "self"))


def word(text: str) -> str:
    """A part of a path as the name of a variable.

    >>> word("conv_relu[2]"), word("2nd"), word("next")
    ('conv_relu2', 'x_2nd', 'next_')
    """
    name = identifier(text)
    return f"{name}_" if name in WORDS else name


def attribute(text: str) -> str:
    """A part of a path as the name of an attribute of a module.

    >>> attribute("next"), attribute("double"), attribute("lambda")
    ('next', 'double_', 'lambda_')
    """
    name = identifier(text)
    return f"{name}_" if name in MODULE or keyword.iskeyword(name) else name


def identifier(text: str) -> str:
    name = re.sub(r"\W", "_", re.sub(r"(?<=\d)\[", "_", text).replace("[", "").replace("]", ""), flags=re.ASCII)
    return name if re.match(r"[A-Za-z]", name) else f"x_{name.lstrip('_')}"


def free(name: str, taken: Container[str]) -> str:
    """The name, with a number behind it where it is taken."""
    if name not in taken:
        return name
    stem = name if not name[-1].isdigit() else f"{name}_"
    number = 2
    while f"{stem}{number}" in taken:
        number += 1
    return f"{stem}{number}"


def class_name(block: str) -> str:
    """A block as a class.

    >>> class_name("conv_bn_relu"), class_name("vgg16"), class_name("aux_head")
    ('ConvBnRelu', 'Vgg16', 'AuxHead')
    """
    name = "".join(part[:1].upper() + part[1:] for part in re.split(r"[^A-Za-z0-9]+", block) if part)
    return name if name[:1].isalpha() else f"Block{name}"
