#ifndef ACCELGEN_DMA_H_
#define ACCELGEN_DMA_H_

// What memory and an AXI DMA do for a wrapper, in simulation.

#include "accelgen_bus.h"
#include <cstddef>
#include <cstdint>
#include <vector>

namespace accelgen {

template <int BUS> ap_uint<BUS> word_from(const uint8_t *bytes) {
    ap_uint<BUS> word = 0;
    for (int i = 0; i < BUS / 8; i++)
        word.range(8 * i + 7, 8 * i) = bytes[i];
    return word;
}

template <int BUS> void word_to(const ap_uint<BUS> &word, uint8_t *bytes) {
    for (int i = 0; i < BUS / 8; i++)
        bytes[i] = uint8_t(word.range(8 * i + 7, 8 * i).to_uint());
}

// A transfer to the wrapper; TLAST ends it.
template <int BUS> void send(const uint8_t *bytes, size_t words, hls::stream<ap_axiu<BUS, 0, 0, 0>> &to) {
    for (size_t i = 0; i < words; i++) {
        ap_axiu<BUS, 0, 0, 0> word;
        make_word(word, word_from<BUS>(bytes + i * BUS / 8), i + 1 == words);
        to.write(word);
    }
}

// A transfer from the wrapper. Returns how many words lack or carry TLAST or lack a byte where they must not, each
// missing or left-over word among them.
template <int BUS> size_t receive(hls::stream<ap_axiu<BUS, 0, 0, 0>> &from, size_t words, uint8_t *bytes) {
    size_t faults = 0;
    for (size_t i = 0; i < words; i++) {
        if (from.empty())
            return faults + words - i;
        const ap_axiu<BUS, 0, 0, 0> word = from.read();
        word_to(word.data, bytes + i * BUS / 8);
        const ap_uint<BUS / 8> every = -1;
        faults += bool(word.last) != (i + 1 == words) || word.keep != every || word.strb != every;
    }
    for (; !from.empty(); faults++)
        from.read();
    return faults;
}

template <int BUS> std::vector<ap_uint<BUS>> words_from(const uint8_t *bytes, size_t words) {
    std::vector<ap_uint<BUS>> memory(words);
    for (size_t i = 0; i < words; i++)
        memory[i] = word_from<BUS>(bytes + i * BUS / 8);
    return memory;
}

template <int BUS> void words_to(const std::vector<ap_uint<BUS>> &memory, uint8_t *bytes) {
    for (size_t i = 0; i < memory.size(); i++)
        word_to(memory[i], bytes + i * BUS / 8);
}

} // namespace accelgen

#endif
