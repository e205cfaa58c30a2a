// The wrapper as one translation unit behind a C interface, with a memory and a DMA around it:
//   g++ -std=c++14 -O1 -shared -fPIC -Ifirmware -Ifirmware/ap_types -Iboard/sim -Iboard board/simulation.cpp
// The buffers hold whole samples as driver/packing.py packs them. Returns the number of words that lack or carry
// TLAST where they must not.

#include "../firmware/@{top}.cpp"

#include "@{core}.cpp"
#include "accelgen_dma.h"

extern "C" size_t accelgen_board_run(const uint8_t *const inputs[], uint8_t *const outputs[], size_t samples) {
    using namespace accelgen;
    size_t faults = 0;
@{body}    return faults;
}
