"""The C++ text of a kernel's config: constants, types and tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import indent, wrap
from typing import Any

import numpy.typing as npt

from accelgen.errors import PrecisionError
from accelgen.ir import FixedType

Integers = npt.NDArray[Any]


def comment(name: str, what: str) -> str:
    """Lines that say what the layer ``name`` of the network is; all but harmless characters become _."""
    text = f"{re.sub('[^A-Za-z0-9 .:/_+-]', '_', name)}: {what}"
    return indent("\n".join(wrap(text, 110)), "    // ") + "\n"


def constants(**values: int | bool) -> str:
    """One static constant for each keyword, in their order: bool, or unsigned."""
    kinds = {name: "bool" if isinstance(value, bool) else "unsigned" for name, value in values.items()}
    return "".join(
        f"    static const {kinds[name]} {name} = {str(value).lower()};\n" for name, value in values.items()
    )


def signed_constants(**values: int) -> str:
    """One static int for each keyword."""
    return "".join(f"    static const int {name} = {value};\n" for name, value in values.items())


def typedef(name: str, kind: FixedType) -> str:
    """A name for a fixed-point type."""
    return f"    typedef {kind.cpp} {name};\n"


def integer_typedef(name: str, low: int, high: int) -> str:
    """A name for the narrowest ap_int, or ap_uint, that holds every integer from ``low`` to ``high``."""
    kind = FixedType.for_range(low, high, 0)
    return f"    typedef {'ap_int' if kind.signed else 'ap_uint'}<{kind.width}> {name};\n"


def template(member: str, name: str) -> str:
    """A name for a struct of namespace accelgen that takes a config."""
    return f"    template <class C> using {member} = accelgen::{name}<C>;\n"


def table(name: str, codes: Iterable[int], partition: str = "complete") -> str:
    """A function ``name`` from an index to its code.

    ``partition`` is that of HLS's ARRAY_PARTITION ("complete", "cyclic factor=4"), empty for one memory.

    Raises:
        PrecisionError: the codes need more than 64 bits.
    """
    numbers = [int(code) for code in codes]
    width = FixedType.for_range(min(-1, *numbers), max(0, *numbers), 0).width
    if width > 64:
        raise PrecisionError(f"constants of {width} bits are too wide for a table; at most 64 are supported")
    if len(set(numbers)) == 1:
        return f"    static ap_int<{width}> {name}(unsigned) {{ return {_literal(numbers[0])}; }}\n"
    pragma = f"        #pragma HLS ARRAY_PARTITION variable=codes {partition}\n" if partition else ""
    return (
        f"    static ap_int<{width}> {name}(unsigned i) {{\n"
        "        #pragma HLS INLINE\n"
        f"        static const accelgen::rom<{width}> codes[{len(numbers)}] = "
        f"{{{', '.join(map(_literal, numbers))}}};\n"
        f"{pragma}"
        "        return codes[i];\n"
        "    }\n"
    )


def function_of_rows(
    name: str, result: str, kind: str, rows: Integers, item: str, at: str, pragmas: Iterable[str]
) -> str:
    """A function ``name(i, {item})`` to a constant from a table of ``rows`` (n, m), of which it reads row i.

    Args:
        name: of the function.
        result: its C++ type.
        kind: the C++ type of the table's numbers.
        rows: codes of up to 32 bits, or words as uint64.
        item: the second argument: what it picks from a row.
        at: C++ of the result, from ``codes[i]``.
        pragmas: of HLS, for the variable ``codes``.
    """
    literal = hex if rows.dtype.kind == "u" else str
    lines = ",\n".join(f"            {{{', '.join(map(literal, row))}}}" for row in rows.tolist())
    return (
        f"    static {result} {name}(unsigned i, unsigned {item}) {{\n"
        "        #pragma HLS INLINE\n"
        f"        static const {kind} codes[{len(rows)}][{rows.shape[1]}] = {{\n{lines}}};\n"
        + "".join(f"        #pragma HLS {pragma}\n" for pragma in pragmas)
        + f"        return {at};\n    }}\n"
    )


def _literal(code: int) -> str:
    return "-9223372036854775807LL - 1" if code == -(1 << 63) else f"{code}LL"
