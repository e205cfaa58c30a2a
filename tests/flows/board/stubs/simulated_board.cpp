// The board's C++ driver on registers that are simulated: AXI DMAs as PG021 describes them, and a core with AXI4
// masters as UG1399 does. What moves goes through the compiled wrapper. Using what is not there throws.

#include "program.hpp"
#include "registers.hpp"

#include <map>
#include <memory>

extern "C" size_t accelgen_board_run(const uint8_t *const inputs[], uint8_t *const outputs[], size_t samples);

namespace {

void expect(bool good, const char *what) {
    if (!good)
        throw std::logic_error(what);
}

class Simulated {
  public:
    accelgen::Buffer allocate(size_t bytes) {
        memory_.emplace_back(new Memory{std::vector<uint8_t>(bytes, 0xAA), std::vector<uint8_t>(bytes, 0x55)});
        return accelgen::Buffer{memory_.back()->cached.data(), address_of(memory_.size() - 1), bytes};
    }

    // The cache: without these the other side sees old bytes.
    void flush(const accelgen::Buffer &buffer, size_t bytes) {
        std::memcpy(at(buffer.address).device.data(), at(buffer.address).cached.data(), bytes);
    }
    void invalidate(const accelgen::Buffer &buffer, size_t bytes) {
        std::memcpy(at(buffer.address).cached.data(), at(buffer.address).device.data(), bytes);
    }

    void write(uint64_t address, uint32_t value) {
        expect(address % 4 == 0, "registers are words");
        if (network::is_stream)
            write_dma(address, value);
        else
            write_core(address, value);
    }

    uint32_t read(uint64_t address) {
        const uint32_t value = registers_[address];
        if (!network::is_stream && address == network::address(0))
            registers_[address] = 4; // idle; done is cleared by being read
        return value;
    }

    double seconds() { return now_ += 1e-3; }

  private:
    struct Memory {
        std::vector<uint8_t> cached, device;
    };
    std::vector<std::unique_ptr<Memory>> memory_;
    std::map<uint64_t, uint32_t> registers_;
    double now_ = 0;

    static uint64_t address_of(size_t index) { return 0x120000000 + (uint64_t(index) << 24); }

    Memory &at(uint64_t address) {
        for (size_t i = 0; i < memory_.size(); i++)
            if (address_of(i) == address)
                return *memory_[i];
        throw std::logic_error("an address that nobody allocated");
    }

    uint64_t long_register(uint64_t address) { return registers_.at(address) | uint64_t(registers_.at(address + 4)) << 32; }

    void run(const std::vector<uint64_t> &addresses, size_t samples) {
        const uint8_t *inputs[network::n_inputs];
        uint8_t *outputs[network::n_outputs];
        for (size_t i = 0; i < network::n_inputs; i++) {
            inputs[i] = at(addresses[i]).device.data();
            expect(samples * network::inputs[i].sample_bytes <= at(addresses[i]).device.size(), "beyond a buffer");
        }
        for (size_t i = 0; i < network::n_outputs; i++) {
            Memory &memory = at(addresses[network::n_inputs + i]);
            outputs[i] = memory.device.data();
            expect(samples * network::outputs[i].sample_bytes <= memory.device.size(), "beyond a buffer");
        }
        expect(accelgen_board_run(inputs, outputs, samples) == 0, "TLAST is wrong");
    }

    void write_core(uint64_t address, uint32_t value) {
        const uint64_t core = network::address(0);
        expect(address >= core && address < core + 0x10000, "no register");
        registers_[address] = value;
        if (address != core || !(value & 1))
            return;
        std::vector<uint64_t> addresses;
        for (size_t i = 0; i < network::n_inputs + network::n_outputs; i++)
            addresses.push_back(long_register(core + 0x10 + 12 * i));
        run(addresses, registers_.at(core + 0x10 + 12 * addresses.size()));
        registers_[core] = 2;
    }

    void write_dma(uint64_t address, uint32_t value) {
        const size_t count = network::n_inputs > network::n_outputs ? network::n_inputs : network::n_outputs;
        const uint64_t dma = address / 0x10000 * 0x10000, offset = address - dma;
        expect(dma >= network::address(0) && dma <= network::address(count - 1), "no register");
        const size_t index = size_t((dma - network::address(0)) / 0x10000);
        const bool sends = offset < 0x30;
        expect(sends ? index < network::n_inputs : index < network::n_outputs, "a channel that is not there");
        const uint64_t channel = dma + (sends ? 0 : 0x30);
        registers_[address] = value;
        if (address == channel && value & 4) { // a reset halts both channels
            registers_[dma] = registers_[dma + 0x30] = 0;
            registers_[dma + 4] = registers_[dma + 0x34] = 1;
        } else if (address == channel && value & 1) {
            registers_[channel + 4] &= ~1u;
        } else if (address == channel + 0x28) {
            expect(registers_[channel] & 1, "a length before the channel runs");
            expect(value > 0 && value < 1u << 26, "a length that the register does not hold");
            registers_[channel + 4] &= ~2u; // not idle
            pending_[channel] = value;
            start_if_ready();
        }
    }

    std::map<uint64_t, uint32_t> pending_; // bytes, by channel

    void start_if_ready() {
        if (pending_.size() < network::n_inputs + network::n_outputs)
            return;
        std::vector<uint64_t> addresses;
        const size_t samples = pending_.at(network::address(0)) / network::inputs[0].sample_bytes;
        for (size_t i = 0; i < network::n_inputs; i++) {
            expect(pending_.at(network::address(i)) == samples * network::inputs[i].sample_bytes, "lengths differ");
            addresses.push_back(long_register(network::address(i) + 0x18));
        }
        for (size_t i = 0; i < network::n_outputs; i++) {
            const uint64_t channel = network::address(i) + 0x30;
            expect(pending_.at(channel) == samples * network::outputs[i].sample_bytes, "lengths differ");
            addresses.push_back(long_register(channel + 0x18));
        }
        run(addresses, samples);
        for (const auto &channel : pending_)
            registers_[channel.first + 4] |= 0x1002; // idle, interrupt on complete
        pending_.clear();
    }
};

} // namespace

int main(int argc, char **argv) {
    try {
        Simulated platform;
        accelgen::Board<Simulated> board(platform, 1024);
        accelgen::run_files(board, std::vector<std::string>(argv + 1, argv + argc));
        return 0;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
}
