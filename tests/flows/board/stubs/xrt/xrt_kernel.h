#pragma once

#include "network.hpp"
#include "xrt/xrt_bo.h"

#include <map>

extern "C" size_t accelgen_board_run(const uint8_t *const inputs[], uint8_t *const outputs[], size_t samples);

enum ert_cmd_state { ERT_CMD_STATE_COMPLETED = 4, ERT_CMD_STATE_ERROR = 5 };

namespace xrt {

class kernel {
  public:
    kernel(const device &, const uuid &, const std::string &name) {
        if (name != network::core)
            throw std::runtime_error("no kernel " + name);
    }
    int group_id(int argument) const { return argument; }
};

class run {
  public:
    explicit run(const kernel &) {}
    void set_arg(int index, const bo &buffer) { buffers_[index] = buffer.card(); }
    void set_arg(int index, unsigned value) { scalars_[index] = value; }
    void start() {
        const uint8_t *inputs[network::n_inputs];
        uint8_t *outputs[network::n_outputs];
        for (size_t i = 0; i < network::n_inputs; i++)
            inputs[i] = buffers_.at(int(i));
        for (size_t i = 0; i < network::n_outputs; i++)
            outputs[i] = buffers_.at(int(network::n_inputs + i));
        faults_ = accelgen_board_run(inputs, outputs, scalars_.at(int(network::n_inputs + network::n_outputs)));
    }
    ert_cmd_state wait() { return faults_ ? ERT_CMD_STATE_ERROR : ERT_CMD_STATE_COMPLETED; }

  private:
    std::map<int, uint8_t *> buffers_;
    std::map<int, unsigned> scalars_;
    size_t faults_ = 0;
};

} // namespace xrt
