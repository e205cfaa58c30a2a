import numpy as np
import pytest

from accelgen.surrogates.rules.memory import hls_rom_18k, vivado_rom_18k


@pytest.mark.parametrize(
    ("depth", "bits", "blocks"),
    [
        (1000, 18, 1),
        (1000, 19, 2),
        (2000, 9, 1),
        (4096, 4, 1),
        (4096, 5, 2),
        (4096, 9, 2),  # a pair of blocks as 4K x 9
        (4096, 12, 3),  # a pair, and a block for 3 bits more
        (4608, 7, 4),
        (4224, 6, 3),
        (10_000, 6, 6),
        (40_000, 1, 4),
        (1000, 0, 0),
    ],
)
def test_vivado_lays_words_over_blocks(depth, bits, blocks):
    assert vivado_rom_18k(np.array([float(depth)]), np.array([float(bits)])).tolist() == [blocks]


@pytest.mark.parametrize(
    ("depth", "bits", "spare", "blocks"),
    [
        (512, 36, 0, 1),
        (512, 37, 0, 2),
        (512, 40, 8, 1),  # four bits are left to LUTs
        (512, 48, 8, 2),
        (1024, 36, 0, 2),
        (1120, 448, 0, 25 + 13),  # 1024 words of 18 bits a block, then 96 of 36
        (128, 4, 0, 0),  # LUTs
    ],
)
def test_hls_reports_blocks_by_thousands_of_words(depth, bits, spare, blocks):
    found = hls_rom_18k(np.array([float(depth)]), np.array([float(bits)]), np.array([float(spare)]))
    assert found.tolist() == [blocks]
