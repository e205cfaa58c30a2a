// The network on an Alveo card by XRT, real numbers in, real numbers out:
//   g++ -std=c++17 -O2 -I"$XILINX_XRT/include" xrt.cpp -L"$XILINX_XRT/lib" -lxrt_coreutil -pthread -o network
//   ./network network.xclbin INPUT... OUTPUT...   files of float64, samples x values, one for each input and output

#include "program.hpp"

#include "xrt/xrt_bo.h"
#include "xrt/xrt_device.h"
#include "xrt/xrt_kernel.h"

#include <cstdlib>

namespace {

class Card {
  public:
    Card(unsigned index, const std::string &xclbin, size_t batch)
        : device_(index), kernel_(device_, device_.load_xclbin(xclbin), network::core), batch_(batch), run_(kernel_) {
        for (const accelgen::Port &port : network::inputs)
            add(inputs_, port);
        for (const accelgen::Port &port : network::outputs)
            add(outputs_, port);
    }

    size_t batch() const { return batch_; }
    uint8_t *input(size_t i) { return inputs_[i].map<uint8_t *>(); }
    uint8_t *output(size_t i) { return outputs_[i].map<uint8_t *>(); }

    void run(size_t samples) {
        for (size_t i = 0; i < inputs_.size(); i++)
            inputs_[i].sync(XCL_BO_SYNC_BO_TO_DEVICE, samples * network::inputs[i].sample_bytes, 0);
        run_.set_arg(int(inputs_.size() + outputs_.size()), unsigned(samples));
        run_.start();
        if (run_.wait() != ERT_CMD_STATE_COMPLETED)
            throw std::runtime_error("the kernel did not end as it should; reset the card (xbutil reset)");
        for (size_t i = 0; i < outputs_.size(); i++)
            outputs_[i].sync(XCL_BO_SYNC_BO_FROM_DEVICE, samples * network::outputs[i].sample_bytes, 0);
    }

  private:
    xrt::device device_;
    xrt::kernel kernel_;
    size_t batch_;
    xrt::run run_;
    std::vector<xrt::bo> inputs_, outputs_;

    // Arguments of the kernel are numbered in order, and each has its memory.
    void add(std::vector<xrt::bo> &buffers, const accelgen::Port &port) {
        const int argument = int(inputs_.size() + outputs_.size());
        buffers.emplace_back(device_, batch_ * port.sample_bytes, kernel_.group_id(argument));
        run_.set_arg(argument, buffers.back());
    }
};

} // namespace

int main(int argc, char **argv) {
    try {
        if (argc < 2)
            throw std::invalid_argument("the .xclbin is missing");
        const char *index = std::getenv("XRT_DEVICE"), *batch = std::getenv("BATCH");
        Card card(index ? unsigned(std::stoul(index)) : 0, argv[1], batch ? std::stoul(batch) : 1024);
        accelgen::run_files(card, std::vector<std::string>(argv + 2, argv + argc));
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
}
