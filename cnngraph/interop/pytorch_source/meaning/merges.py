"""What is done with several values: sums, products and choices place by place, features side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnngraph.interop.pytorch_source.form import Argument, Binding, Form
from cnngraph.interop.pytorch_source.layout import Layout
from cnngraph.interop.pytorch_source.site import Site
from cnngraph.ir.graph import Ref
from cnngraph.ops.scale import Scale

FIRST, LAST = Layout.FIRST, Layout.LAST


def add(site: Site) -> None:
    """Terms; those that were turned before are taken away."""
    layout = _joint_layout(site)
    signs, names = [], []
    for place, ref in enumerate(site.node.inputs):
        source = site.graph[ref.node]
        turned = place > 0 and isinstance(source.op, Scale) and source.op.factor == -1
        signs.append(" - " if turned else " + ")
        names.append(_operand(site, place, layout, source.inputs[0] if turned else None))
    terms = [f"{{{place}}}{spread_index(site, place, layout)}" for place in range(len(names))]
    template = terms[0] + "".join(sign + term for sign, term in zip(signs[1:], terms[1:], strict=True))
    site.add(names, (), Form(template, (), Binding.SUM, _takes(template, Binding.PRODUCT)), layout=layout)


def mul(site: Site) -> None:
    names, terms, layout = _terms(site)
    template = " * ".join(terms)
    site.add(names, (), Form(template, (), Binding.PRODUCT, _takes(template, Binding.PRODUCT)), layout=layout)


def div(site: Site) -> None:
    names, terms, layout = _terms(site)
    site.add(names, (), Form(" / ".join(terms), (), Binding.PRODUCT, Binding.CALL), layout=layout)


def power(site: Site) -> None:
    names, terms, layout = _terms(site)
    template = f"torch.pow({', '.join(terms)})"
    site.add(names, (), Form(template, takes=_takes(template, Binding.SUM)), layout=layout)


def select(site: Site) -> None:
    names, (mask, *others), layout = _terms(site)
    template = f"torch.where({mask} != 0, {', '.join(others)})"
    site.add(names, (), Form(template, takes=_takes(template, Binding.SUM)), layout=layout)


def _terms(site: Site) -> tuple[list[str], list[str], Layout]:
    """The operands in one layout, and how each is written: a vector with axes for the positions of the others."""
    layout = _joint_layout(site)
    places = range(len(site.node.inputs))
    names = [site.take(layout, place) for place in places]
    return names, [f"{{{place}}}{spread_index(site, place, layout)}" for place in places], layout


def _takes(template: str, usual: Binding) -> Binding:
    """An index behind an operand binds more tightly than any operator in it."""
    return Binding.CALL if "[" in template else usual


def _operand(site: Site, place: int, layout: Layout, ref: Ref | None = None) -> str:
    return site.values[ref].name if ref is not None else site.take(layout, place)


def _joint_layout(site: Site) -> Layout:
    """The features come first where they do for one of the images; sequences follow the first of them."""
    ranks = [len(type_.shape) for type_ in site.types]
    largest = max(ranks)
    found = [site.layout(place) for place, rank in enumerate(ranks) if rank == largest]
    if largest < 3 or (largest > 3 and FIRST in found):
        return FIRST
    return LAST if found[0] is LAST else FIRST


def spread_index(site: Site, place: int, layout: Layout) -> str:
    """The index that gives a vector axes of size 1 for the positions of the others."""
    missing = max(len(t.shape) for t in site.types) - len(site.types[place].shape)
    if not missing:
        return ""
    new = ", ".join(["None"] * missing)
    return f"[..., {new}]" if layout is FIRST else f"[:, {new}]"


def _extreme(function: str) -> Callable[[Site], None]:
    def rule(site: Site) -> None:
        names, terms, layout = _terms(site)
        template = terms[0]
        for term in terms[1:]:
            template = f"{function}({template}, {term})"
        site.add(names, (), Form(template), layout=layout)

    return rule


def concat(site: Site) -> None:
    layout = _joint_layout(site)
    names = [site.take(layout, place) for place in range(len(site.node.inputs))]
    listed = ", ".join(f"{{{place}}}" for place in range(len(names)))
    dim = -1 if layout is LAST and len(site.types[0].shape) > 2 else 1
    site.add(names, (), Form(f"torch.cat([{listed}], {{}})", (Argument("dim", dim),)), layout=layout)


MEANING: Mapping[str, Callable[[Site], None]] = {
    "add": add,
    "mul": mul,
    "div": div,
    "pow": power,
    "select": select,
    "max": _extreme("torch.maximum"),
    "min": _extreme("torch.minimum"),
    "concat": concat,
}
"""Merges."""
