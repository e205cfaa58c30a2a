"""Reads a plan from YAML: every value is checked, and errors name the file and the entry."""

from __future__ import annotations

import os
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import Any

import yaml

from accelgen.boards import find_board, find_part
from accelgen.campaign.entries import Entries
from accelgen.campaign.plan import (
    MAX_DESIGNS,
    TARGETS,
    Keep,
    Kind,
    Method,
    ModelEntry,
    Plan,
    Recipe,
    ReuseFactors,
    Sampling,
)
from accelgen.choices import number_type
from accelgen.design import IoType, Strategy
from accelgen.design.design import MAX_CLOCK_NS, MAX_FACTOR, MIN_CLOCK_NS
from accelgen.errors import UsageError
from accelgen.ir import FixedType
from accelgen.yaml_text import read_yaml

MAX_BYTES = 4 << 20
"""The longest plan."""

MAX_SIZE = 1 << 16
"""Of a layer of a random network."""

_ENTRIES = (
    *("models", "random_networks", "boards", "parts", "clocks_ns", "io_types", "strategies"),
    *("reuse_factors", "sampling", "target", "time_limit_s", "memory_limit_gb", "retries", "keep"),
)
_MODEL = tuple(entry.name for entry in fields(ModelEntry))
_RECIPE = tuple(entry.name for entry in fields(Recipe))
_SIZES = {"layers": 64, "sizes": MAX_SIZE, "inputs": MAX_SIZE, "kernels": 64, "outputs": MAX_SIZE}
"""The most of each of a recipe's choices."""


def read_plan(path: Path) -> Plan:
    """Read a plan; paths in it are relative to its folder.

    Raises:
        UsageError: the file cannot be read, is no plan, or an entry makes no sense; names both.
    """
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= MAX_BYTES else None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if text is None:
        raise UsageError(f"{path} is too long for a plan ({MAX_BYTES >> 20} MiB)")
    try:
        data = read_yaml(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise UsageError(f"{path} is no YAML: {' '.join(str(error).split())}") from None
    return _plan(Entries.of(data, str(path), _ENTRIES), path.parent)


def _plan(given: Entries, folder: Path) -> Plan:
    models = tuple(_model(value, given, folder) for value in given.items("models"))
    recipes = tuple(
        _recipe(value, f"{given.where}: random_networks {number}")
        for number, value in enumerate(given.items("random_networks"), 1)
    )
    if not models and not recipes:
        raise UsageError(f"{given.where}: give models, random_networks or both")
    boards, parts = given.texts("boards"), given.texts("parts")
    if not boards and not parts:
        raise UsageError(f"{given.where}: give boards or parts; 'accelgen boards' lists the boards")
    try:
        for board in boards:
            find_board(board)
        for part in parts:
            find_part(part)
    except UsageError as error:
        raise UsageError(f"{given.where}: {error}") from None
    memory_gb = given.number("memory_limit_gb")
    return Plan(
        models=models,
        recipes=recipes,
        boards=boards,
        parts=parts,
        clocks_ns=given.numbers("clocks_ns", MIN_CLOCK_NS, MAX_CLOCK_NS),
        io_types=tuple(map(IoType, given.choices("io_types", _names(IoType), IoType.PARALLEL.value))),
        strategies=tuple(map(Strategy, given.choices("strategies", _names(Strategy), Strategy.AUTO.value))),
        reuse_factors=_reuse_factors(given),
        sampling=_sampling(given),
        target=given.choice("target", TARGETS, "csynth"),
        time_limit_s=given.number("time_limit_s"),
        memory_limit_bytes=None if memory_gb is None else int(memory_gb * 1e9),
        retries=given.integer("retries", 0, maximum=100),
        keep=Keep(given.choice("keep", _names(Keep), Keep.REPORTS.value)),
    )


def _names(kind: type[Enum]) -> list[str]:
    return [member.value for member in kind]


def _model(value: Any, given: Entries, folder: Path) -> ModelEntry:
    """A model by its file alone, or with what it leaves open."""
    if isinstance(value, str):
        value = {"file": value}
    own = Entries.of(value, f"{given.where}: models", _MODEL)

    def path(name: str) -> Path | None:
        text = own.text(name)
        if text is None:
            return None
        if not os.path.exists(folder / text):  # noqa: PTH110 - of any text
            raise own.error(name, f"names {folder / text}, which is not there")
        return folder / text

    def kind(name: str) -> FixedType | None:
        try:
            return number_type(own.text(name))
        except UsageError as error:
            raise UsageError(f"{own.where}: {name}: {error}") from None

    if "file" not in own:
        raise UsageError(f"{own.where}: an entry names no file")
    precision, input_precision = kind("precision"), kind("input_precision")
    file = path("file")
    assert file is not None
    return ModelEntry(
        file=file,
        weights=path("weights"),
        name=own.text("name"),
        precision=precision,
        input_precision=input_precision,
        calibration=path("calibration"),
    )


def _recipe(value: Any, where: str) -> Recipe:
    own = Entries.of(value, where, _RECIPE)
    base = Recipe()
    choices = {name: own.integers(name, getattr(base, name), maximum=most) for name, most in _SIZES.items()}
    for name in ("input_bits", "weight_bits", "activation_bits"):
        choices[name] = own.integers(name, getattr(base, name), minimum=2, maximum=24)
    return Recipe(
        kind=Kind(own.choice("kind", _names(Kind), base.kind.value)),
        count=own.integer("count", base.count, minimum=1, maximum=MAX_DESIGNS),
        seed=own.integer("seed", base.seed),
        positions=own.integers("positions", base.positions, minimum=2, maximum=1024),
        **choices,
    )


def _reuse_factors(given: Entries) -> ReuseFactors:
    value = given.values.get("reuse_factors")
    if value == "legal":
        return ReuseFactors(bounds=(1, MAX_FACTOR))
    span = given.span("reuse_factors", value)
    if span is not None:
        if span[0] < 1:
            raise given.error("reuse_factors", f"is {value}; they start at 1")
        return ReuseFactors(bounds=span)
    if isinstance(value, str):
        raise given.error("reuse_factors", f'is {value!r:.40}; write legal, "1..64" or a list')
    return ReuseFactors(given.integers("reuse_factors", (1,), maximum=MAX_FACTOR))


def _sampling(given: Entries) -> Sampling:
    value = given.values.get("sampling")
    if value is None or value == Method.ALL.value:
        return Sampling()
    own = Entries.of(
        {"method": value} if isinstance(value, str) else value,
        f"{given.where}: sampling",
        ("method", "designs", "seed"),
    )
    method = Method(own.choice("method", _names(Method), Method.RANDOM.value))
    if method is not Method.ALL and "designs" not in own:
        raise own.error("designs", "is missing: say how many to take")
    return Sampling(method, own.integer("designs", 0, minimum=1, maximum=MAX_DESIGNS), own.integer("seed", 0))
