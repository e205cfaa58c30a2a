#ifndef ACCELGEN_DOT_H_
#define ACCELGEN_DOT_H_

#include "accelgen_common.h"

namespace accelgen {

// Two tensors contracted over one axis of each: a is (a_outer, n_sum, a_inner), b is (b_outer, n_sum, b_inner), the
// result (a_outer, a_inner, b_outer, b_inner). A config gives these, and accum_t, reuse_factor, multiplier_limit.
template <class a_T, class b_T, class res_T, typename CONFIG_T>
void dot(a_T a[CONFIG_T::a_outer * CONFIG_T::n_sum * CONFIG_T::a_inner],
         b_T b[CONFIG_T::b_outer * CONFIG_T::n_sum * CONFIG_T::b_inner],
         res_T res[CONFIG_T::a_outer * CONFIG_T::a_inner * CONFIG_T::b_outer * CONFIG_T::b_inner]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=CONFIG_T::multiplier_limit
    constexpr unsigned n_a = CONFIG_T::a_outer * CONFIG_T::a_inner;
    constexpr unsigned n_b = CONFIG_T::b_outer * CONFIG_T::b_inner;

    for (unsigned i = 0; i < n_a; i++) {
        for (unsigned j = 0; j < n_b; j++) {
            typename CONFIG_T::accum_t sum = 0;
            for (unsigned k = 0; k < CONFIG_T::n_sum; k++) {
                sum += a[(i / CONFIG_T::a_inner * CONFIG_T::n_sum + k) * CONFIG_T::a_inner + i % CONFIG_T::a_inner] *
                       b[(j / CONFIG_T::b_inner * CONFIG_T::n_sum + k) * CONFIG_T::b_inner + j % CONFIG_T::b_inner];
            }
            res[i * n_b + j] = sum;
        }
    }
}

template <class T, unsigned N, class pack_T> void unpack(hls::stream<pack_T> &data, T values[N]) {
    #pragma HLS INLINE
    for (unsigned i = 0; i < N / pack_T::size; i++) {
        #pragma HLS PIPELINE II=1
        const pack_T pack = data.read();
        for (unsigned j = 0; j < pack_T::size; j++) {
            #pragma HLS UNROLL
            values[i * pack_T::size + j] = pack[j];
        }
    }
}

template <class a_T, class b_T, class res_T, typename CONFIG_T>
void dot(hls::stream<a_T> &a, hls::stream<b_T> &b, hls::stream<res_T> &res) {
    typedef typename res_T::value_type R;
    constexpr unsigned n_a = CONFIG_T::a_outer * CONFIG_T::n_sum * CONFIG_T::a_inner;
    constexpr unsigned n_b = CONFIG_T::b_outer * CONFIG_T::n_sum * CONFIG_T::b_inner;
    constexpr unsigned n_res = CONFIG_T::a_outer * CONFIG_T::a_inner * CONFIG_T::b_outer * CONFIG_T::b_inner;
    typename a_T::value_type a_values[n_a];
    typename b_T::value_type b_values[n_b];
    R results[n_res];
    #pragma HLS ARRAY_PARTITION variable=a_values complete
    #pragma HLS ARRAY_PARTITION variable=b_values complete
    #pragma HLS ARRAY_PARTITION variable=results complete

    unpack<typename a_T::value_type, n_a>(a, a_values);
    unpack<typename b_T::value_type, n_b>(b, b_values);
    dot<typename a_T::value_type, typename b_T::value_type, R, CONFIG_T>(a_values, b_values, results);
Drain:
    for (unsigned i = 0; i < n_res / res_T::size; i++) {
        #pragma HLS PIPELINE II=1
        res_T out_data;
        for (unsigned j = 0; j < res_T::size; j++) {
            #pragma HLS UNROLL
            out_data[j] = results[i * res_T::size + j];
        }
        res.write(out_data);
    }
}

} // namespace accelgen

#endif
