#ifndef ACCELGEN_RECURRENT_H_
#define ACCELGEN_RECURRENT_H_

#include "accelgen_common.h"
#include "accelgen_lookup.h"
#include "accelgen_threshold.h"

namespace accelgen {

// A cell repeated over a sequence, its states zero at first. A config gives:
//   n_steps, n_in, n_units
//   x_t                     type of the step's input; holds every one
//   state_t                 the states of one unit
//   return_sequences        the results of all steps, or of the last one
//   go_backwards            the last step first
//   in_input_order          results at the place of their input, not in the order of computation
//   reset(states)           zeros
//   step(x, states, res)    one step: replaces the states
// A step needs the states of the one before, so the steps cannot overlap: the loop over them is not pipelined,
// the matrix products inside are, by their reuse factor. Under a pipelined top (Latency) it is unrolled.

template <class data_T, class res_T, typename CONFIG_T>
void recurrent(data_T data[CONFIG_T::n_steps * CONFIG_T::n_in],
               res_T res[(CONFIG_T::return_sequences ? CONFIG_T::n_steps : 1) * CONFIG_T::n_units]) {
    typename CONFIG_T::state_t states[CONFIG_T::n_units];
    typename CONFIG_T::x_t x[CONFIG_T::n_in];
    res_T result[CONFIG_T::n_units];
    #pragma HLS ARRAY_PARTITION variable=states complete
    #pragma HLS ARRAY_PARTITION variable=x complete
    #pragma HLS ARRAY_PARTITION variable=result complete

    CONFIG_T::reset(states);
Steps:
    for (unsigned i = 0; i < CONFIG_T::n_steps; i++) {
        const unsigned position = CONFIG_T::go_backwards ? CONFIG_T::n_steps - 1 - i : i;
        for (unsigned j = 0; j < CONFIG_T::n_in; j++) {
            #pragma HLS UNROLL
            x[j] = data[position * CONFIG_T::n_in + j];
        }
        CONFIG_T::step(x, states, result);
        if (CONFIG_T::return_sequences || i == CONFIG_T::n_steps - 1) {
            const unsigned row = !CONFIG_T::return_sequences ? 0 : CONFIG_T::in_input_order ? position : i;
            for (unsigned u = 0; u < CONFIG_T::n_units; u++) {
                #pragma HLS UNROLL
                res[row * CONFIG_T::n_units + u] = result[u];
            }
        }
    }
}

// One pack is one step. Only a sequence that is taken backwards has to be stored.
template <class data_T, class res_T, typename CONFIG_T>
void recurrent(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    static_assert(data_T::size == CONFIG_T::n_in, "a pack holds the input of one step");
    static_assert(res_T::size == CONFIG_T::n_units, "a pack holds the result of one step");
    constexpr unsigned n_stored = CONFIG_T::go_backwards ? CONFIG_T::n_steps : 1;
    constexpr unsigned n_results = CONFIG_T::go_backwards && CONFIG_T::in_input_order ? CONFIG_T::n_steps : 1;
    typename CONFIG_T::state_t states[CONFIG_T::n_units];
    typename CONFIG_T::x_t x[CONFIG_T::n_in];
    data_T stored[n_stored];
    res_T results[n_results];
    #pragma HLS ARRAY_PARTITION variable=states complete
    #pragma HLS ARRAY_PARTITION variable=x complete

    CONFIG_T::reset(states);
    if (CONFIG_T::go_backwards) {
    Store:
        for (unsigned i = 0; i < CONFIG_T::n_steps; i++) {
            #pragma HLS PIPELINE II=1
            stored[i % n_stored] = data.read();
        }
    }
Steps:
    for (unsigned i = 0; i < CONFIG_T::n_steps; i++) {
        if (!CONFIG_T::go_backwards)
            stored[0] = data.read();
        const data_T pack = stored[(CONFIG_T::n_steps - 1 - i) % n_stored];
        for (unsigned j = 0; j < CONFIG_T::n_in; j++) {
            #pragma HLS UNROLL
            x[j] = pack[j];
        }
        typename res_T::value_type result[CONFIG_T::n_units];
        #pragma HLS ARRAY_PARTITION variable=result complete
        CONFIG_T::step(x, states, result);
        res_T out;
        for (unsigned u = 0; u < CONFIG_T::n_units; u++) {
            #pragma HLS UNROLL
            out[u] = result[u];
        }
        if (CONFIG_T::return_sequences && n_results > 1)
            results[(CONFIG_T::n_steps - 1 - i) % n_results] = out;
        else if (CONFIG_T::return_sequences || i == CONFIG_T::n_steps - 1)
            res.write(out);
    }
    if (CONFIG_T::return_sequences && n_results > 1) {
    Drain:
        for (unsigned i = 0; i < CONFIG_T::n_steps; i++) {
            #pragma HLS PIPELINE II=1
            res.write(results[i % n_results]);
        }
    }
}

} // namespace accelgen

#endif
