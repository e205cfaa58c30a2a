"""The C++ text of a kernel's config: constants, types and tables."""

from __future__ import annotations

from collections.abc import Iterable

from accelgen.errors import PrecisionError
from accelgen.ir import FixedType


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


def _literal(code: int) -> str:
    return "-9223372036854775807LL - 1" if code == -(1 << 63) else f"{code}LL"
