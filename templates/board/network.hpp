#ifndef ACCELGEN_NETWORK_HPP_
#define ACCELGEN_NETWORK_HPP_

// What the drivers have to know of the network and the system around it; written by accelgen.

#include "accelgen.hpp"

namespace network {

const char *const name = @{network};
const char *const core = "@{core}";
const bool is_stream = @{is_stream}; // an AXI DMA for each input and output, instead of masters of the core itself

constexpr size_t n_inputs = @{n_inputs};
constexpr size_t n_outputs = @{n_outputs};
constexpr accelgen::Port inputs[n_inputs] = {
@{inputs}};
constexpr accelgen::Port outputs[n_outputs] = {
@{outputs}};

// The block design's AXI4-Lite slaves: each DMA, or the core.
inline uint64_t address(size_t i) { return @{base} + @{slave_stride} * uint64_t(i); }

// The core's registers: addresses of inputs and outputs in order, and the number of samples.
inline uint32_t address_register(size_t port) { return uint32_t(@{first_register} + @{register_stride} * port); }
const uint32_t samples_register = @{samples_register};

} // namespace network

#endif
