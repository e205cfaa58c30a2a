#ifndef ACCELGEN_LAYOUT_H_
#define ACCELGEN_LAYOUT_H_

#include "accelgen_common.h"

namespace accelgen {

// Elements moved, repeated or left out. A config gives
//   n_in, n_out        elements
//   source(i)          which element of the data the i-th of the result is; -1 for a zero
template <class data_T, class res_T, typename CONFIG_T>
void gather(data_T data[CONFIG_T::n_in], res_T res[CONFIG_T::n_out]) {
    #pragma HLS PIPELINE II=1
    for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
        #pragma HLS UNROLL
        const int source = CONFIG_T::source(i);
        res[i] = source < 0 ? res_T(0) : res_T(data[source]);
    }
}

// Pixels in another order, or (a transpose of the channels) elements. A config gives n_in, n_out and
//   keeps_pixels       whether packs stay whole
//   source(i)          which pack, or element, of the data the i-th of the result is
template <class data_T, class res_T, typename CONFIG_T>
void reorder(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr unsigned n_packs = CONFIG_T::n_in / data_T::size;
    typename data_T::value_type kept[n_packs][data_T::size];
    #pragma HLS ARRAY_PARTITION variable=kept complete dim=2

Fill:
    for (unsigned i = 0; i < n_packs; i++) {
        #pragma HLS PIPELINE II=1
        const data_T in_data = data.read();
        for (unsigned j = 0; j < data_T::size; j++) {
            #pragma HLS UNROLL
            kept[i][j] = in_data[j];
        }
    }
Drain:
    for (unsigned i = 0; i < CONFIG_T::n_out / res_T::size; i++) {
        #pragma HLS PIPELINE
        res_T out_data;
        for (unsigned j = 0; j < res_T::size; j++) {
            #pragma HLS UNROLL
            if (CONFIG_T::keeps_pixels) {
                out_data[j] = kept[(unsigned)CONFIG_T::source(i)][j];
            } else {
                const unsigned source = CONFIG_T::source(i * res_T::size + j);
                out_data[j] = kept[source / data_T::size][source % data_T::size];
            }
        }
        res.write(out_data);
    }
}

// Zeros put around an image, or its border cut off (a negative pad). A config gives
//   in_height, in_width, in_chan, out_chan, pad_top, pad_bottom, pad_left, pad_right, pad_front
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

// Each pixel repeated. A config gives in_height, in_width, factor_height, factor_width
template <class data_T, class res_T, typename CONFIG_T>
void upsample(hls::stream<data_T> &data, hls::stream<res_T> &res) {
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
