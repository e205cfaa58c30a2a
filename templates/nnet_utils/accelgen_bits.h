#ifndef ACCELGEN_BITS_H_
#define ACCELGEN_BITS_H_

#include "accelgen_common.h"

// Simulation takes shortcuts through the compiler's own integers where ap_int would be slow. A test of what
// hardware computes defines ACCELGEN_HARDWARE.
#if defined(__SYNTHESIS__) && !defined(ACCELGEN_HARDWARE)
#define ACCELGEN_HARDWARE
#endif

namespace accelgen {

// Bits of an unsigned number up to n.
constexpr unsigned bits_of(unsigned n) { return n < 2 ? 1 : 1 + bits_of(n / 2); }

// An exact number of W bits, sign included.
template <bool simulated, int W> struct integer_of { typedef ap_int<W> type; };
template <int W> struct integer_of<true, W> { typedef long long type; };
#ifdef ACCELGEN_HARDWARE
template <int W> using integer = ap_int<W>;
#else
template <int W> using integer = typename integer_of<(W <= 62), W>::type;
#endif

// target = the raw bits of x as an integer.
template <class T> void set_code(long long &target, const T &x) { target = x.V.to_int64(); }

template <int W, class T> void set_code(ap_int<W> &target, const T &x) {
    #pragma HLS INLINE
    target = code_of(x);
}

// A word of N constant bits is written as pieces of 64, the lowest first.
constexpr unsigned pieces_of(unsigned n) { return (n + 63) / 64; }

#ifdef __SYNTHESIS__
template <unsigned N> using piece = ap_uint<(N < 64 ? N : 64)>;
#else
template <unsigned N> using piece = unsigned long long;
#endif

#ifdef ACCELGEN_HARDWARE
template <unsigned N> using constant_word = ap_uint<N>;

// The i-th word of a row of pieces.
template <unsigned N, unsigned M> constant_word<N> word_at(const piece<N> (&pieces)[M], unsigned i) {
    #pragma HLS INLINE
    ap_uint<N> word = 0;
    for (unsigned k = 0; k < pieces_of(N); k++) {
        #pragma HLS UNROLL
        const ap_uint<N> shifted = pieces[i * pieces_of(N) + k];
        word |= ap_uint<N>(shifted << (64 * k));
    }
    return word;
}
#else
template <unsigned N> struct constant_word {
    const unsigned long long *pieces;
};

template <unsigned N, unsigned M> constant_word<N> word_at(const piece<N> (&pieces)[M], unsigned i) {
    return constant_word<N>{pieces + i * pieces_of(N)};
}
#endif

} // namespace accelgen

#endif
