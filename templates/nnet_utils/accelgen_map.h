#ifndef ACCELGEN_MAP_H_
#define ACCELGEN_MAP_H_

#include "accelgen_common.h"

namespace accelgen {

// Element-wise kernels. OP_T is an operation wrapped around a layer's config:
//   n_elem             elements in all
//   period             constants repeat after so many: 1, the number of channels, or n_elem
//   reuse_factor       initiation interval
//   multiplier_limit   multipliers that work at once
//   apply<R>(x, i)     the result, cast to R, for x with the i-th constants

template <class data_T, class res_T, typename OP_T> void map(data_T data[OP_T::n_elem], res_T res[OP_T::n_elem]) {
    #pragma HLS PIPELINE II=OP_T::reuse_factor
    #pragma HLS ALLOCATION operation instances=mul limit=OP_T::multiplier_limit
Elements:
    for (unsigned i = 0; i < OP_T::n_elem; i++) {
        #pragma HLS UNROLL
        res[i] = OP_T::template apply<res_T>(data[i], i % OP_T::period);
    }
}

// Packs of the result may be larger or smaller than those of the data, as after a flatten: each step takes the
// elements that a read and a write have in common. Where the sizes are equal a step is a pack.
template <class data_T, class res_T, typename OP_T> void map(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr unsigned step = gcd(data_T::size, res_T::size);
    constexpr unsigned reads = data_T::size / step;
    constexpr unsigned writes = res_T::size / step;
    static_assert(OP_T::period == 1 || OP_T::period % step == 0, "a step takes constants in one piece");

    data_T in_data;
    res_T out_data;
    unsigned read = 0, written = 0, phase = 0;

Steps:
    for (unsigned i = 0; i < OP_T::n_elem / step; i++) {
        #pragma HLS PIPELINE II=OP_T::reuse_factor
        #pragma HLS ALLOCATION operation instances=mul limit=OP_T::multiplier_limit
        if (read == 0)
            in_data = data.read();
    Pack:
        for (unsigned j = 0; j < step; j++) {
            #pragma HLS UNROLL
            out_data[written * step + j] = OP_T::template apply<typename res_T::value_type>(
                in_data[read * step + j], OP_T::period == 1 ? 0 : phase + j);
        }
        read = read == reads - 1 ? 0 : read + 1;
        phase = phase + step >= OP_T::period ? 0 : phase + step;
        if (written == writes - 1) {
            res.write(out_data);
            written = 0;
        } else {
            written++;
        }
    }
}

// The cast to the result type alone: a reshape.
template <class CONFIG_T> struct identity : CONFIG_T {
    template <class R, class T> static R apply(const T &x, unsigned) {
        #pragma HLS INLINE
        return R(x);
    }
};

} // namespace accelgen

#endif
