#ifndef ACCELGEN_ROWS_H_
#define ACCELGEN_ROWS_H_

#include "accelgen_popcount.h"

// For functions of thousands of sums, each written out: g++ takes seconds to compile them as they are, minutes to
// optimize them.
#if defined(__GNUC__) && !defined(__clang__) && !defined(__SYNTHESIS__)
#define ACCELGEN_AS_WRITTEN __attribute__((optimize("O0")))
#else
#define ACCELGEN_AS_WRITTEN
#endif

namespace accelgen {

// Exact sums of N terms: adders as a balanced tree.
template <class T, unsigned N> T total(const T (&terms)[N]) {
    #pragma HLS INLINE
#ifdef ACCELGEN_HARDWARE
    return tree<sum<T>, T, N>::reduce(terms);
#else
    T result = 0;
    for (unsigned i = 0; i < N; i++)
        result += terms[i];
    return result;
#endif
}

// What simulation adds numbers of type T in.
template <class T> struct accumulator {
    typedef integer<T::width> type;
};
template <> struct accumulator<long long> {
    typedef long long type;
};

// Signed sums of inputs that are numbers: a tree of adders.
template <class X> struct inputs_of {
    template <class T, unsigned n_plus, unsigned n_minus>
    static T sum(const X *x, const unsigned short (&inputs)[n_plus + n_minus]) {
        #pragma HLS INLINE
#ifdef ACCELGEN_HARDWARE
        T terms[n_plus + n_minus];
        #pragma HLS ARRAY_PARTITION variable=terms complete
        for (unsigned i = 0; i < n_plus + n_minus; i++) {
            #pragma HLS UNROLL
            terms[i] = i < n_plus ? T(x[inputs[i]]) : T(-x[inputs[i]]);
        }
        return total(terms);
#else
        typename accumulator<T>::type sum = 0;
        for (unsigned i = 0; i < n_plus; i++)
            sum += x[inputs[i]];
        for (unsigned i = n_plus; i < n_plus + n_minus; i++)
            sum -= x[inputs[i]];
        return sum;
#endif
    }
};

// Signed sums of bits: the ones among the added and the zeros among the subtracted, which are n_minus too many.
template <> struct inputs_of<bool> {
    template <class T, unsigned n_plus, unsigned n_minus>
    static T sum(const bool *x, const unsigned short (&inputs)[n_plus + n_minus]) {
        #pragma HLS INLINE
#ifdef ACCELGEN_HARDWARE
        ap_uint<n_plus + n_minus> chosen = 0;
        for (unsigned i = 0; i < n_plus + n_minus; i++) {
            #pragma HLS UNROLL
            chosen[i] = x[inputs[i]] ^ (i >= n_plus);
        }
        const ap_int<bits_of(n_plus + n_minus) + 1> count = popcount(chosen);
        return count - int(n_minus);
#else
        int count = 0;
        for (unsigned i = 0; i < n_plus; i++)
            count += x[inputs[i]];
        for (unsigned i = n_plus; i < n_plus + n_minus; i++)
            count -= x[inputs[i]];
        return count;
#endif
    }
};

// x[inputs[0]] + ... of the first n_plus inputs, less x[...] of the n_minus others.
template <class T, unsigned n_plus, unsigned n_minus, class X, unsigned N>
T signed_sum(const X (&x)[N], const unsigned short (&inputs)[n_plus + n_minus]) {
    #pragma HLS INLINE
    return inputs_of<X>::template sum<T, n_plus, n_minus>(x, inputs);
}

// terms[0] + ... of the first n_plus terms, less the n_minus others, each of ``bits`` bits with its sign, if any:
// the ones in every bit position counted, as carry-save adders would. Where a term is subtracted its zeros count,
// as many too many as there are such terms.
template <class T, int bits, bool is_signed, unsigned n_plus, unsigned n_minus, class term_T>
T narrow_sum(const term_T (&terms)[n_plus + n_minus]) {
    #pragma HLS INLINE
#ifdef ACCELGEN_HARDWARE
    const ap_int<bits + 1 + bits_of(n_minus)> all_ones = is_signed ? -1 : (1 << bits) - 1;
    T result = -all_ones * int(n_minus);
    for (int bit = 0; bit < bits; bit++) {
        #pragma HLS UNROLL
        ap_uint<n_plus + n_minus> column = 0;
        for (unsigned i = 0; i < n_plus + n_minus; i++) {
            #pragma HLS UNROLL
            column[i] = terms[i][bit] ^ (i >= n_plus);
        }
        const T ones = popcount(column);
        result += is_signed && bit == bits - 1 ? T(-(ones << bit)) : T(ones << bit);
    }
    return result;
#else
    T result = 0;
    for (unsigned i = 0; i < n_plus; i++)
        result += terms[i];
    for (unsigned i = n_plus; i < n_plus + n_minus; i++)
        result -= terms[i];
    return result;
#endif
}

} // namespace accelgen

#endif
