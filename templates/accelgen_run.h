#ifndef ACCELGEN_RUN_H_
#define ACCELGEN_RUN_H_

#include "firmware/@{top}.h"
#include "firmware/nnet_utils/accelgen_words.h"

namespace accelgen {

const size_t n_inputs = @{n_inputs};
const size_t n_outputs = @{n_outputs};
const size_t input_words[n_inputs] = {@{input_words}};    // of one sample
const size_t output_words[n_outputs] = {@{output_words}}; // of one sample

// Runs the network on one sample of codes.
inline void run(const uint64_t *const inputs[n_inputs], uint64_t *const outputs[n_outputs]) {
@{body}}

} // namespace accelgen

#endif
