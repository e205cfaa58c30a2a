#ifndef ACCELGEN_FINISH_H_
#define ACCELGEN_FINISH_H_

#include "accelgen_popcount.h"

namespace accelgen {

// What becomes of the exact sums of a layer's rows. A config gives
//   n_out              rows
//   sum_t              the sums' type
//   n_levels           thresholds of a row
//   threshold(i)       the constants of the i-th row follow one another, ascending
// for packed results
//   out_planes         bits of a level
//   out_lanes          elements of a word
// for levels that travel on as numbers
//   value(n)           raw bits of the result at level n
// and for scaled sums
//   scale(), offset(i) raw bits of an exact_t: scale * sum + offset of the i-th row
// ``outcome`` is what ``of`` makes of a sum, ``collect`` makes the result of all outcomes.

// The thresholds that a sum reaches: all compared at once, and counted.
template <class CONFIG_T> ap_uint<bits_of(CONFIG_T::n_levels)> level_of(const typename CONFIG_T::sum_t &sum, unsigned i) {
    #pragma HLS INLINE
    ap_uint<CONFIG_T::n_levels> reached = 0;
    for (unsigned k = 0; k < CONFIG_T::n_levels; k++) {
        #pragma HLS UNROLL
        reached[k] = sum >= CONFIG_T::threshold(i * CONFIG_T::n_levels + k);
    }
    return popcount(reached);
}

// Levels of n channels as words, plane by plane; lanes past the last channel are 0.
template <unsigned n, unsigned planes, unsigned lanes, class word_T>
void collect_levels(const ap_uint<planes> levels[n], word_T *words) {
    #pragma HLS INLINE
    for (unsigned k = 0; k < (n + lanes - 1) / lanes; k++) {
        #pragma HLS UNROLL
        word_T word = 0;
        for (unsigned lane = 0; lane < lanes && k * lanes + lane < n; lane++) {
            #pragma HLS UNROLL
            for (unsigned plane = 0; plane < planes; plane++) {
                #pragma HLS UNROLL
                word[plane * lanes + lane] = levels[k * lanes + lane][plane];
            }
        }
        words[k] = word;
    }
}

template <class CONFIG_T> struct to_words {
    template <class T> using outcome = ap_uint<CONFIG_T::out_planes>;

    template <class T> static outcome<T> of(const typename CONFIG_T::sum_t &sum, unsigned i) {
        #pragma HLS INLINE
        return level_of<CONFIG_T>(sum, i);
    }

    template <class T> static void collect(const outcome<T> levels[CONFIG_T::n_out], T *words) {
        #pragma HLS INLINE
        collect_levels<CONFIG_T::n_out, CONFIG_T::out_planes, CONFIG_T::out_lanes>(levels, words);
    }
};

template <class CONFIG_T> struct to_numbers {
    template <class T> using outcome = T;

    template <class T> static void collect(const T outcomes[CONFIG_T::n_out], T *numbers) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < CONFIG_T::n_out; i++) {
            #pragma HLS UNROLL
            numbers[i] = outcomes[i];
        }
    }
};

template <class CONFIG_T> struct to_values : to_numbers<CONFIG_T> {
    template <class T> static T of(const typename CONFIG_T::sum_t &sum, unsigned i) {
        #pragma HLS INLINE
        return from_code<T>(CONFIG_T::value((unsigned)level_of<CONFIG_T>(sum, i)));
    }
};

template <class CONFIG_T> struct to_scaled : to_numbers<CONFIG_T> {
    template <class T> static T of(const typename CONFIG_T::sum_t &sum, unsigned i) {
        #pragma HLS INLINE
        const ap_int<CONFIG_T::exact_t::width> code = sum * CONFIG_T::scale() + CONFIG_T::offset(i);
        return from_code<typename CONFIG_T::exact_t>(code);
    }
};

} // namespace accelgen

#endif
