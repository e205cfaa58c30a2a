#ifndef ACCELGEN_PACKING_H_
#define ACCELGEN_PACKING_H_

#include "accelgen_finish.h"

namespace accelgen {

// Between numbers and words of levels (accelgen_packed.h). A config gives
//   n_positions, n_chan
//   planes, lanes, words   bits of a level, elements of a word, words of a position

// Numbers to levels. LEVEL_T is shifted_level or compared_level around the config.
template <class data_T, class res_T, typename LEVEL_T>
void pack(data_T data[LEVEL_T::n_positions * LEVEL_T::n_chan], res_T res[LEVEL_T::n_positions * LEVEL_T::words]) {
    #pragma HLS PIPELINE II=1
    for (unsigned position = 0; position < LEVEL_T::n_positions; position++) {
        #pragma HLS UNROLL
        ap_uint<LEVEL_T::planes> levels[LEVEL_T::n_chan];
        #pragma HLS ARRAY_PARTITION variable=levels complete
        for (unsigned i = 0; i < LEVEL_T::n_chan; i++) {
            #pragma HLS UNROLL
            levels[i] = LEVEL_T::of(data[position * LEVEL_T::n_chan + i], i);
        }
        collect_levels<LEVEL_T::n_chan, LEVEL_T::planes, LEVEL_T::lanes>(levels, res + position * LEVEL_T::words);
    }
}

// Numbers may come in packs of any size that divides the channels.
template <class data_T, class res_T, typename LEVEL_T> void pack(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr unsigned n_packs = LEVEL_T::n_chan / data_T::size;
    static_assert(LEVEL_T::n_chan % data_T::size == 0, "a pack lies within one position");
    ap_uint<LEVEL_T::planes> levels[LEVEL_T::n_chan];
    #pragma HLS ARRAY_PARTITION variable=levels complete
Positions:
    for (unsigned position = 0; position < LEVEL_T::n_positions; position++) {
    Packs:
        for (unsigned k = 0; k < n_packs; k++) {
            #pragma HLS LOOP_FLATTEN
            #pragma HLS PIPELINE II=1
            const data_T numbers = data.read();
            for (unsigned j = 0; j < data_T::size; j++) {
                #pragma HLS UNROLL
                const unsigned i = k * data_T::size + j;
                levels[i] = LEVEL_T::of(numbers[j], i);
            }
            if (k == n_packs - 1) {
                res_T words;
                collect_levels<LEVEL_T::n_chan, LEVEL_T::planes, LEVEL_T::lanes>(levels, words.data);
                res.write(words);
            }
        }
    }
}

// Numbers that are levels: 2 ** shift apart, from first() on, as raw bits.
template <class CONFIG_T> struct shifted_level : CONFIG_T {
    template <class T> static ap_uint<CONFIG_T::planes> of(const T &x, unsigned) {
        #pragma HLS INLINE
        const ap_int<T::width + 2> above = code_of(x) - ap_int<T::width + 1>(CONFIG_T::first());
        return above >> CONFIG_T::shift;
    }
};

// The number of thresholds that x reaches, or in a falling channel those that it does not. A config gives
//   n_levels               thresholds
//   period                 1 or n_chan: channels with thresholds of their own
//   threshold(i), falling(i)
template <class CONFIG_T> struct compared_level : CONFIG_T {
    template <class T> static ap_uint<CONFIG_T::planes> of(const T &x, unsigned channel) {
        #pragma HLS INLINE
        const ap_int<T::width + 1> code = code_of(x);
        const unsigned i = channel % CONFIG_T::period;
        const bool falling = CONFIG_T::falling(i) != 0;
        ap_uint<CONFIG_T::n_levels> reached = 0;
        for (unsigned k = 0; k < CONFIG_T::n_levels; k++) {
            #pragma HLS UNROLL
            reached[k] = (code >= CONFIG_T::threshold(i * CONFIG_T::n_levels + k)) != falling;
        }
        return popcount(reached);
    }
};

// Bit planes of element i of a position's words.
template <class CONFIG_T, class word_T> ap_uint<CONFIG_T::planes> level_at(const word_T *words, unsigned i) {
    #pragma HLS INLINE
    ap_uint<CONFIG_T::planes> level = 0;
    for (unsigned plane = 0; plane < CONFIG_T::planes; plane++) {
        #pragma HLS UNROLL
        level[plane] = words[i / CONFIG_T::lanes][plane * CONFIG_T::lanes + i % CONFIG_T::lanes];
    }
    return level;
}

// Levels to numbers. A config also gives
//   value(n)               raw bits of the result at level n
template <class data_T, class res_T, typename CONFIG_T>
void unpack(data_T data[CONFIG_T::n_positions * CONFIG_T::words],
            res_T res[CONFIG_T::n_positions * CONFIG_T::n_chan]) {
    #pragma HLS PIPELINE II=1
    for (unsigned position = 0; position < CONFIG_T::n_positions; position++) {
        #pragma HLS UNROLL
        for (unsigned i = 0; i < CONFIG_T::n_chan; i++) {
            #pragma HLS UNROLL
            const unsigned level = level_at<CONFIG_T>(data + position * CONFIG_T::words, i);
            res[position * CONFIG_T::n_chan + i] = from_code<res_T>(CONFIG_T::value(level));
        }
    }
}

// Packs of the result may hold several positions, or a position may fill several packs.
template <class data_T, class res_T, typename CONFIG_T> void unpack(hls::stream<data_T> &data, hls::stream<res_T> &res) {
    constexpr unsigned step = gcd(CONFIG_T::n_chan, res_T::size);
    data_T words;
    res_T numbers;
    unsigned read = 0, written = 0;
Steps:
    for (unsigned k = 0; k < CONFIG_T::n_positions * CONFIG_T::n_chan / step; k++) {
        #pragma HLS PIPELINE II=1
        if (read == 0)
            words = data.read();
        for (unsigned j = 0; j < step; j++) {
            #pragma HLS UNROLL
            const unsigned level = level_at<CONFIG_T>(words.data, read + j);
            numbers[written + j] = from_code<typename res_T::value_type>(CONFIG_T::value(level));
        }
        read = read + step == CONFIG_T::n_chan ? 0 : read + step;
        written = written + step == res_T::size ? 0 : written + step;
        if (written == 0)
            res.write(numbers);
    }
}

} // namespace accelgen

#endif
