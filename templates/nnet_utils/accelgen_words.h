#ifndef ACCELGEN_WORDS_H_
#define ACCELGEN_WORDS_H_

// Numbers as integer codes, for whatever drives a simulation: a code is the raw bits of an ap_fixed, sign
// extended to whole 64-bit words, the lowest word first.

#include "ap_fixed.h"
#include "ap_int.h"
#include "hls_stream.h"
#include <cstddef>
#include <cstdint>

namespace accelgen {

template <class T> constexpr size_t words_of() { return (T::width + 63) / 64; }

// The words of ap_private, which is V in simulation: ranges of bits take ten times longer to compile.
template <class T> void load(const uint64_t *words, T *values, size_t size) {
    for (size_t i = 0; i < size; i++) {
        for (size_t word = 0; word < words_of<T>(); word++)
            values[i].V.set_pVal(word, *words++);
        values[i].V.clearUnusedBits();
    }
}

template <class T> void store(const T *values, uint64_t *words, size_t size) {
    for (size_t i = 0; i < size; i++)
        for (size_t word = 0; word < words_of<T>(); word++)
            *words++ = values[i].V.get_pVal(word);
}

template <class P> void load(const uint64_t *words, hls::stream<P> &stream, size_t size) {
    for (size_t i = 0; i < size / P::size; i++) {
        P pack;
        load(words, pack.data, P::size);
        words += P::size * words_of<typename P::value_type>();
        stream.write(pack);
    }
}

template <class P> void store(hls::stream<P> &stream, uint64_t *words, size_t size) {
    for (size_t i = 0; i < size / P::size; i++) {
        P pack = stream.read();
        store(pack.data, words, P::size);
        words += P::size * words_of<typename P::value_type>();
    }
}

} // namespace accelgen

#endif
