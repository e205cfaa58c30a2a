// The network as one translation unit behind a C interface, for a caller that runs whole batches.

#include "firmware/@{top}.cpp"

#include "accelgen_run.h"

#ifdef ACCELGEN_TRACE_LAYERS
namespace accelgen {
uint64_t *const *trace_buffers;
}

extern "C" void accelgen_trace(const uint64_t *const inputs[], uint64_t *const outputs[], uint64_t *const layers[]) {
    accelgen::trace_buffers = layers;
    accelgen::run(inputs, outputs);
}
#else
extern "C" void accelgen_run(const uint64_t *const inputs[], uint64_t *const outputs[], size_t samples) {
    for (size_t sample = 0; sample < samples; sample++) {
        const uint64_t *from[accelgen::n_inputs];
        uint64_t *to[accelgen::n_outputs];
        for (size_t i = 0; i < accelgen::n_inputs; i++)
            from[i] = inputs[i] + sample * accelgen::input_words[i];
        for (size_t i = 0; i < accelgen::n_outputs; i++)
            to[i] = outputs[i] + sample * accelgen::output_words[i];
        accelgen::run(from, to);
    }
}
#endif
