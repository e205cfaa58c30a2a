#ifndef ACCELGEN_TRACE_H_
#define ACCELGEN_TRACE_H_

// ACCELGEN_TRACE(index, variable, size) records a layer's result in simulation, in builds that define
// ACCELGEN_TRACE_LAYERS, and is nothing in any other.
#ifdef ACCELGEN_TRACE_LAYERS

#include "hls_stream.h"
#include "accelgen_words.h"
#include "nnet_types.h"

namespace accelgen {

extern uint64_t *const *trace_buffers; // one for each layer, null where it is not wanted

template <class T> void trace(unsigned layer, const T *values, size_t size) {
    if (trace_buffers[layer])
        store(values, trace_buffers[layer], size);
}

template <class P> void trace(unsigned layer, hls::stream<P> &stream, size_t size) {
    if (!trace_buffers[layer])
        return;
    uint64_t *words = trace_buffers[layer];
    for (size_t i = 0; i < size / P::size; i++) {
        P pack = stream.read();
        store(pack.data, words, P::size);
        words += P::size * words_of<typename P::value_type>();
        stream.write(pack);
    }
}

} // namespace accelgen

#define ACCELGEN_TRACE(layer, variable, size) accelgen::trace(layer, variable, size);
#else
#define ACCELGEN_TRACE(layer, variable, size)
#endif

#endif
