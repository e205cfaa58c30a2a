#ifndef ACCELGEN_GATHER_H_
#define ACCELGEN_GATHER_H_

#include "accelgen_common.h"

namespace accelgen {

// res[i] = data[source(i)], or 0 where that is negative: transposition, padding, cropping and repetition, which
// are wiring once unrolled. A config gives
//   n_in, n_out        elements
//   source(i)          where the i-th element comes from
//   keeps_pixels       whether the last axis stays whole and last
template <class data_T, class res_T, typename CONFIG_T>
void gather(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_out]) {
    #pragma HLS PIPELINE II=1
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const int source = CONFIG_T::source(i);
        if (source < 0)
            res[i] = 0;
        else
            res[i] = data[source];
    }
}

// The data are kept whole, each channel in a memory of its own: one pack a cycle where pixels stay whole.
template <class data_T, class res_T, typename CONFIG_T>
void gather(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr bool keeps_packs = CONFIG_T::keeps_pixels && data_T::size == res_T::size;
    typename data_T::value_type kept[CONFIG_T::n_in / data_T::size][data_T::size];
    #pragma HLS ARRAY_PARTITION variable=kept complete dim=2
Read:
    for (unsigned i = 0; i < CONFIG_T::n_in / data_T::size; i++) {
        #pragma HLS PIPELINE II=1
        const data_T pack = data.read();
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            kept[i][j] = pack[j];
        }
    }
Write:
    for (unsigned i = 0; i < CONFIG_T::n_out / res_T::size; i++) {
        #pragma HLS PIPELINE
        res_T pack;
        for (unsigned j = 0; j < res_T::size; j++) {
            #pragma HLS UNROLL
            const int source = CONFIG_T::source(i * res_T::size + (keeps_packs ? 0 : j));
            if (source < 0)
                pack[j] = 0;
            else if (keeps_packs)
                pack[j] = kept[source / data_T::size][j];
            else
                pack[j] = kept[source / data_T::size][source % data_T::size];
        }
        res.write(pack);
    }
}

// Zeros put around the axes of an image, the channels included, or its border cut off (a negative pad), without
// keeping any of it. A config gives
//   in_height, in_width, in_chan, out_chan, pad_top, pad_bottom, pad_left, pad_right, pad_front    all int
template <class data_T, class res_T, typename CONFIG_T> void pad(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr int top = CONFIG_T::pad_top > 0 ? CONFIG_T::pad_top : 0;
    constexpr int bottom = CONFIG_T::pad_bottom > 0 ? CONFIG_T::pad_bottom : 0;
    constexpr int left = CONFIG_T::pad_left > 0 ? CONFIG_T::pad_left : 0;
    constexpr int right = CONFIG_T::pad_right > 0 ? CONFIG_T::pad_right : 0;

Rows:
    for (int h = -top; h < CONFIG_T::in_height + bottom; h++) {
    Columns:
        for (int w = -left; w < CONFIG_T::in_width + right; w++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            const bool inside = h >= 0 && h < CONFIG_T::in_height && w >= 0 && w < CONFIG_T::in_width;
            const bool wanted = h >= -CONFIG_T::pad_top && h < CONFIG_T::in_height + CONFIG_T::pad_bottom &&
                                w >= -CONFIG_T::pad_left && w < CONFIG_T::in_width + CONFIG_T::pad_right;
            data_T in_data;
            if (inside)
                in_data = data.read();
            res_T out_data;
        Channels:
            for (int c = 0; c < CONFIG_T::out_chan; c++) {
                #pragma HLS UNROLL
                const int source = c - CONFIG_T::pad_front;
                if (inside && source >= 0 && source < CONFIG_T::in_chan)
                    out_data[c] = in_data[source];
                else
                    out_data[c] = 0;
            }
            if (wanted)
                res.write(out_data);
        }
    }
}

// Each pixel of an image repeated; one row is kept. A config gives
//   in_height, in_width, factor_height, factor_width
template <class data_T, class res_T, typename CONFIG_T>
void repeat(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    res_T row[CONFIG_T::in_width];

Rows:
    for (unsigned h = 0; h < CONFIG_T::in_height; h++) {
    RepeatRow:
        for (unsigned i = 0; i < CONFIG_T::factor_height; i++) {
        Columns:
            for (unsigned w = 0; w < CONFIG_T::in_width; w++) {
            RepeatColumn:
                for (unsigned j = 0; j < CONFIG_T::factor_width; j++) {
                    #pragma HLS LOOP_FLATTEN
                    #pragma HLS PIPELINE II=1
                    res_T pixel;
                    if (i == 0 && j == 0) {
                        const data_T in_data = data.read();
                        for (unsigned c = 0; c < res_T::size; c++) {
                            #pragma HLS UNROLL
                            pixel[c] = in_data[c];
                        }
                        row[w] = pixel;
                    } else {
                        pixel = row[w];
                    }
                    res.write(pixel);
                }
            }
        }
    }
}

} // namespace accelgen

#endif
