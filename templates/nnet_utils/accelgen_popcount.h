#ifndef ACCELGEN_POPCOUNT_H_
#define ACCELGEN_POPCOUNT_H_

#include "accelgen_bits.h"

namespace accelgen {

// The set bits of a word, by carry-save addition: full adders take the three thirds of the word at once, which
// leaves a third of sums and a third of carries, each counted in the same way. The depth is logarithmic, and
// nothing waits for a running total.
template <int N> struct compressor {
    static ap_uint<bits_of(N)> count(const ap_uint<N> &x) {
        #pragma HLS INLINE
        constexpr int third = N / 3;
        constexpr int rest = N % 3;
        const ap_uint<third> a = x.range(third - 1, 0);
        const ap_uint<third> b = x.range(2 * third - 1, third);
        const ap_uint<third> c = x.range(3 * third - 1, 2 * third);
        const ap_uint<third> differ = a ^ b;
        const ap_uint<third> sums = differ ^ c;
        const ap_uint<third> carries = (a & b) | (differ & c);
        ap_uint<third + rest> ones = x >> (3 * third);
        ones = (ones << third) | sums;
        const ap_uint<bits_of(N)> twos = compressor<third>::count(carries);
        return (twos << 1) + compressor<third + rest>::count(ones);
    }
};

template <> struct compressor<1> {
    static ap_uint<1> count(const ap_uint<1> &x) {
        #pragma HLS INLINE
        return x;
    }
};

template <> struct compressor<2> {
    static ap_uint<2> count(const ap_uint<2> &x) {
        #pragma HLS INLINE
        ap_uint<2> total;
        total[0] = x[0] ^ x[1];
        total[1] = x[0] & x[1];
        return total;
    }
};

// Three functions count: the set bits of x, those of x that differ from ``flip``, and of these the ones in ``mask``.
#ifdef ACCELGEN_HARDWARE
template <int N> ap_uint<bits_of(N)> popcount(const ap_uint<N> &x) {
    #pragma HLS INLINE
    return compressor<N>::count(x);
}

template <int N> ap_uint<bits_of(N)> popcount_differing(const ap_uint<N> &x, const constant_word<N> &flip) {
    #pragma HLS INLINE
    return compressor<N>::count(x ^ flip);
}

template <int N>
ap_uint<bits_of(N)> popcount_differing(const ap_uint<N> &x, const constant_word<N> &flip, const constant_word<N> &mask) {
    #pragma HLS INLINE
    return compressor<N>::count((x ^ flip) & mask);
}
#else
template <int N> unsigned popcount(const ap_uint<N> &x) {
    unsigned total = 0;
    for (unsigned k = 0; k < pieces_of(N); k++)
        total += __builtin_popcountll(x.V.get_pVal(k));
    return total;
}

template <int N> unsigned popcount_differing(const ap_uint<N> &x, const constant_word<N> &flip) {
    unsigned total = 0;
    for (unsigned k = 0; k < pieces_of(N); k++)
        total += __builtin_popcountll(x.V.get_pVal(k) ^ flip.pieces[k]);
    return total;
}

template <int N>
unsigned popcount_differing(const ap_uint<N> &x, const constant_word<N> &flip, const constant_word<N> &mask) {
    unsigned total = 0;
    for (unsigned k = 0; k < pieces_of(N); k++)
        total += __builtin_popcountll((x.V.get_pVal(k) ^ flip.pieces[k]) & mask.pieces[k]);
    return total;
}
#endif

} // namespace accelgen

#endif
