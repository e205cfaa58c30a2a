#ifndef ACCELGEN_ROWS_H_
#define ACCELGEN_ROWS_H_

#include "accelgen_popcount.h"

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

// x[inputs[0]] + ... of the first n_plus inputs, less x[...] of the n_minus others.
//
// For bits it counts the ones among the first and the zeros among the others, which are n_minus too many.
template <class T, unsigned n_plus, unsigned n_minus, unsigned N>
T signed_sum(const bool (&x)[N], const unsigned short (&inputs)[n_plus + n_minus]) {
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

template <class T, unsigned n_plus, unsigned n_minus, class X, unsigned N>
T signed_sum(const X (&x)[N], const unsigned short (&inputs)[n_plus + n_minus]) {
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

} // namespace accelgen

#endif
