#ifndef ACCELGEN_PACKED_DENSE_H_
#define ACCELGEN_PACKED_DENSE_H_

#include "accelgen_packed.h"

namespace accelgen {

// Dense layers of few bits (accelgen_packed.h). Their window is the whole input; a stream brings it in packs of any
// size that divides it.

template <class data_T, class res_T, typename CONFIG_T>
void packed_dense(data_T data[CONFIG_T::n_window], res_T res[CONFIG_T::n_result]) {
    #pragma HLS PIPELINE II=1
    unrolled<data_T, res_T, CONFIG_T>(data, 0, res);
}

template <class data_T, class res_T, typename CONFIG_T>
void packed_dense_folded(data_T data[CONFIG_T::n_window], res_T res[CONFIG_T::n_result]) {
    typedef folded<res_T, CONFIG_T> layer;
    typename layer::product::view_t x;
    #pragma HLS ARRAY_PARTITION variable=x complete dim=0
    typename layer::sum_t sums[CONFIG_T::n_lanes];
    #pragma HLS ARRAY_PARTITION variable=sums complete
    typename layer::outcome_t outcomes[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=outcomes complete

    layer::product::view(data, x);
Groups:
    for (unsigned group = 0; group < layer::n_groups; group++) {
    Parts:
        for (unsigned part = 0; part < layer::n_parts; part++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            layer::step(x, group, part, 0, sums, outcomes);
        }
    }
    layer::finish::collect(outcomes, res);
}

template <class pack_T, unsigned n_packs>
void read_packs(hls::stream<pack_T> &data, typename pack_T::value_type values[n_packs * pack_T::size]) {
    #pragma HLS INLINE
Packs:
    for (unsigned i = 0; i < n_packs; i++) {
        #pragma HLS PIPELINE II=1
        const pack_T pack = data.read();
        for (unsigned j = 0; j < pack_T::size; j++) {
            #pragma HLS UNROLL
            values[i * pack_T::size + j] = pack[j];
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void packed_dense(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr unsigned n_packs = CONFIG_T::n_window / data_T::size;
    #pragma HLS PIPELINE II=n_packs
    typename data_T::value_type window[CONFIG_T::n_window];
    #pragma HLS ARRAY_PARTITION variable=window complete
    res_T result;
    read_packs<data_T, n_packs>(data, window);
    unrolled<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(window, 0, result.data);
    res.write(result);
}

template <class data_T, class res_T, typename CONFIG_T>
void packed_dense_folded(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typename data_T::value_type window[CONFIG_T::n_window];
    #pragma HLS ARRAY_PARTITION variable=window complete
    res_T result;
    read_packs<data_T, CONFIG_T::n_window / data_T::size>(data, window);
    packed_dense_folded<typename data_T::value_type, typename res_T::value_type, CONFIG_T>(window, result.data);
    res.write(result);
}

} // namespace accelgen

#endif
