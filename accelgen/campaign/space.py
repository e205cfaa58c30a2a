"""The designs of a plan: all combinations of its choices, or a sample of them, each legal design once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import product
from math import prod
from pathlib import Path
from random import Random

from accelgen.api import Model, load
from accelgen.campaign.networks import random_network
from accelgen.campaign.plan import MAX_DESIGNS, Method, Plan, Sampling
from accelgen.choices import Choices
from accelgen.design import Design
from accelgen.design.reuse import legalize
from accelgen.errors import DesignError, UsageError
from accelgen.ir import Affine, Network
from accelgen.ir.serialize import to_bytes
from accelgen.replacing import write_whole
from accelgen.sweep import possible_factors

DIGITS = 16
"""Of the hexadecimal digests that name networks and projects."""

DRAWS = 50
"""Random draws for each design that is asked for, after which there are taken to be no more."""

KEPT = 64
"""Networks that are kept in memory."""

Place = tuple[int, ...]
"""A combination: the position in each of `Space.axes`, and that of the reuse factor."""


@dataclass(frozen=True, eq=False)
class Subject:
    """An exact network, with a design that holds what was decided of its numbers."""

    network: Network
    design: Design
    content: bytes

    @cached_property
    def digest(self) -> str:
        """Names the network."""
        return _digest(self.content)


@dataclass(frozen=True)
class Job:
    """A design to be synthesised: the digest of its network, its name, and the legal design as YAML."""

    network: str
    name: str
    design: str

    @property
    def project(self) -> str:
        """Names the project's folder."""
        return _digest(f"{self.network}\n{self.design}".encode())


@dataclass(frozen=True)
class Designs:
    """The designs to synthesise, combinations that no design can have with why not, and equal designs."""

    jobs: tuple[Job, ...]
    refused: tuple[str, ...]
    repeated: int


class Space:
    """All combinations of a plan's choices."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._targets: list[Choices] = [
            *(Choices(board=name) for name in plan.boards),
            *(Choices(part=name) for name in plan.parts),
        ]
        self._random = [(recipe, index) for recipe in plan.recipes for index in range(recipe.count)]
        self._clocks: Sequence[float | None] = plan.clocks_ns or (None,)
        self.axes = (
            len(plan.models) + len(self._random),
            len(self._targets),
            len(self._clocks),
            len(plan.io_types),
            len(plan.strategies),
        )
        self.subject = lru_cache(KEPT)(self._subject)

    def _subject(self, position: int) -> Subject:
        """The network at a position, models first.

        Raises:
            AccelgenError: its model cannot be read, or its numbers not be chosen.
        """
        if position >= len(self._plan.models):
            model = Model(random_network(*self._random[position - len(self._plan.models)]), {})
            network, design = model.designed(part=Design().part)
        else:
            entry = self._plan.models[position]
            network, design = load(entry.file, entry.weights).designed(
                calibration=entry.calibration,
                part=Design().part,
                precision=entry.precision,
                input_precision=entry.input_precision,
            )
            network = network if entry.name is None else replace(network, name=entry.name)
        return Subject(network, design, to_bytes(network))

    def factors(self, position: int) -> Sequence[int]:
        """Reuse factors for the network at a position."""
        given = self._plan.reuse_factors
        if given.bounds is None:
            return given.values
        network: Network = self.subject(position).network
        return possible_factors(network, *given.bounds) or (given.bounds[0],)

    def job(self, place: Place) -> Job:
        """The design of a combination.

        Raises:
            DesignError: there is none.
        """
        position, target, clock, io_type, strategy, factor = place
        subject = self.subject(position)
        asked = replace(
            self._targets[target],
            clock_ns=self._clocks[clock],
            io_type=self._plan.io_types[io_type],
            strategy=self._plan.strategies[strategy],
            reuse_factor=self.factors(position)[factor],
        ).design()
        numbers = subject.design
        design = replace(
            asked,
            precision=numbers.precision,
            input_precision=numbers.input_precision,
            types=numbers.types,
        )
        legal, _ = legalize(subject.network, design)
        if not any(isinstance(node, Affine) for node in subject.network):
            # all layers that heed it have one of their own, and designs that differ in it are equal
            legal = replace(legal, default=replace(legal.default, reuse_factor=1))
        return Job(subject.digest, subject.network.name, legal.to_yaml())

    def places(self, sampling: Sampling) -> Iterator[Place]:
        """Combinations in the order they are to be tried; all, or for ever where they are drawn."""
        if sampling.method is Method.ALL:
            for head in product(*map(range, self.axes)):
                yield from ((*head, factor) for factor in range(len(self.factors(head[0]))))
            return
        random = Random(sampling.seed)
        if sampling.method is Method.RANDOM:
            while True:
                yield self._place([random.random() for _ in range(len(self.axes) + 1)])
        columns = [_strata(random, sampling.designs) for _ in range(len(self.axes) + 1)]
        for point in zip(*columns, strict=True):
            yield self._place(point)

    def _place(self, point: Sequence[float]) -> Place:
        """The combination at a point of the unit cube."""
        head = [int(part * size) for part, size in zip(point, self.axes, strict=False)]
        return (*head, int(point[-1] * len(self.factors(head[0]))))


def _strata(random: Random, count: int) -> list[float]:
    """One number in each of as many equal parts of [0, 1), in random order."""
    order = sorted(range(count), key=lambda _: random.random())
    return [(place + random.random()) / count for place in order]


def find_designs(plan: Plan, folder: Path) -> Designs:
    """The designs of a plan; their networks are written to ``folder``, which exists, by their digests.

    The same plan gives the same designs. Combinations that lead to the same legal design are one.

    Raises:
        UsageError: there is no design, or more than `MAX_DESIGNS`.
        AccelgenError: a model cannot be read, or its numbers not be chosen.
    """
    space = Space(plan)
    sampling = plan.sampling
    wanted = MAX_DESIGNS if sampling.method is Method.ALL else sampling.designs
    if sampling.method is Method.ALL and prod(space.axes) > MAX_DESIGNS:
        raise _too_many()
    jobs: dict[Job, None] = {}
    refused: dict[str, None] = {}
    tried: set[Place] = set()
    repeated = 0
    for count, place in enumerate(space.places(sampling)):
        if sampling.method is Method.RANDOM and (len(jobs) == wanted or count == DRAWS * wanted):
            break
        if place in tried:
            continue
        tried.add(place)
        try:
            job = space.job(place)
        except DesignError as error:
            refused[f"{space.subject(place[0]).network.name}: {error}"] = None
            continue
        if len(jobs) == MAX_DESIGNS and job not in jobs:
            raise _too_many()
        repeated += job in jobs
        if job not in jobs:
            jobs[job] = None
            _write_network(space.subject(place[0]), folder)
    if not jobs:
        raise UsageError(f"no design can have these choices: {next(iter(refused))}")
    return Designs(tuple(jobs), tuple(refused), repeated)


def _too_many() -> UsageError:
    return UsageError(f"the plan has over {MAX_DESIGNS:,} designs; take a sample of them")


def _write_network(subject: Subject, folder: Path) -> None:
    path = folder / f"{subject.digest}.npz"
    if not path.exists():
        write_whole(path, subject.content)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:DIGITS]
