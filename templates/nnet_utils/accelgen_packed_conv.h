#ifndef ACCELGEN_PACKED_CONV_H_
#define ACCELGEN_PACKED_CONV_H_

#include "accelgen_packed.h"

namespace accelgen {

// Convolutions of few bits (accelgen_packed.h) over a channels-last image; in one dimension the image has one row.
// A pixel is its in_size words of levels, or its numbers; pixels outside the image are level 0, or 0. A config gives
//   in_height, in_width, out_height, out_width
//   kernel_height, kernel_width, stride_height, stride_width, pad_top, pad_bottom, pad_left, pad_right
//   in_size, n_result                     words or numbers of a pixel, and of one of the result
//   row_class(row), column_class(column)  of the result; n_column_classes of the latter
//   parallel_positions                    computed at once in io_parallel

template <typename CONFIG_T> unsigned class_of(unsigned row, unsigned column) {
    #pragma HLS INLINE
    return unsigned(CONFIG_T::row_class(row)) * CONFIG_T::n_column_classes + unsigned(CONFIG_T::column_class(column));
}

// What the result at a row and column reads of an image in registers.
template <class data_T, typename CONFIG_T>
void take_window(const data_T *data, unsigned row, unsigned column, data_T window[CONFIG_T::n_window]) {
    #pragma HLS INLINE
    for (unsigned tap = 0; tap < CONFIG_T::kernel_height * CONFIG_T::kernel_width; tap++) {
        #pragma HLS UNROLL
        const int h = int(row * CONFIG_T::stride_height + tap / CONFIG_T::kernel_width) - int(CONFIG_T::pad_top);
        const int w = int(column * CONFIG_T::stride_width + tap % CONFIG_T::kernel_width) - int(CONFIG_T::pad_left);
        const bool inside = h >= 0 && h < int(CONFIG_T::in_height) && w >= 0 && w < int(CONFIG_T::in_width);
        for (unsigned i = 0; i < CONFIG_T::in_size; i++) {
            #pragma HLS UNROLL
            window[tap * CONFIG_T::in_size + i] =
                inside ? data[(h * int(CONFIG_T::in_width) + w) * int(CONFIG_T::in_size) + i] : data_T(0);
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void packed_conv(data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::in_size],
                 res_T res[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_result]) {
    constexpr unsigned n_positions = CONFIG_T::out_height * CONFIG_T::out_width;
Partitions:
    for (unsigned first = 0; first < n_positions; first += CONFIG_T::parallel_positions) {
        #pragma HLS PIPELINE II=1
    Positions:
        for (unsigned i = 0; i < CONFIG_T::parallel_positions; i++) {
            #pragma HLS UNROLL
            const unsigned position = first + i;
            const unsigned row = position / CONFIG_T::out_width;
            const unsigned column = position % CONFIG_T::out_width;
            data_T window[CONFIG_T::n_window];
            #pragma HLS ARRAY_PARTITION variable=window complete
            if (position < n_positions) {
                take_window<data_T, CONFIG_T>(data, row, column, window);
                unrolled<data_T, res_T, CONFIG_T>(window, class_of<CONFIG_T>(row, column),
                                                  res + position * CONFIG_T::n_result);
            }
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void packed_conv_folded(data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::in_size],
                        res_T res[CONFIG_T::out_height * CONFIG_T::out_width * CONFIG_T::n_result]) {
    typedef folded<res_T, CONFIG_T> layer;
    data_T window[CONFIG_T::n_window];
    #pragma HLS ARRAY_PARTITION variable=window complete
    typename layer::product::view_t x;
    #pragma HLS ARRAY_PARTITION variable=x complete dim=0
    typename layer::sum_t sums[CONFIG_T::n_lanes];
    #pragma HLS ARRAY_PARTITION variable=sums complete
    typename layer::outcome_t outcomes[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=outcomes complete

Rows:
    for (unsigned row = 0; row < CONFIG_T::out_height; row++) {
    Columns:
        for (unsigned column = 0; column < CONFIG_T::out_width; column++) {
        Groups:
            for (unsigned group = 0; group < layer::n_groups; group++) {
            Parts:
                for (unsigned part = 0; part < layer::n_parts; part++) {
                    #pragma HLS LOOP_FLATTEN
                    #pragma HLS PIPELINE II=1
                    if (group == 0 && part == 0) {
                        take_window<data_T, CONFIG_T>(data, row, column, window);
                        layer::product::view(window, x);
                    }
                    layer::step(x, group, part, class_of<CONFIG_T>(row, column), sums, outcomes);
                    if (group == layer::n_groups - 1 && part == layer::n_parts - 1)
                        layer::finish::collect(outcomes, res + (row * CONFIG_T::out_width + column) * CONFIG_T::n_result);
                }
            }
        }
    }
}

// Takes the next pixel of a stream, that at row h and column w, which may lie in the padding: the window moves to end
// there. ``above`` holds the rows before it.
template <class data_T, typename CONFIG_T>
void slide(hls::stream<data_T> &data, int h, int w,
           typename data_T::value_type (&above)[CONFIG_T::kernel_height][CONFIG_T::in_width][CONFIG_T::in_size],
           typename data_T::value_type window[CONFIG_T::n_window]) {
    #pragma HLS INLINE
    typedef typename data_T::value_type T;
    constexpr unsigned last_row = CONFIG_T::kernel_height - 1;
    constexpr unsigned last_column = CONFIG_T::kernel_width - 1;
    const bool inside_row = h >= 0 && h < int(CONFIG_T::in_height);
    const bool inside_column = w >= 0 && w < int(CONFIG_T::in_width);

    data_T pixel;
    if (inside_row && inside_column)
        pixel = data.read();
    for (unsigned i = 0; i < CONFIG_T::in_size; i++) {
        #pragma HLS UNROLL
        for (unsigned row = 0; row <= last_row; row++) {
            #pragma HLS UNROLL
            T value = 0;
            if (inside_column && row < last_row)
                value = above[row + 1][w][i];
            else if (inside_column && inside_row)
                value = pixel[i];
            if (inside_column)
                above[row][w][i] = value;
            T *taps = window + row * CONFIG_T::kernel_width * CONFIG_T::in_size + i;
            for (unsigned column = 0; column < last_column; column++) {
                #pragma HLS UNROLL
                taps[column * CONFIG_T::in_size] = taps[(column + 1) * CONFIG_T::in_size];
            }
            taps[last_column * CONFIG_T::in_size] = value;
        }
    }
}

template <class data_T, class res_T, typename CONFIG_T>
void packed_conv(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typedef typename data_T::value_type T;
    T window[CONFIG_T::n_window];
    #pragma HLS ARRAY_PARTITION variable=window complete
    T above[CONFIG_T::kernel_height][CONFIG_T::in_width][CONFIG_T::in_size];
    #pragma HLS ARRAY_PARTITION variable=above complete dim=1
    #pragma HLS ARRAY_PARTITION variable=above complete dim=3
    unsigned out_row = 0, rows_to_go = CONFIG_T::kernel_height - 1;

Rows:
    for (int h = -int(CONFIG_T::pad_top); h < int(CONFIG_T::in_height + CONFIG_T::pad_bottom); h++) {
        unsigned out_column = 0, columns_to_go = CONFIG_T::kernel_width - 1;
    Columns:
        for (int w = -int(CONFIG_T::pad_left); w < int(CONFIG_T::in_width + CONFIG_T::pad_right); w++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            slide<data_T, CONFIG_T>(data, h, w, above, window);
            if (rows_to_go == 0 && columns_to_go == 0) {
                res_T pixel;
                unrolled<T, typename res_T::value_type, CONFIG_T>(window, class_of<CONFIG_T>(out_row, out_column),
                                                                  pixel.data);
                res.write(pixel);
            }
            if (columns_to_go == 0) {
                columns_to_go = CONFIG_T::stride_width - 1;
                out_column++;
            } else {
                columns_to_go--;
            }
        }
        if (rows_to_go == 0) {
            rows_to_go = CONFIG_T::stride_height - 1;
            out_row++;
        } else {
            rows_to_go--;
        }
    }
}

// One loop of n_pixels reads and, at every position of the result, n_steps - 1 steps more.
template <class data_T, class res_T, typename CONFIG_T>
void packed_conv_folded(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    typedef typename data_T::value_type T;
    typedef folded<typename res_T::value_type, CONFIG_T> layer;
    constexpr int end_row = CONFIG_T::in_height + CONFIG_T::pad_bottom;
    constexpr int end_column = CONFIG_T::in_width + CONFIG_T::pad_right;
    constexpr unsigned n_pixels = (CONFIG_T::pad_top + end_row) * (CONFIG_T::pad_left + end_column);
    constexpr unsigned n_positions = CONFIG_T::out_height * CONFIG_T::out_width;

    T window[CONFIG_T::n_window];
    #pragma HLS ARRAY_PARTITION variable=window complete
    T above[CONFIG_T::kernel_height][CONFIG_T::in_width][CONFIG_T::in_size];
    #pragma HLS ARRAY_PARTITION variable=above complete dim=1
    #pragma HLS ARRAY_PARTITION variable=above complete dim=3
    typename layer::product::view_t x;
    #pragma HLS ARRAY_PARTITION variable=x complete dim=0
    typename layer::sum_t sums[CONFIG_T::n_lanes];
    #pragma HLS ARRAY_PARTITION variable=sums complete
    typename layer::outcome_t outcomes[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=outcomes complete
    int h = -int(CONFIG_T::pad_top), w = -int(CONFIG_T::pad_left);
    unsigned out_row = 0, rows_to_go = CONFIG_T::kernel_height - 1;
    unsigned out_column = 0, columns_to_go = CONFIG_T::kernel_width - 1;
    unsigned group = 0, part = 0;

Steps:
    for (unsigned step = 0; step < n_pixels + n_positions * (layer::n_steps - 1); step++) {
        #pragma HLS PIPELINE II=1
        const bool complete = rows_to_go == 0 && columns_to_go == 0;
        const bool part_ends = part == layer::n_parts - 1;
        const bool position_ends = part_ends && group == layer::n_groups - 1;

        if (group == 0 && part == 0) {
            slide<data_T, CONFIG_T>(data, h, w, above, window);
            if (complete)
                layer::product::view(window, x);
        }
        if (complete) {
            layer::step(x, group, part, class_of<CONFIG_T>(out_row, out_column), sums, outcomes);
            if (position_ends) {
                res_T pixel;
                layer::finish::collect(outcomes, pixel.data);
                res.write(pixel);
            }
            group = position_ends ? 0 : part_ends ? group + 1 : group;
            part = part_ends ? 0 : part + 1;
        }
        if (!complete || position_ends) {
            const bool row_ends = w == end_column - 1;
            if (row_ends) {
                h++;
                out_row += rows_to_go == 0;
                rows_to_go = rows_to_go == 0 ? CONFIG_T::stride_height - 1 : rows_to_go - 1;
            }
            w = row_ends ? -int(CONFIG_T::pad_left) : w + 1;
            out_column = row_ends ? 0 : columns_to_go == 0 ? out_column + 1 : out_column;
            columns_to_go = row_ends              ? CONFIG_T::kernel_width - 1
                            : columns_to_go == 0 ? CONFIG_T::stride_width - 1
                                                 : columns_to_go - 1;
        }
    }
}

} // namespace accelgen

#endif
