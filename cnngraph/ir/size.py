"""Sizes that may be symbols: polynomials with floor, equal exactly when their normal forms are equal.

A `Dim` is an `int` or a `Size`. `+ - * // %` work on both and give an `int` whenever the result is one, so an operator
writes its shape rule once: `(h + 2 * pad - window) // stride + 1`. What is known of a symbol (that 16 divides `H`, that
`T` is at least 5) is part of the symbol, so no fact has to be looked up elsewhere.

Not for inequalities between symbols or for solving: it decides equality, and bounds from below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm, prod
from typing import TypeAlias


@dataclass(frozen=True)
class Symbol:
    """An unknown whole number: `multiple_of` divides it, and it is not below `at_least`."""

    name: str
    multiple_of: int = 1
    at_least: int = 1

    def __str__(self) -> str:
        return self.name

    def lower(self) -> int:
        return -(-self.at_least // self.multiple_of) * self.multiple_of

    def bind(self, values: Mapping[str, Dim]) -> Dim:
        if self.name not in values:
            return _of_atom(self)
        value = values[self.name]
        if isinstance(value, int) and (value % self.multiple_of or value < self.at_least):
            raise SizeError(f"{self.name} = {value}, but {self.fact()}")
        return value

    def fact(self) -> str:
        parts = [f"{self.name} % {self.multiple_of} == 0"] if self.multiple_of > 1 else []
        return " and ".join([*parts, f"{self.name} >= {self.at_least}"])


@dataclass(frozen=True)
class Floor:
    """`floor(numerator / divisor)`, where the division is not known to be exact."""

    numerator: Size
    divisor: int
    multiple_of: int = 1

    def __str__(self) -> str:
        inner = str(self.numerator)
        return f"floor(({inner})/{self.divisor})" if set(inner) & set("+-*/") else f"floor({inner}/{self.divisor})"

    def lower(self) -> int | None:
        bound = lower_bound(self.numerator)
        return None if bound is None else bound // self.divisor

    def bind(self, values: Mapping[str, Dim]) -> Dim:
        return bind(self.numerator, values) // self.divisor


Atom: TypeAlias = Symbol | Floor
Monomial: TypeAlias = tuple[Atom, ...]  # sorted by text, an atom repeated for each power
Dim: TypeAlias = "int | Size"


class SizeError(ValueError):
    """A size that is not whole, not positive, or against what is known of a symbol."""


@dataclass(frozen=True)
class Size:
    """A sum of monomials with rational coefficients, whole for all values that the symbols can take."""

    terms: tuple[tuple[Monomial, Fraction], ...]

    def __add__(self, other: Dim) -> Dim:
        return _size([*self.terms, *_terms(other)])

    __radd__ = __add__

    def __neg__(self) -> Dim:
        return self * -1

    def __sub__(self, other: Dim) -> Dim:
        return self + other * -1

    def __rsub__(self, other: Dim) -> Dim:
        return other + self * -1

    def __mul__(self, other: Dim) -> Dim:
        return _size(
            (tuple(sorted(m + n, key=str)), a * b) for m, a in self.terms for n, b in _terms(other)
        )

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Dim:
        return _floor(self, divisor)

    def __mod__(self, divisor: int) -> Dim:
        return self - divisor * (self // divisor)

    def __str__(self) -> str:
        text = "".join(_term_text(m, c) for m, c in sorted(self.terms, key=lambda t: (-len(t[0]), str(t[0]))))
        return text.removeprefix("+")


def symbol(name: str, multiple_of: int = 1, at_least: int = 1) -> Size:
    """The size that is the symbol itself.

    >>> H = symbol("H", multiple_of=4)
    >>> print(H // 2, 2 * (H // 2) == H, (symbol("W") + 3) // 2)
    H/2 True floor((W+1)/2)+1
    """
    return _of_atom(Symbol(name, multiple_of, at_least))


def bind(dim: Dim, values: Mapping[str, Dim]) -> Dim:
    """`dim` with numbers (or other sizes) for the symbols in `values`; raises `SizeError` where a fact is broken."""
    if isinstance(dim, int):
        return dim
    bound: list[tuple[Monomial, Fraction]] = []
    for monomial, coefficient in dim.terms:
        factors = _terms(prod((atom.bind(values) for atom in monomial), start=1))
        bound += [(m, coefficient * c) for m, c in factors]
    return _size(bound)


def number(dim: Dim) -> int:
    """`dim` as a number; raises `SizeError` where a symbol is left."""
    if isinstance(dim, int):
        return dim
    raise SizeError(f"the size {dim} is not a number yet: bind {', '.join(s.name for s in symbols(dim))}")


def exact_quotient(dim: Dim, divisor: int) -> Dim | None:
    """`dim / divisor` if that is whole for all values of the symbols, else None."""
    quotient = dim // divisor
    return quotient if quotient * divisor == dim else None


def number_text(dim: Dim) -> str:
    """A number with thousands separated; a polynomial as it prints.

    >>> number_text(1208), number_text(symbol("H") + 1)
    ('1,208', 'H+1')
    """
    return f"{dim:,}" if isinstance(dim, int) else str(dim)


def lower_bound(dim: Dim) -> int | None:
    """The largest number that is known not to be above `dim`, or None."""
    if isinstance(dim, int):
        return dim
    total = Fraction(0)
    for monomial, coefficient in dim.terms:
        lows = [atom.lower() for atom in monomial]
        if monomial and (coefficient < 0 or any(low is None or low < 0 for low in lows)):
            return None
        total += coefficient * prod((low for low in lows if low is not None), start=1)
    return -(-total.numerator // total.denominator)


def symbols(dim: Dim) -> tuple[Symbol, ...]:
    """The symbols of `dim`, each once, in order of name."""
    if isinstance(dim, int):
        return ()
    found: dict[str, Symbol] = {}
    for monomial, _ in dim.terms:
        for atom in monomial:
            inner = (atom,) if isinstance(atom, Symbol) else symbols(atom.numerator)
            found.update((s.name, s) for s in inner)
    return tuple(found[name] for name in sorted(found))


def _of_atom(atom: Atom) -> Size:
    return Size((((atom,), Fraction(1)),))


def _terms(dim: Dim) -> tuple[tuple[Monomial, Fraction], ...]:
    return dim.terms if isinstance(dim, Size) else (((), Fraction(dim)),)


def _size(terms: Iterable[tuple[Monomial, Fraction]]) -> Dim:
    """The normal form: like monomials added, zeros dropped, a constant as an int."""
    total: dict[Monomial, Fraction] = {}
    for monomial, coefficient in terms:
        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
    kept = {m: c for m, c in total.items() if c}
    if not set(kept) - {()}:
        constant = kept.get((), Fraction(0))
        if constant.denominator != 1:
            raise SizeError(f"{constant} is not a whole number")
        return constant.numerator
    return Size(tuple(sorted(kept.items(), key=lambda t: str([str(a) for a in t[0]]))))


def _unit(monomial: Monomial) -> int:
    """A whole number that divides the monomial for all values."""
    return prod(atom.multiple_of for atom in monomial)


def _floor(dim: Size, divisor: int) -> Dim:
    """Floor division: what divides leaves the floor; the rest stays under it, its constant made as small as may be."""
    if divisor <= 0:
        raise SizeError(f"a size cannot be divided by {divisor}")
    scale = lcm(*(c.denominator for _, c in dim.terms))
    divisor *= scale  # from here all coefficients are whole: (dim * scale) // (divisor * scale)
    whole: list[tuple[Monomial, Fraction]] = []
    rest: list[tuple[Monomial, int]] = []
    constant, step = 0, divisor
    for monomial, coefficient in ((m, int(c * scale)) for m, c in dim.terms):
        if not monomial:
            constant = coefficient
        elif coefficient * _unit(monomial) % divisor == 0:
            whole.append((monomial, Fraction(coefficient, divisor)))
        else:
            out, left = divmod(coefficient, divisor)
            whole.append((monomial, Fraction(out)))
            rest.append((monomial, left))
            step = gcd(step, left * _unit(monomial))
    if not rest:
        return _size([*whole, ((), Fraction(constant // divisor))])
    constant -= constant % step  # all else under the floor is a multiple of step
    out, constant = divmod(constant, divisor)
    return _size([*whole, ((), Fraction(out))]) + _floor_atom(rest, constant, divisor)


def _floor_atom(rest: list[tuple[Monomial, int]], constant: int, divisor: int) -> Dim:
    """`floor((rest + constant) / divisor)`, cancelled; a floor of a floor is one (Knuth, TAOCP 1.2.4, exercise 35)."""
    common = gcd(divisor, constant, *(c for _, c in rest))
    divisor, constant = divisor // common, constant // common
    rest = [(m, c // common) for m, c in rest]
    if len(rest) == 1 and rest[0][1] == 1 and len(rest[0][0]) == 1 and isinstance(inner := rest[0][0][0], Floor):
        return (inner.numerator + constant * inner.divisor) // (inner.divisor * divisor)
    numerator = _size([*((m, Fraction(c)) for m, c in rest), ((), Fraction(constant))])
    assert isinstance(numerator, Size)
    return _of_atom(Floor(numerator, divisor))


def _term_text(monomial: Monomial, coefficient: Fraction) -> str:
    sign = "-" if coefficient < 0 else "+"
    top = abs(coefficient.numerator)
    factors = ([str(top)] if top != 1 or not monomial else []) + [str(atom) for atom in monomial]
    below = f"/{coefficient.denominator}" if coefficient.denominator != 1 else ""
    return f"{sign}{'*'.join(factors)}{below}"
