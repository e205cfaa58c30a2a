#ifndef ACCELGEN_POOLING_H_
#define ACCELGEN_POOLING_H_

#include "accelgen_common.h"

namespace accelgen {

// Pooling of a channels-last image; in one dimension the image has one row. A config gives
//   in_height, in_width, n_chan, out_height, out_width
//   size_height, size_width, stride_height, stride_width, pad_top, pad_bottom, pad_left, pad_right
//   accum_t            holds the exact reduction of a window
//   reduction<T>       sum or maximum
//   reuse_factor       initiation interval in io_parallel

template <class data_T, class res_T, typename CONFIG_T>
void pool(data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_chan],
          res_T res[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_chan]) {
    #pragma HLS PIPELINE II=CONFIG_T::reuse_factor
    typedef typename CONFIG_T::accum_t T;
    typedef typename CONFIG_T::template reduction<T> reduction;
    constexpr unsigned n_taps = CONFIG_T::size_height * CONFIG_T::size_width;

Rows:
    for (unsigned row = 0; row < CONFIG_T::out_height; row++) {
    Columns:
        for (unsigned column = 0; column < CONFIG_T::out_width; column++) {
        Channels:
            for (unsigned channel = 0; channel < CONFIG_T::n_chan; channel++) {
                T taps[n_taps];
                #pragma HLS ARRAY_PARTITION variable=taps complete
            Taps:
                for (unsigned tap = 0; tap < n_taps; tap++) {
                    const int h = int(row * CONFIG_T::stride_height + tap / CONFIG_T::size_width) - int(CONFIG_T::pad_top);
                    const int w =
                        int(column * CONFIG_T::stride_width + tap % CONFIG_T::size_width) - int(CONFIG_T::pad_left);
                    const bool inside = h >= 0 && h < int(CONFIG_T::in_height) && w >= 0 && w < int(CONFIG_T::in_width);
                    taps[tap] = inside ? T(data[(h * CONFIG_T::in_width + w) * CONFIG_T::n_chan + channel])
                                       : reduction::neutral();
                }
                res[(row * CONFIG_T::out_width + column) * CONFIG_T::n_chan + channel] =
                    tree<reduction, T, n_taps>::reduce(taps);
            }
        }
    }
}

// Windows that do not overlap, global pooling among them: one partial result for each column of windows.
template <class data_T, class res_T, typename CONFIG_T>
void pool_disjoint(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typedef typename CONFIG_T::accum_t T;
    typedef typename CONFIG_T::template reduction<T> reduction;

    T across[CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=across complete
    T above[CONFIG_T::out_width][CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=above complete dim=2
    unsigned out_row = 0, row_phase = 0;

Rows:
    for (int h = -int(CONFIG_T::pad_top); h < int(CONFIG_T::in_height + CONFIG_T::pad_bottom); h++) {
        unsigned out_column = 0, column_phase = 0;
    Columns:
        for (int w = -int(CONFIG_T::pad_left); w < int(CONFIG_T::in_width + CONFIG_T::pad_right); w++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            const bool inside = h >= 0 && h < int(CONFIG_T::in_height) && w >= 0 && w < int(CONFIG_T::in_width);
            const bool row_ends = out_row < CONFIG_T::out_height && row_phase == CONFIG_T::size_height - 1;
            const bool in_rows = out_row < CONFIG_T::out_height && row_phase < CONFIG_T::size_height;
            const bool column_ends = out_column < CONFIG_T::out_width && column_phase == CONFIG_T::size_width - 1;

            data_T in_data;
            if (inside)
                in_data = data.read();
            res_T out_data;
        Channels:
            for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
                #pragma HLS UNROLL
                const T tap = inside ? T(in_data[c]) : reduction::neutral();
                across[c] = column_phase == 0 ? tap : reduction::reduce(across[c], tap);
                if (column_ends && in_rows) {
                    const T total = row_phase == 0 ? across[c] : reduction::reduce(above[out_column][c], across[c]);
                    above[out_column][c] = total;
                    out_data[c] = total;
                }
            }
            if (column_ends && row_ends)
                res.write(out_data);

            if (column_phase == CONFIG_T::stride_width - 1) {
                column_phase = 0;
                out_column++;
            } else {
                column_phase++;
            }
        }
        if (row_phase == CONFIG_T::stride_height - 1) {
            row_phase = 0;
            out_row++;
        } else {
            row_phase++;
        }
    }
}

// Windows that overlap: each row of a window is reduced once, and kept for the windows that it belongs to.
template <class data_T, class res_T, typename CONFIG_T>
void pool_overlapping(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typedef typename CONFIG_T::accum_t T;
    typedef typename CONFIG_T::template reduction<T> reduction;
    constexpr unsigned n_left = CONFIG_T::size_width - 1;
    constexpr unsigned n_above = CONFIG_T::size_height - 1;

    T left[n_left + 1][CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=left complete dim=0
    T above[n_above + 1][CONFIG_T::out_width][CONFIG_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=above complete dim=1
    #pragma HLS ARRAY_PARTITION variable=above complete dim=3
    unsigned rows_to_go = n_above;

Rows:
    for (int h = -int(CONFIG_T::pad_top); h < int(CONFIG_T::in_height + CONFIG_T::pad_bottom); h++) {
        unsigned out_column = 0, columns_to_go = n_left;
    Columns:
        for (int w = -int(CONFIG_T::pad_left); w < int(CONFIG_T::in_width + CONFIG_T::pad_right); w++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            const bool inside = h >= 0 && h < int(CONFIG_T::in_height) && w >= 0 && w < int(CONFIG_T::in_width);
            const bool column_ends = columns_to_go == 0;

            data_T in_data;
            if (inside)
                in_data = data.read();
            res_T out_data;
        Channels:
            for (unsigned c = 0; c < CONFIG_T::n_chan; c++) {
                #pragma HLS UNROLL
                T across = inside ? T(in_data[c]) : reduction::neutral();
                left[n_left][c] = across;
            Left:
                for (unsigned k = 0; k < n_left; k++) {
                    #pragma HLS UNROLL
                    across = reduction::reduce(across, left[k][c]);
                    left[k][c] = left[k + 1][c];
                }
                if (column_ends) {
                    T total = across;
                    above[n_above][out_column][c] = across;
                Above:
                    for (unsigned k = 0; k < n_above; k++) {
                        #pragma HLS UNROLL
                        total = reduction::reduce(total, above[k][out_column][c]);
                        above[k][out_column][c] = above[k + 1][out_column][c];
                    }
                    out_data[c] = total;
                }
            }
            if (column_ends && rows_to_go == 0)
                res.write(out_data);

            if (column_ends)
                out_column++;
            columns_to_go = column_ends ? CONFIG_T::stride_width - 1 : columns_to_go - 1;
        }
        rows_to_go = rows_to_go == 0 ? CONFIG_T::stride_height - 1 : rows_to_go - 1;
    }
}

template <class data_T, class res_T, typename CONFIG_T> void pool(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    #pragma HLS INLINE
    if (CONFIG_T::stride_height >= CONFIG_T::size_height && CONFIG_T::stride_width >= CONFIG_T::size_width)
        pool_disjoint<data_T, res_T, CONFIG_T>(data, res);
    else
        pool_overlapping<data_T, res_T, CONFIG_T>(data, res);
}

} // namespace accelgen

#endif
