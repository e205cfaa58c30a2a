#ifndef ACCELGEN_WINDOWS_H_
#define ACCELGEN_WINDOWS_H_

#include "nnet_common.h"
#include "nnet_function_stubs.h"

namespace accelgen {

// Gathers the windows of one partition of a convolution's pixels. hls4ml writes an assignment for every tap
// of every window instead, of which a 32 x 32 x 16 image under 3 x 3 taps needs 147,456.
template <class data_T, typename CONFIG_T> class Windows1D : public nnet::FillConv1DBuffer<data_T, CONFIG_T> {
  public:
    static void fill_buffer(data_T data[CONFIG_T::in_width * CONFIG_T::n_chan],
                            data_T buffer[CONFIG_T::n_pixels][CONFIG_T::filt_width * CONFIG_T::n_chan],
                            const unsigned partition) {
        for (unsigned pixel = 0; pixel < CONFIG_T::n_pixels; pixel++) {
            #pragma HLS UNROLL
            const int left = int((partition * CONFIG_T::n_pixels + pixel) * CONFIG_T::stride_width) -
                             int(CONFIG_T::pad_left);
            for (int x = 0; x < int(CONFIG_T::filt_width); x++) {
                #pragma HLS UNROLL
                const bool inside = left + x >= 0 && left + x < int(CONFIG_T::in_width);
                for (int c = 0; c < int(CONFIG_T::n_chan); c++) {
                    #pragma HLS UNROLL
                    buffer[pixel][x * CONFIG_T::n_chan + c] =
                        inside ? data[(left + x) * int(CONFIG_T::n_chan) + c] : data_T(0);
                }
            }
        }
    }
};

template <class data_T, typename CONFIG_T> class Windows2D : public nnet::FillConv2DBuffer<data_T, CONFIG_T> {
  public:
    static void fill_buffer(
        data_T data[CONFIG_T::in_height * CONFIG_T::in_width * CONFIG_T::n_chan],
        data_T buffer[CONFIG_T::n_pixels][CONFIG_T::filt_height * CONFIG_T::filt_width * CONFIG_T::n_chan],
        const unsigned partition) {
        for (unsigned pixel = 0; pixel < CONFIG_T::n_pixels; pixel++) {
            #pragma HLS UNROLL
            const unsigned position = partition * CONFIG_T::n_pixels + pixel;
            const int top = int(position / CONFIG_T::out_width * CONFIG_T::stride_height) - int(CONFIG_T::pad_top);
            const int left = int(position % CONFIG_T::out_width * CONFIG_T::stride_width) - int(CONFIG_T::pad_left);
            for (int y = 0; y < int(CONFIG_T::filt_height); y++) {
                #pragma HLS UNROLL
                for (int x = 0; x < int(CONFIG_T::filt_width); x++) {
                    #pragma HLS UNROLL
                    const bool inside = top + y >= 0 && top + y < int(CONFIG_T::in_height) && left + x >= 0 &&
                                        left + x < int(CONFIG_T::in_width);
                    const int source = ((top + y) * int(CONFIG_T::in_width) + left + x) * int(CONFIG_T::n_chan);
                    for (int c = 0; c < int(CONFIG_T::n_chan); c++) {
                        #pragma HLS UNROLL
                        buffer[pixel][(y * CONFIG_T::filt_width + x) * CONFIG_T::n_chan + c] =
                            inside ? data[source + c] : data_T(0);
                    }
                }
            }
        }
    }
};

} // namespace accelgen

#endif
