"""What the generated C++ of an hls4ml project says of its layers: configs, types and data flow.

The text is that of hls4ml's writers, versions 0.8 to 1.3: ``struct configN : nnet::<kind>_config`` in
``parameters.h``, type definitions in ``defines.h``, and one call a layer in the top function's source.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.surrogates.dataset.table import BadRecordError

MAX_LINE = 1000
"""Longer lines are no configs, types or calls of hls4ml's, and would take patterns long to match."""

MAX_CONFIGS = 10_000

_STRUCT = re.compile(r"struct (\w+) : nnet::(\w+)_config \{")
_COMMENT = re.compile(r"//[ \t]*(\S[^\n]*)\n\Z")
_CONSTANT = re.compile(r"static const(?:expr)? [\w:]+ (\w+) = ([^;\n]+);")
_TYPEDEF = re.compile(r"typedef ([^;\n]+?)[ \t]+(\w+);")
_MACRO = re.compile(r"#define (\w+) (\d{1,9})\b")
_CALL = re.compile(r"nnet::(\w+)<([^;\n]*)>\(([^;\n]*)\);")
_NUMBER = re.compile(r"\d{1,15}")


@dataclass(frozen=True)
class Config:
    """A layer's configuration struct: its C++ name, the layer's name, what kind, and its entries."""

    name: str
    layer: str
    kind: str
    constants: Mapping[str, str]
    types: Mapping[str, str]
    macros: Mapping[str, str] = field(default_factory=dict, repr=False)

    def integer(self, *names: str) -> int | None:
        """The first of the constants that is there as a number or the name of one; None otherwise."""
        for name in names:
            text = self.constants.get(name, "")
            text = self.macros.get(text, text)
            if _NUMBER.fullmatch(text):
                return int(text)
        return None

    def count(self, *names: str) -> int:
        """The same, and at least 1; BadRecordError where there is none."""
        value = self.integer(*names)
        if not value:
            raise BadRecordError(f"layer {self.layer!r} has no {' or '.join(names)} in {self.name}")
        return value

    @property
    def number(self) -> str:
        """The layer's number in variables and types: "2" for layer2_t, w2 and config2."""
        return self.name.rpartition("config")[2]


@dataclass(frozen=True)
class Types:
    """The types of ``defines.h``; `bits` is 0 for names that are not there or are no fixed-point type."""

    definitions: Mapping[str, str]

    def fixed(self, name: str) -> FixedType | None:
        """A type by its name, of one element where it is an array."""
        text = self.definitions.get(name, "").removeprefix("nnet::array<")
        integer = re.match(r"ap_(u?)int<(\d{1,4})>", text)
        fixed = re.match(r"ap_u?fixed<[^<>]{1,60}>", text)
        try:
            if integer:
                return FixedType(int(integer[2]), int(integer[2]), not integer[1])
            return FixedType.parse(fixed[0]) if fixed else None
        except UsageError:
            return None

    def bits(self, name: str) -> int:
        """The width of a type."""
        kind = self.fixed(name)
        return 0 if kind is None else kind.width


@dataclass(frozen=True)
class Flow:
    """Where a layer's inputs come from, and the names of its types.

    ``inputs`` names the configs of the layers before it; ``types`` the C++ types that its call is
    instantiated with, the config last.
    """

    inputs: tuple[str, ...]
    types: tuple[str, ...]


def read_configs(parameters: str, defines: str) -> tuple[list[Config], dict[str, Config]]:
    """The layers' structs in order, and by name those that only another struct uses.

    Raises:
        BadRecordError: there are none, or more than any network has.
    """
    macros = dict(_MACRO.findall(_short_lines(defines)))
    text = _short_lines(parameters)
    heads = list(_STRUCT.finditer(text))
    if not 0 < len(heads) <= MAX_CONFIGS:
        raise BadRecordError(f"parameters.h holds {len(heads):,} layers, not 1 to {MAX_CONFIGS:,}")
    found: list[Config] = []
    named: set[str] = set()
    for number, head in enumerate(heads):
        before = text[heads[number - 1].end() if number else 0 : head.start()]
        body = text[head.end() : heads[number + 1].start() if number + 1 < len(heads) else len(text)]
        members = body.partition("\n};")[0]
        comment = _COMMENT.search(before[-MAX_LINE:])
        layer = comment[1].strip() if comment else head[1]
        if layer in named:
            layer = head[1]
        named.add(layer)
        constants = dict(_CONSTANT.findall(members))
        found.append(Config(head[1], layer, head[2], constants, _aliases(members), macros))
    used = {kind for config in found for kind in config.types.values()}
    helpers = {config.name: config for config in found if config.name in used}
    return [config for config in found if config.name not in used], helpers


def read_types(defines: str) -> Types:
    """The types that ``defines.h`` defines."""
    return Types(_aliases(_short_lines(defines)))


def _short_lines(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if len(line) <= MAX_LINE)


def _aliases(text: str) -> dict[str, str]:
    return {name: definition for definition, name in _TYPEDEF.findall(text)}


def read_flow(source: str, configs: list[Config]) -> dict[str, Flow]:
    """The data flow that the calls in the top function's source describe.

    Functions without a layer's config (copies of streams) hand their input on.
    """
    known = {config.name for config in configs}
    producer: dict[str, str | None] = {}
    flow: dict[str, Flow] = {}
    for _, template, arguments in _CALL.findall(_short_lines(source)):
        types = tuple(part.strip() for part in _split(template))
        variables = [part.strip() for part in _split(arguments)]
        if not variables or not types:
            continue
        before = [name for name in variables if name in producer] or variables[:1]
        sources = [producer.get(name) for name in before]
        own = types[-1] if types[-1] in known else None
        for name in variables:
            if name not in before:
                producer[name] = own or sources[0]
        if own is not None:
            flow[own] = Flow(tuple(name for name in sources if name is not None), types)
    return flow


def chain(configs: list[Config]) -> dict[str, Flow]:
    """The data flow where no source says it: each layer after the one before it."""
    flow = {configs[0].name: Flow((), ())} if configs else {}
    return flow | {after.name: Flow((before.name,), ()) for before, after in pairwise(configs)}


def _split(text: str) -> list[str]:
    """The parts between commas that no angle bracket encloses."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character == "<") - (character == ">")
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]
