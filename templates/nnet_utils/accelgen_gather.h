#ifndef ACCELGEN_GATHER_H_
#define ACCELGEN_GATHER_H_

#include "accelgen_common.h"

namespace accelgen {

// res[i] = data[source(i)], or 0 where that is negative: transposition, padding, cropping and repetition, which
// are wiring once unrolled. A config gives n_in, n_out and source(i).
template <class data_T, class res_T, typename CONFIG_T>
void gather(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_out]) {
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const int source = CONFIG_T::source(i);
        if (source < 0)
            res[i] = 0;
        else
            res[i] = data[source];
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void gather(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typename data_T::value_type buffer[CONFIG_T::n_in];
Read:
    for (unsigned i = 0; i < CONFIG_T::n_in / data_T::size; i++) {
        #pragma HLS PIPELINE
        data_T pack = data.read();
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            buffer[i * data_T::size + j] = pack[j];
        }
    }
Write:
    for (unsigned i = 0; i < CONFIG_T::n_out / res_T::size; i++) {
        #pragma HLS PIPELINE
        res_T pack;
        for (unsigned j = 0; j < res_T::size; j++) {
            #pragma HLS UNROLL
            const int source = CONFIG_T::source(i * res_T::size + j);
            if (source < 0)
                pack[j] = 0;
            else
                pack[j] = buffer[source];
        }
        res.write(pack);
    }
}

// The same elements in the same order, in packs of another size.
template <class data_T, class res_T, typename CONFIG_T>
void repack(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    res_T out;
    unsigned filled = 0;
    for (unsigned i = 0; i < CONFIG_T::n_in / data_T::size; i++) {
        data_T pack = data.read();
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS PIPELINE
            out[filled++] = pack[j];
            if (filled == res_T::size) {
                res.write(out);
                filled = 0;
            }
        }
    }
}

} // namespace accelgen

#endif
