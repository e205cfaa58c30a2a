#ifndef ACCELGEN_PROGRAM_HPP_
#define ACCELGEN_PROGRAM_HPP_

// What a program does with a device that runs the network. A device has
//   uint8_t *input(size_t i), *output(size_t i)    memory of whole batches
//   size_t batch()                                 samples of a batch
//   void run(size_t samples)                       the network, from that memory to that memory

#include "network.hpp"

#include <chrono>
#include <cstdio>
#include <fstream>
#include <vector>

namespace accelgen {

typedef std::vector<std::vector<double>> Arrays; // of each port, samples x values

// Every output for every input, in batches; `seconds` gets what the device took for them.
template <class Device> Arrays predict(Device &device, const Arrays &inputs, double &seconds) {
    const size_t samples = inputs[0].size() / network::inputs[0].values;
    for (size_t i = 0; i < network::n_inputs; i++)
        if (inputs[i].size() != samples * network::inputs[i].values)
            throw std::invalid_argument(std::string(network::inputs[i].name) + ": not " + std::to_string(samples) +
                                        " samples of " + std::to_string(network::inputs[i].values) + " values");
    Arrays outputs;
    for (size_t i = 0; i < network::n_outputs; i++)
        outputs.emplace_back(samples * network::outputs[i].values);
    seconds = 0;
    for (size_t first = 0; first < samples; first += device.batch()) {
        const size_t count = samples - first < device.batch() ? samples - first : device.batch();
        for (size_t i = 0; i < network::n_inputs; i++) {
            const Port &port = network::inputs[i];
            pack(port, inputs[i].data() + first * port.values, count, device.input(i));
        }
        const auto start = std::chrono::steady_clock::now();
        device.run(count);
        seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        for (size_t i = 0; i < network::n_outputs; i++) {
            const Port &port = network::outputs[i];
            unpack(port, device.output(i), count, outputs[i].data() + first * port.values);
        }
    }
    return outputs;
}

inline std::vector<double> read_doubles(const std::string &path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file)
        throw std::runtime_error(path + " cannot be read");
    std::vector<double> values(size_t(file.tellg()) / sizeof(double));
    file.seekg(0);
    file.read(reinterpret_cast<char *>(values.data()), std::streamsize(values.size() * sizeof(double)));
    return values;
}

inline void write_doubles(const std::string &path, const std::vector<double> &values) {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char *>(values.data()), std::streamsize(values.size() * sizeof(double)));
    if (!file.flush())
        throw std::runtime_error(path + " cannot be written");
}

// The program: files of float64, one for each input, then one for each output.
template <class Device> void run_files(Device &device, const std::vector<std::string> &paths) {
    if (paths.size() != network::n_inputs + network::n_outputs)
        throw std::invalid_argument(std::to_string(network::n_inputs) + " files of inputs and " +
                                    std::to_string(network::n_outputs) + " of outputs are needed, float64 each");
    Arrays inputs;
    for (size_t i = 0; i < network::n_inputs; i++)
        inputs.push_back(read_doubles(paths[i]));
    double seconds = 0;
    const Arrays outputs = predict(device, inputs, seconds);
    for (size_t i = 0; i < network::n_outputs; i++)
        write_doubles(paths[network::n_inputs + i], outputs[i]);

    const size_t samples = inputs[0].size() / network::inputs[0].values;
    if (!samples)
        return;
    const auto start = std::chrono::steady_clock::now();
    device.run(1);
    const std::chrono::duration<double> latency = std::chrono::steady_clock::now() - start;
    std::printf("%zu samples, latency %.1f us, %.0f samples a second from memory to memory\n", samples,
                1e6 * latency.count(), double(samples) / seconds);
}

} // namespace accelgen

#endif
