#ifndef ACCELGEN_PACKED_H_
#define ACCELGEN_PACKED_H_

#include "accelgen_finish.h"
#include "accelgen_rows.h"

namespace accelgen {

// Products with constant matrices of few bits, n_in x n_out, unrolled or folded: n_lanes rows by chunk inputs at
// once. A window is what one position of the result reads: n_window words of levels, or numbers. A config gives
//   n_in, n_out, n_window, n_lanes, chunk
//   sum_t                 holds every sum of a row, or what XNOR counts for it
//   product<CONFIG_T>     xnor, plane_rows, number_rows or multiply_add, with what these ask for
//   finish<CONFIG_T>      of accelgen_finish.h
//   n_classes             kinds of positions, which differ in their thresholds or offsets
// and for packed inputs
//   in_channels, in_words, in_lanes, in_planes
// words of a position, elements of a word, bits of a level; bit plane p of a word is its p-th in_lanes bits.
//
// A product has a ``view_t`` of its window, made by ``view``; for unrolled layers ``rows`` gives all sums, for
// folded ones ``part`` what a chunk adds to a sum.

// Bit p of the i-th input of a window.
template <class CONFIG_T, class word_T> bool plane_bit(const word_T *window, unsigned p, unsigned i) {
    #pragma HLS INLINE
    const unsigned position = i / CONFIG_T::in_channels;
    const unsigned channel = i % CONFIG_T::in_channels;
    const word_T &word = window[position * CONFIG_T::in_words + channel / CONFIG_T::in_lanes];
    return word[p * CONFIG_T::in_lanes + channel % CONFIG_T::in_lanes];
}

// Weights of -1 and 1: their words are set where they are negative.
template <class CONFIG_T> struct bipolar_digits {
    static const unsigned n_planes = 1;

    static typename CONFIG_T::sum_t count(const ap_uint<CONFIG_T::chunk> &x, unsigned i, unsigned) {
        #pragma HLS INLINE
        return popcount_differing<CONFIG_T::chunk>(x, CONFIG_T::weights(i, 0));
    }
};

// Weights with sign and magnitude: a word that is set where they are negative, one for each digit of magnitude.
template <class CONFIG_T> struct signed_digits {
    static const unsigned n_planes = CONFIG_T::weight_planes;

    static typename CONFIG_T::sum_t count(const ap_uint<CONFIG_T::chunk> &x, unsigned i, unsigned plane) {
        #pragma HLS INLINE
        return popcount_differing<CONFIG_T::chunk>(x, CONFIG_T::weights(i, 0), CONFIG_T::weights(i, 1 + plane));
    }
};

// XNOR and popcount: bit planes of the inputs against words of constant weights. Counted are the ones where a
// weight is positive and the zeros where it is negative, more than the sum by the negative weights, for which
// thresholds and offsets allow. A config gives
//   n_chunks              chunks of a window
//   whole_words           whether a chunk is a plane of a word
//   digits<CONFIG_T>      bipolar_digits, or signed_digits with weight_planes digits
//   weights(i, word)      of lane i % n_lanes in the (i / n_lanes)-th step
template <class CONFIG_T> struct xnor {
    typedef ap_uint<CONFIG_T::chunk> view_t[CONFIG_T::in_planes][CONFIG_T::n_chunks];
    typedef typename CONFIG_T::sum_t sum_t;

    template <class word_T> static void view(const word_T *window, view_t &x) {
        #pragma HLS INLINE
        for (unsigned p = 0; p < CONFIG_T::in_planes; p++) {
            #pragma HLS UNROLL
            for (unsigned k = 0; k < CONFIG_T::n_chunks; k++) {
                #pragma HLS UNROLL
                ap_uint<CONFIG_T::chunk> bits = 0;
                if (CONFIG_T::whole_words) {
                    bits = window[k] >> (p * CONFIG_T::in_lanes);
                } else {
                    for (unsigned j = 0; j < CONFIG_T::chunk && k * CONFIG_T::chunk + j < CONFIG_T::n_in; j++) {
                        #pragma HLS UNROLL
                        bits[j] = plane_bit<CONFIG_T>(window, p, k * CONFIG_T::chunk + j);
                    }
                }
                x[p][k] = bits;
            }
        }
    }

    static sum_t part(const view_t &x, unsigned k, unsigned i) {
        #pragma HLS INLINE
        typedef typename CONFIG_T::template digits<CONFIG_T> digits;
        sum_t sum = 0;
        for (unsigned q = 0; q < digits::n_planes; q++) {
            #pragma HLS UNROLL
            for (unsigned p = 0; p < CONFIG_T::in_planes; p++) {
                #pragma HLS UNROLL
                sum += digits::count(x[p][k], i, q) << (p + q);
            }
        }
        return sum;
    }

    static void rows(const view_t &x, sum_t *sums) {
        #pragma HLS INLINE
        for (unsigned row = 0; row < CONFIG_T::n_out; row++) {
            #pragma HLS UNROLL
            sum_t parts[CONFIG_T::n_chunks];
            #pragma HLS ARRAY_PARTITION variable=parts complete
            for (unsigned k = 0; k < CONFIG_T::n_chunks; k++) {
                #pragma HLS UNROLL
                parts[k] = part(x, k, k * CONFIG_T::n_out + row);
            }
            sums[row] = total(parts);
        }
    }
};

// Rows computed from each other, for one bit plane of the inputs after the other. A config gives
//   rows(x, y)            y[row] = the sum of bits that the row is, of the bits x[n_in]
//   count_t               holds each of them
template <class CONFIG_T> struct plane_rows {
    typedef bool view_t[CONFIG_T::in_planes][CONFIG_T::n_in];
    typedef typename CONFIG_T::sum_t sum_t;

    template <class word_T> static void view(const word_T *window, view_t &x) {
        #pragma HLS INLINE
        for (unsigned p = 0; p < CONFIG_T::in_planes; p++) {
            #pragma HLS UNROLL
            for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
                #pragma HLS UNROLL
                x[p][i] = plane_bit<CONFIG_T>(window, p, i);
            }
        }
    }

    static void rows(const view_t &x, sum_t *sums) {
        #pragma HLS INLINE
        for (unsigned p = 0; p < CONFIG_T::in_planes; p++) {
            #pragma HLS UNROLL
            typename CONFIG_T::count_t counts[CONFIG_T::n_out];
            #pragma HLS ARRAY_PARTITION variable=counts complete
            CONFIG_T::rows(x[p], counts);
            for (unsigned row = 0; row < CONFIG_T::n_out; row++) {
                #pragma HLS UNROLL
                const sum_t weighted = sum_t(counts[row]) << p;
                sums[row] = p == 0 ? weighted : sum_t(sums[row] + weighted);
            }
        }
    }
};

// Numbers, as integers of in_bits bits.
template <class CONFIG_T> struct number_view {
    typedef integer<CONFIG_T::in_bits> view_t[CONFIG_T::n_in];

    template <class data_T> static void view(const data_T *window, view_t &x) {
        #pragma HLS INLINE
        for (unsigned i = 0; i < CONFIG_T::n_in; i++) {
            #pragma HLS UNROLL
            set_code(x[i], window[i]);
        }
    }
};

// Rows of signed adds, computed from each other. A config gives
//   rows(x, y)            y[row] = the sum that the row is, of the numbers x[n_in]
template <class CONFIG_T> struct number_rows : number_view<CONFIG_T> {
    static void rows(const typename number_view<CONFIG_T>::view_t &x, typename CONFIG_T::sum_t *sums) {
        #pragma HLS INLINE
        CONFIG_T::rows(x, sums);
    }
};

// Numbers times weights of few bits, which take no multipliers. A config gives
//   weight(i, j)          of input j of a chunk, for lane i % n_lanes in the (i / n_lanes)-th step
template <class CONFIG_T> struct multiply_add : number_view<CONFIG_T> {
    typedef typename CONFIG_T::sum_t sum_t;

    static sum_t part(const typename number_view<CONFIG_T>::view_t &x, unsigned k, unsigned i) {
        #pragma HLS INLINE
        typedef integer<sum_t::width> T;
        T products[CONFIG_T::chunk];
        #pragma HLS ARRAY_PARTITION variable=products complete
        for (unsigned j = 0; j < CONFIG_T::chunk; j++) {
            #pragma HLS UNROLL
            const T product = x[k * CONFIG_T::chunk + j] * CONFIG_T::weight(i, j);
            #pragma HLS BIND_OP variable=product op=mul impl=fabric
            products[j] = product;
        }
        return total(products);
    }
};

// The result of one window, all rows at once.
template <class data_T, class res_T, typename CONFIG_T>
void unrolled(const data_T *window, unsigned position_class, res_T *result) {
    #pragma HLS INLINE
    typedef typename CONFIG_T::template product<CONFIG_T> product;
    typedef typename CONFIG_T::template finish<CONFIG_T> finish;

    typename product::view_t x;
    #pragma HLS ARRAY_PARTITION variable=x complete dim=0
    typename CONFIG_T::sum_t sums[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=sums complete
    typename finish::template outcome<res_T> outcomes[CONFIG_T::n_out];
    #pragma HLS ARRAY_PARTITION variable=outcomes complete

    product::view(window, x);
    product::rows(x, sums);
    for (unsigned row = 0; row < CONFIG_T::n_out; row++) {
        #pragma HLS UNROLL
        outcomes[row] = finish::template of<res_T>(sums[row], position_class * CONFIG_T::n_out + row);
    }
    finish::collect(outcomes, result);
}

// A folded product between its steps: each adds a chunk of inputs to the sums of n_lanes rows.
template <class res_T, typename CONFIG_T> struct folded {
    typedef typename CONFIG_T::template product<CONFIG_T> product;
    typedef typename CONFIG_T::template finish<CONFIG_T> finish;
    typedef typename CONFIG_T::sum_t sum_t;
    typedef typename finish::template outcome<res_T> outcome_t;
    static const unsigned n_parts = CONFIG_T::n_in / CONFIG_T::chunk;
    static const unsigned n_groups = CONFIG_T::n_out / CONFIG_T::n_lanes;
    static const unsigned n_steps = n_groups * n_parts;

    static void step(const typename product::view_t &x, unsigned group, unsigned part, unsigned position_class,
                     sum_t *sums, outcome_t *outcomes) {
        #pragma HLS INLINE
    Lanes:
        for (unsigned lane = 0; lane < CONFIG_T::n_lanes; lane++) {
            #pragma HLS UNROLL
            const sum_t before = part == 0 ? sum_t(0) : sums[lane];
            const sum_t sum = before + product::part(x, part, (group * n_parts + part) * CONFIG_T::n_lanes + lane);
            sums[lane] = sum;
            if (part == n_parts - 1) {
                const unsigned constants = (group * CONFIG_T::n_classes + position_class) * CONFIG_T::n_lanes + lane;
                outcomes[group * CONFIG_T::n_lanes + lane] = finish::template of<res_T>(sum, constants);
            }
        }
    }
};

} // namespace accelgen

#endif
