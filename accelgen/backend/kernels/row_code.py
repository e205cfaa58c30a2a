"""The C++ text of a row program: a function that computes all rows, with a variable for each shared sum."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import fill

from accelgen.design.row_program import BIT, Range, RowProgram, Value
from accelgen.ir import FixedType

FEW = 2
"""As many operands are written as an expression; more are summed by a function."""

NARROW = 4
"""Values of so few bits are summed bit by bit, wider ones by adders with carry chains."""

_INDENT = " " * 8


def rows_function(program: RowProgram, inputs: Range = BIT, before: RowProgram | None = None) -> str:
    """A function ``rows(x, y)`` that sets ``y[c]`` to row c of inputs ``x``: a member of a kernel's config.

    Args:
        program: what it computes.
        inputs: the range of the inputs, on which the types of the sums depend: bits, or an ``ap_int``'s.
        before: each row by itself, to say in a comment what the program spares.
    """
    names = _names(program)
    ranges = program.ranges(inputs)
    lines = [f"// {_summary(program, before)}"] if program.values else []
    for value, name, limits in zip(program.values, names, ranges, strict=True):
        kind = f"accelgen::integer<{_width(limits)}>"
        tables, terms = _input_terms(value, name, kind)
        more_tables, more_terms = _value_terms(value, name, kind, names, ranges)
        lines += tables + more_tables
        lines.append(f"const {kind} {name} = {' + '.join(terms + more_terms).replace('+ -', '- ')};")
    lines += [
        f"y[{c}] = {'0' if index < 0 else _term(names[index], factor)};"
        for c, (index, factor) in enumerate(program.rows)
    ]
    body = "".join(f"{_wrap(line)}\n" for line in lines)
    x = "x" if program.values else ""
    return (
        f"    template <class X, class T> ACCELGEN_AS_WRITTEN static void rows(const X &{x}, T *y) {{\n"
        f"{_INDENT}#pragma HLS INLINE\n"
        f"{body}"
        "    }\n"
    )


def _summary(program: RowProgram, before: RowProgram | None) -> str:
    text = f"{program.additions:,} additions, {program.depth} after one another"
    if before is None or before == program:
        return text
    return f"{text}; {before.additions:,} and {before.depth} where rows share nothing"


def _names(program: RowProgram) -> list[str]:
    """Values that are rows, up to a factor, by the first of them; the others by their number."""
    names = [f"sum{number}" for number in range(len(program.values))]
    for row, (index, _) in reversed(list(enumerate(program.rows))):
        if index >= 0:
            names[index] = f"row{row}"
    return names


def _input_terms(value: Value, name: str, kind: str) -> tuple[list[str], list[str]]:
    """Tables that a value's sums of inputs need, and the sums."""
    tables: list[str] = []
    terms: list[str] = []
    for magnitude, (plus, minus) in value.groups.items():
        if len(plus) + len(minus) <= FEW:
            terms += [_term(f"x[{index}]", magnitude) for index in plus]
            terms += [_term(f"x[{index}]", -magnitude) for index in minus]
            continue
        table = f"{name}_inputs" if len(value.groups) == 1 else f"{name}_inputs{magnitude}"
        tables.append(f"static const unsigned short {table}[] = {_list(map(str, plus + minus))};")
        terms.append(_term(f"accelgen::signed_sum<{kind}, {len(plus)}, {len(minus)}>(x, {table})", magnitude))
    return tables, terms


def _value_terms(
    value: Value, name: str, kind: str, names: list[str], ranges: list[Range]
) -> tuple[list[str], list[str]]:
    """Tables that a value's sums of other values need, and the sums: many of the same width are one."""
    alike: dict[tuple[int, bool], list[tuple[int, int]]] = {}
    tables: list[str] = []
    terms: list[str] = []
    for index, coefficient in sorted(value.values, key=lambda term: (-term[1], term[0])):
        signed = ranges[index][0] < 0
        if abs(coefficient) == 1:
            bits = _width(ranges[index]) - (not signed)
            alike.setdefault((bits, signed), []).append((index, coefficient))
        else:
            terms.append(_term(names[index], coefficient))
    for (bits, signed), summed in alike.items():
        if len(summed) <= FEW or bits > NARROW:
            terms += [_term(names[index], coefficient) for index, coefficient in summed]
            continue
        table = f"{name}_{'signed' if signed else 'unsigned'}{bits}"
        items = _list(names[index] for index, _ in summed)
        n_plus = sum(coefficient > 0 for _, coefficient in summed)
        shape = f"{bits}, {str(signed).lower()}, {n_plus}, {len(summed) - n_plus}"
        tables += [
            f"const accelgen::integer<{bits + (not signed)}> {table}[] = {items};",
            f"#pragma HLS ARRAY_PARTITION variable={table} complete",
        ]
        terms.append(f"accelgen::narrow_sum<{kind}, {shape}>({table})")
    return tables, terms


def _term(text: str, coefficient: int) -> str:
    sign, magnitude = "-" * (coefficient < 0), abs(coefficient)
    return f"{sign}{text}" if magnitude == 1 else f"{sign}{magnitude} * {text}"


def _list(items: Iterable[str]) -> str:
    return f"{{{', '.join(items)}}}"


def _width(limits: Range) -> int:
    """Bits of the ap_int that holds every integer in a range."""
    return FixedType.for_range(min(-1, limits[0]), limits[1], 0).width


def _wrap(line: str) -> str:
    if line.startswith("#"):
        return _INDENT + line
    return fill(
        line,
        110,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT + " " * 4,
        break_on_hyphens=False,
        break_long_words=False,
    )
