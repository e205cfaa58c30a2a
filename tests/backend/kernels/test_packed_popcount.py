"""The popcount that synthesis sees against the one that simulation takes, and against a loop over bits."""

from __future__ import annotations

import ctypes
from pathlib import Path

from tests.backend.kernels.packed_harness import compile_cpp, copy_headers

WIDTHS = (*range(1, 20), *range(20, 300, 13), 63, 64, 65, 127, 128, 129, 192, 256, 257, 300, 576, 1024)

_CPP = """
#include "accelgen_popcount.h"

static unsigned long long state = 1;

static unsigned draw() {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return state >> 33;
}

template <int N> int wrong_counts() {
    int wrong = 0;
    for (int sample = 0; sample < 16; sample++) {
        ap_uint<N> x = 0;
        int ones = 0;
        for (int i = 0; i < N; i++) {
            const bool bit = sample == 0 || (sample > 1 && draw() % sample == 0);
            x[i] = bit;
            ones += bit;
        }
        wrong += accelgen::compressor<N>::count(x) != ones;
        wrong += int(accelgen::popcount(x)) != ones;
    }
    return wrong;
}
"""


def test_popcount(tmp_path: Path) -> None:
    copy_headers(["accelgen_popcount.h"], tmp_path)
    source, library = tmp_path / "popcount.cpp", tmp_path / "popcount.so"
    calls = "".join(
        f'extern "C" int width{width}() {{ return wrong_counts<{width}>(); }}\n' for width in WIDTHS
    )
    source.write_text(_CPP + calls)
    compile_cpp(source, "-std=c++11", "-shared", "-fPIC", "-o", str(library))
    loaded = ctypes.CDLL(str(library))
    assert {width: getattr(loaded, f"width{width}")() for width in WIDTHS} == dict.fromkeys(WIDTHS, 0)
