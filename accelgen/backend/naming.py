"""C++-safe identifiers for the names of a model's layers."""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_LENGTH = 40

_PREFIX = "n"
"""Set before names that start with no letter; one letter, as no keyword or hls4ml name gets longer by it."""

_RESERVED_PREFIXES = ("config", "layer", "nnet", "ap_", "hls", "std", "in_", "input", "accelgen", "step")
"""What hls4ml and the lowering build their own identifiers from."""

_KEYWORDS = """
    alignas alignof and and_eq asm atomic_cancel atomic_commit atomic_noexcept auto bitand bitor bool
    break case catch char char8_t char16_t char32_t class compl concept const consteval constexpr
    constinit const_cast continue co_await co_return co_yield decltype default delete do double
    dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable
    namespace new noexcept not not_eq nullptr operator or or_eq private protected public register
    reinterpret_cast requires return short signed sizeof static static_assert static_cast struct switch
    synchronized template this thread_local throw true try typedef typeid typename union unsigned using
    virtual void volatile wchar_t while xor xor_eq main
"""
"""The keywords of C++ up to C++23 (cppreference.com), and main."""


def safe_name(name: str) -> str:
    """A lower-case C++ identifier that resembles ``name`` and collides with nothing that hls4ml writes."""
    cleaned = re.sub(r"[^a-z0-9]+", "_", name.lower())[:MAX_LENGTH].strip("_")
    if not cleaned or not cleaned[0].isalpha():
        cleaned = _PREFIX + cleaned
    if cleaned in _KEYWORDS.split() or cleaned.startswith(_RESERVED_PREFIXES):
        cleaned = _PREFIX + "_" + cleaned
    return cleaned


def safe_names(names: Iterable[str]) -> dict[str, str]:
    """A distinct `safe_name` for every name, whatever case or characters tell them apart."""
    taken: set[str] = set()
    safe: dict[str, str] = {}
    for name in names:
        base = candidate = safe_name(name)
        count = 1
        while candidate in taken:
            count += 1
            candidate = f"{base}_{count}"
        taken.add(candidate)
        safe[name] = candidate
    return safe
