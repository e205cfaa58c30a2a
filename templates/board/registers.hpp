#ifndef ACCELGEN_REGISTERS_HPP_
#define ACCELGEN_REGISTERS_HPP_

// The board's device: the block design's cores, driven through their registers. What reads and writes these is a
// platform:
//   void write(uint64_t address, uint32_t value), uint32_t read(uint64_t address)
//   Buffer allocate(size_t bytes)                  memory that the programmable logic reaches
//   void flush(const Buffer &, size_t bytes)       what was written becomes visible there, before any register after it
//   void invalidate(const Buffer &, size_t bytes)  what came from there is read anew, after any register before it
//   double seconds()
// `bytes` are the first of a buffer, as only those of a batch's samples count.

#include "network.hpp"

#include <vector>

namespace accelgen {

struct Buffer {
    uint8_t *data;
    uint64_t address; // that the programmable logic uses
    size_t bytes;
};

template <class Platform> class Board {
  public:
    Board(Platform &platform, size_t batch) : platform_(platform), batch_(batch) {
        for (const Port &port : network::inputs)
            limit(port);
        for (const Port &port : network::outputs)
            limit(port);
        for (const Port &port : network::inputs)
            inputs_.push_back(platform.allocate(batch_ * port.sample_bytes));
        for (const Port &port : network::outputs)
            outputs_.push_back(platform.allocate(batch_ * port.sample_bytes));
        for (size_t i = 0; network::is_stream && i < dmas(); i++) {
            const uint64_t channel = network::address(i) + (i < network::n_inputs ? MM2S : S2MM);
            platform_.write(channel + CONTROL, RESET); // resets both channels
            wait(channel + CONTROL, RESET, 0);
        }
    }

    size_t batch() const { return batch_; }
    uint8_t *input(size_t i) { return inputs_[i].data; }
    uint8_t *output(size_t i) { return outputs_[i].data; }

    // The network on the first samples of the inputs' memory. Throws std::runtime_error where it does not answer.
    void run(size_t samples) {
        for (size_t i = 0; i < inputs_.size(); i++)
            platform_.flush(inputs_[i], samples * network::inputs[i].sample_bytes);
        if (network::is_stream)
            transfer(samples);
        else
            start(samples);
        for (size_t i = 0; i < outputs_.size(); i++)
            platform_.invalidate(outputs_[i], samples * network::outputs[i].sample_bytes);
    }

  private:
    // Registers of an AXI DMA without scatter and gather (AMD PG021), of a channel at MM2S or S2MM.
    enum : uint32_t { MM2S = 0x00, S2MM = 0x30, CONTROL = 0x00, STATUS = 0x04, ADDRESS = 0x18, LENGTH = 0x28 };
    enum : uint32_t { RUN = 1, RESET = 4 };            // CONTROL
    enum : uint32_t { IDLE = 2, ERRORS = 0x70 };       // STATUS
    enum : uint32_t { START = 1, DONE = 2 };           // the core's register at 0 (AMD UG1399)
    enum : size_t { MAX_TRANSFER = (1u << 26) - 1 };   // as the block design configures the DMAs

    Platform &platform_;
    size_t batch_;
    std::vector<Buffer> inputs_, outputs_;

    static size_t dmas() { return network::n_inputs > network::n_outputs ? network::n_inputs : network::n_outputs; }

    void limit(const Port &port) {
        const size_t most = MAX_TRANSFER / port.sample_bytes;
        batch_ = batch_ < most ? batch_ : most;
    }

    // The value of a register once the bits are as expected.
    uint32_t wait(uint64_t address, uint32_t bits, uint32_t expected) {
        const double limit = platform_.seconds() + 10;
        for (;;) {
            const uint32_t value = platform_.read(address);
            if ((value & bits) == expected)
                return value;
            if (platform_.seconds() > limit)
                throw std::runtime_error("the network did not end within 10 s; load the bitstream again");
        }
    }

    void write_address(uint64_t address, uint64_t value) {
        platform_.write(address, uint32_t(value));
        platform_.write(address + 4, uint32_t(value >> 32));
    }

    void begin(uint64_t channel, const Buffer &buffer, size_t bytes) {
        platform_.write(channel + CONTROL, RUN);
        write_address(channel + ADDRESS, buffer.address);
        platform_.write(channel + LENGTH, uint32_t(bytes)); // which starts it
    }

    void end(uint64_t channel) {
        if (wait(channel + STATUS, IDLE, IDLE) & ERRORS)
            throw std::runtime_error("a DMA met an error on the bus; is its memory where the network can reach it?");
    }

    // The outputs first: what comes out needs a place to go.
    void transfer(size_t samples) {
        for (size_t i = 0; i < network::n_outputs; i++)
            begin(network::address(i) + S2MM, outputs_[i], samples * network::outputs[i].sample_bytes);
        for (size_t i = 0; i < network::n_inputs; i++)
            begin(network::address(i) + MM2S, inputs_[i], samples * network::inputs[i].sample_bytes);
        for (size_t i = 0; i < network::n_inputs; i++)
            end(network::address(i) + MM2S);
        for (size_t i = 0; i < network::n_outputs; i++)
            end(network::address(i) + S2MM);
    }

    void start(size_t samples) {
        const uint64_t core = network::address(0);
        size_t port = 0;
        for (const Buffer &buffer : inputs_)
            write_address(core + network::address_register(port++), buffer.address);
        for (const Buffer &buffer : outputs_)
            write_address(core + network::address_register(port++), buffer.address);
        platform_.write(core + network::samples_register, uint32_t(samples));
        platform_.write(core, START);
        wait(core, DONE, DONE);
    }
};

} // namespace accelgen

#endif
