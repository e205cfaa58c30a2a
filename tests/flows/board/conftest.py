from __future__ import annotations

import pytest

from accelgen.design import IoType
from tests.flows.board.projects import Project, compiled, image, mixed

KINDS = {
    "memory, 8 bits": (mixed, "pynq-z2", IoType.PARALLEL, 8),
    "stream, 32 bits": (mixed, "zcu104", IoType.STREAM, 32),
    "image stream, 64 bits": (image, "zybo-z7-20", IoType.STREAM, 0),
    "image stream, 16 bits": (image, "kv260", IoType.STREAM, 16),
    "memory of a card, 512 bits": (mixed, "u50", IoType.STREAM, 0),
}
"""Networks, boards, io types and words that the drivers are tested with."""


@pytest.fixture(scope="session", params=KINDS)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Project:
    network, board, io_type, bus_bits = KINDS[request.param]
    return compiled(network(), tmp_path_factory.mktemp("board") / "project", board, io_type, bus_bits)
