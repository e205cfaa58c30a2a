// The network on the board without an operating system, for an application of Vitis on the platform of the .xsa:
// runs zeros through it and prints what comes out. Replace main by what the application is for.

#include "registers.hpp"

#include "xil_cache.h"
#include "xil_io.h"
#include "xtime_l.h"

#include <cstdio>

namespace {

constexpr size_t BATCH = 16;

// Each buffer begins where no cache line of another ends, and as no AXI burst crosses 4 KB.
constexpr size_t PAGE = 4096;

constexpr size_t pages(const accelgen::Port &port) { return (BATCH * port.sample_bytes + PAGE - 1) / PAGE; }

constexpr size_t all_pages() {
    size_t count = 0;
    for (const accelgen::Port &port : network::inputs)
        count += pages(port);
    for (const accelgen::Port &port : network::outputs)
        count += pages(port);
    return count;
}

constexpr size_t most_values() {
    size_t most = 0;
    for (const accelgen::Port &port : network::inputs)
        most = most > port.values ? most : port.values;
    for (const accelgen::Port &port : network::outputs)
        most = most > port.values ? most : port.values;
    return most;
}

// Not on the heap and the stack, which have some KB unless the linker script says more.
alignas(PAGE) uint8_t memory[all_pages() * PAGE];
double values[most_values()];

// Addresses are physical ones, and the cache is in between.
class BareMetal {
  public:
    void write(uint64_t address, uint32_t value) { Xil_Out32(UINTPTR(address), value); }
    uint32_t read(uint64_t address) { return Xil_In32(UINTPTR(address)); }

    accelgen::Buffer allocate(size_t bytes) {
        uint8_t *start = memory + used_;
        used_ += (bytes + PAGE - 1) / PAGE * PAGE;
        return accelgen::Buffer{start, UINTPTR(start), bytes};
    }

    // Both end with a barrier.
    void flush(const accelgen::Buffer &buffer, size_t bytes) { Xil_DCacheFlushRange(INTPTR(buffer.data), bytes); }
    void invalidate(const accelgen::Buffer &buffer, size_t bytes) {
        Xil_DCacheInvalidateRange(INTPTR(buffer.data), bytes);
    }

    double seconds() {
        XTime now;
        XTime_GetTime(&now);
        return double(now) / COUNTS_PER_SECOND;
    }

  private:
    size_t used_ = 0;
};

} // namespace

int main() {
    BareMetal platform;
    accelgen::Board<BareMetal> board(platform, BATCH);
    for (size_t i = 0; i < network::n_inputs; i++)
        accelgen::pack(network::inputs[i], values, 1, board.input(i));
    const double start = platform.seconds();
    board.run(1);
    std::printf("%s: %.1f us\n", network::name, 1e6 * (platform.seconds() - start));
    for (size_t i = 0; i < network::n_outputs; i++) {
        accelgen::unpack(network::outputs[i], board.output(i), 1, values);
        for (size_t j = 0; j < network::outputs[i].values; j++)
            std::printf("%s %g\n", network::outputs[i].name, values[j]);
    }
    return 0;
}
