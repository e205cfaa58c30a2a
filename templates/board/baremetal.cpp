// The network on the board without an operating system, for an application of Vitis on the platform of the .xsa:
// runs zeros through it and prints what comes out. Replace main by what the application is for.

#include "registers.hpp"

#include "xil_cache.h"
#include "xil_io.h"
#include "xtime_l.h"

#include <cstdio>

namespace {

const size_t BATCH = 16;

size_t memory_bytes() {
    size_t bytes = 0;
    for (const accelgen::Port &port : network::inputs)
        bytes += BATCH * port.sample_bytes + 4096;
    for (const accelgen::Port &port : network::outputs)
        bytes += BATCH * port.sample_bytes + 4096;
    return bytes;
}

// Addresses are physical ones, and the cache is in between.
class BareMetal {
  public:
    BareMetal() : memory_(memory_bytes()) {}

    void write(uint64_t address, uint32_t value) { Xil_Out32(UINTPTR(address), value); }
    uint32_t read(uint64_t address) { return Xil_In32(UINTPTR(address)); }

    // Aligned as no AXI burst crosses 4 KB, which keeps a cache line from being shared too.
    accelgen::Buffer allocate(size_t bytes) {
        const UINTPTR start = (UINTPTR(memory_.data()) + used_ + 4095) / 4096 * 4096;
        used_ = start + bytes - UINTPTR(memory_.data());
        return accelgen::Buffer{reinterpret_cast<uint8_t *>(start), start, bytes};
    }

    void flush(const accelgen::Buffer &buffer) { Xil_DCacheFlushRange(INTPTR(buffer.data), buffer.bytes); }
    void invalidate(const accelgen::Buffer &buffer) { Xil_DCacheInvalidateRange(INTPTR(buffer.data), buffer.bytes); }

    double seconds() {
        XTime now;
        XTime_GetTime(&now);
        return double(now) / COUNTS_PER_SECOND;
    }

  private:
    std::vector<uint8_t> memory_;
    size_t used_ = 0;
};

} // namespace

int main() {
    BareMetal platform;
    accelgen::Board<BareMetal> board(platform, BATCH);
    for (size_t i = 0; i < network::n_inputs; i++) {
        const std::vector<double> zeros(network::inputs[i].values);
        accelgen::pack(network::inputs[i], zeros.data(), 1, board.input(i));
    }
    const double start = platform.seconds();
    board.run(1);
    std::printf("%s: %.1f us\n", network::name, 1e6 * (platform.seconds() - start));
    for (size_t i = 0; i < network::n_outputs; i++) {
        std::vector<double> values(network::outputs[i].values);
        accelgen::unpack(network::outputs[i], board.output(i), 1, values.data());
        for (double value : values)
            std::printf("%s %g\n", network::outputs[i].name, value);
    }
    return 0;
}
