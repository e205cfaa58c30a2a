from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from accelgen.design import IoType
from tests.flows.board.projects import Project, compiled, image, mixed

BOARDS = {
    "memory, 8 bits": (mixed, "pynq-z2", IoType.PARALLEL, 8),
    "stream, 32 bits": (mixed, "zcu104", IoType.STREAM, 32),
    "image stream, 64 bits": (image, "zybo-z7-20", IoType.STREAM, 0),
    "image stream, 16 bits": (image, "kv260", IoType.STREAM, 16),
}
CARDS = {"memory of a card, 512 bits": (mixed, "u50", IoType.STREAM, 0)}
"""Networks, boards, io types and words that the drivers are tested with."""


@pytest.fixture(scope="session")
def compile_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Project]:
    @cache
    def project(kind: str) -> Project:
        network, board, io_type, bus_bits = (BOARDS | CARDS)[kind]
        return compiled(network(), tmp_path_factory.mktemp("board") / "project", board, io_type, bus_bits)

    return project


@pytest.fixture(params=[*BOARDS, *CARDS])
def project(request: pytest.FixtureRequest, compile_once: Callable[[str], Project]) -> Project:
    return compile_once(request.param)


@pytest.fixture(params=BOARDS)
def board_project(request: pytest.FixtureRequest, compile_once: Callable[[str], Project]) -> Project:
    return compile_once(request.param)
