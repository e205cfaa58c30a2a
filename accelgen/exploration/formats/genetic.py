"""NSGA-II over assignments of formats, by pymoo.

Deb, Pratap, Agarwal, Meyarivan, "A fast and elitist multiobjective genetic algorithm: NSGA-II" (2002); Blank,
Deb, "pymoo: Multi-Objective Optimization in Python" (2020).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from accelgen.errors import UsageError
from accelgen.exploration.formats.points import Point
from accelgen.exploration.formats.space import Genes

STEPS = 3.0
"""pymoo's eta of polynomial mutation: that small a one reaches other widths than the next too."""
ATTEMPTS = 200
"""To find an assignment near one that is known, which is not."""


class Genetic:
    """Proposes generations of assignments, and learns what became of them.

    Args:
        sizes: how many widths each knob has.
        first: the first generation.
        population: assignments of the others.
        seed: of all random choices.

    Raises:
        UsageError: pymoo is not installed.
    """

    def __init__(self, sizes: Sequence[int], first: Sequence[Genes], population: int, seed: int) -> None:
        try:
            from pymoo.algorithms.moo.nsga2 import NSGA2
            from pymoo.core.problem import Problem
            from pymoo.core.termination import NoTermination
            from pymoo.operators.crossover.ux import UniformCrossover
            from pymoo.operators.mutation.pm import PM
            from pymoo.operators.repair.rounding import RoundingRepair
        except ImportError:
            raise UsageError("--bits needs pymoo: pip install 'accelgen[explore]'") from None
        self._sizes = np.array(sizes)
        self._varied = np.flatnonzero(self._sizes > 1)
        self._random = np.random.default_rng(seed)
        self._problem = Problem(
            n_var=len(self._varied),
            n_obj=2,
            n_ieq_constr=1,
            xl=0,
            xu=self._sizes[self._varied] - 1,
            vtype=int,
        )
        self._algorithm: Any = NSGA2(
            pop_size=population,
            sampling=np.array(first)[:, self._varied],
            crossover=UniformCrossover(),
            mutation=PM(
                prob=1.0, prob_var=1 / len(self._varied), eta=STEPS, vtype=float, repair=RoundingRepair()
            ),
        )
        self._algorithm.setup(self._problem, termination=NoTermination(), seed=seed, verbose=False)

    def ask(self, known: Collection[Genes]) -> list[Genes]:
        """The next generation; what is known already is changed a little until it is not."""
        self._asked = self._algorithm.ask()
        taken: set[Genes] = set()
        proposed: list[Genes] = []
        for row in self._asked.get("X"):
            genes = self._fresh(row, lambda genes: genes in known or genes in taken)
            taken.add(genes)
            proposed.append(genes)
        self._asked.set("X", np.array(proposed)[:, self._varied])
        return proposed

    def tell(self, points: Sequence[Point]) -> None:
        """What became of the generation that was asked for last, in its order.

        Points that miss limits come after all others, by how much they miss them.
        """
        from pymoo.core.evaluator import Evaluator
        from pymoo.problems.static import StaticProblem

        objectives = np.array([(point.loss if point.parts else 0.0, point.cost) for point in points])
        excess = np.array([[point.excess] for point in points])
        Evaluator().eval(StaticProblem(self._problem, F=objectives, G=excess), self._asked)
        self._algorithm.tell(infills=self._asked)

    def _fresh(self, row: npt.NDArray[np.int64], taken: Callable[[Genes], bool]) -> Genes:
        """The assignment of a row of varied knobs, or one near it that is not taken, where one is found."""
        changed = np.zeros(len(self._sizes), np.int64)
        changed[self._varied] = row
        genes = own = _genes(changed)
        for _ in range(ATTEMPTS):
            if not taken(genes):
                return genes
            knob = int(self._random.choice(self._varied))
            step = int(self._random.choice((-1, 1)))
            changed[knob] = np.clip(changed[knob] + step, 0, self._sizes[knob] - 1)
            genes = _genes(changed)
        return own


def _genes(row: npt.NDArray[np.int64]) -> Genes:
    return tuple(map(int, row))


def first_generation(
    sizes: Sequence[int], uniform: Sequence[Genes], population: int, seed: int
) -> list[Genes]:
    """Uniform assignments, and random ones up to a population."""
    random: npt.NDArray[np.int64] = np.random.default_rng(seed).integers(
        np.zeros(len(sizes), np.int64), np.array(sizes), (population, len(sizes))
    )
    rows = map(_genes, random)
    return list(dict.fromkeys([*uniform, *rows]))[: max(population, len(uniform))]
